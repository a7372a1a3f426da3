internal import ReplicationModel

/// The 32 bytes before every body, little-endian, in this order.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 4 | magic, `USTF` |
/// | 4 | 2 | version of this header |
/// | 6 | 2 | kind |
/// | 8 | 4 | length of the body |
/// | 12 | 4 | flags, 0 in this version |
/// | 16 | 8 | checksum of the body |
/// | 24 | 4 | connection number |
/// | 28 | 4 | checksum of the 28 bytes before |
@frozen
package struct FrameHeader: BitwiseCopyable, Hashable, Sendable {
    package var magic: UInt32 = Self.magicNumber
    package var version: UInt16 = ProtocolVersion.header
    package var kindNumber: UInt16
    /// Bytes.
    package var bodyLength: UInt32
    package var flags: UInt32 = 0
    /// XXH3-64 of the body.
    package var bodyChecksum: UInt64
    /// Which of the source's connections the frame belongs to; 0 for those about the link itself.
    package var connection: UInt32
    package var headerChecksum: UInt32 = 0

    package static let byteCount = 32
    /// The bytes `USTF`.
    package static let magicNumber: UInt32 = 0x4654_5355

    /// The header of `body`, both checksums computed.
    package init(_ kind: FrameKind, connection: UInt32, body: UnsafeRawBufferPointer) {
        kindNumber = kind.rawValue
        bodyLength = UInt32(body.count)
        bodyChecksum = Checksum.of64(body)
        self.connection = connection
        headerChecksum = ownChecksum
    }

    /// Reads and checks the first 32 of `bytes`: after this the kind is known and the length is one
    /// that the kind may have.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        guard bytes.count >= Self.byteCount else { throw .truncated }
        self = bytes.loadUnaligned(as: FrameHeader.self)
        guard magic == Self.magicNumber else { throw .notAFrame }
        guard headerChecksum == ownChecksum else { throw .headerDamaged }
        guard version == ProtocolVersion.header else { throw .unknownVersion(version) }
        guard let kind = FrameKind(rawValue: kindNumber) else { throw .unknownKind(kindNumber) }
        guard flags == 0 else { throw .badValue(.reserved) }
        guard bodyLength <= kind.bodyBytesMax else {
            throw .tooLong(UInt64(bodyLength), limit: UInt64(kind.bodyBytesMax))
        }
    }

    /// nil only for a header that was not decoded here.
    @inlinable
    package var kind: FrameKind? { FrameKind(rawValue: kindNumber) }

    /// Throws unless `body` is the whole, undamaged body of this frame.
    package func check(_ body: UnsafeRawBufferPointer) throws(WireError) {
        guard body.count == bodyLength else { throw .truncated }
        guard Checksum.of64(body) == bodyChecksum else { throw .bodyDamaged }
    }

    package func write(to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= Self.byteCount)
        bytes.storeBytes(of: self, as: FrameHeader.self)
    }

    private var ownChecksum: UInt32 {
        withUnsafeBytes(of: self) { Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<28])) }
    }
}
