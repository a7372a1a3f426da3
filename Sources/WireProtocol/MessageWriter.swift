package import ReplicationModel

/// Collects a message's fields behind room for the frame's header, so that the whole frame is one
/// array in the end. Numbers are little-endian; texts and byte strings have their length before
/// them; lists have their count.
package struct MessageWriter {
    private var bytes: [UInt8]

    /// Texts for people are cut here, at a scalar's boundary; bytes of UTF-8.
    package static let textBytesMax = 4096

    package init() {
        bytes = []
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: repeatElement(0, count: FrameHeader.byteCount))
    }

    /// Bytes of the body so far.
    package var byteCount: Int { bytes.count - FrameHeader.byteCount }

    package mutating func write<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func write(_ truth: Bool) { bytes.append(truth ? 1 : 0) }

    /// 16 bytes, the halves in order.
    package mutating func write(_ digest: Digest) {
        write(digest.low)
        write(digest.high)
    }

    package mutating func write(_ file: FileID) {
        write(file.inode)
        write(file.generation)
        write(file.mount)
    }

    package mutating func write(_ attributes: ObjectAttributes) {
        withUnsafeBytes(of: attributes) { bytes.append(contentsOf: $0) }
    }

    /// At most 65,535 bytes: the names and paths that a file system has.
    package mutating func write(_ string: [UInt8]) {
        precondition(string.count <= Int(UInt16.max), "a byte string of \(string.count) bytes")
        write(UInt16(string.count))
        bytes.append(contentsOf: string)
    }

    package mutating func write(_ text: String) {
        var kept = text[...]
        if text.utf8.count > Self.textBytesMax {
            kept = Substring(text.unicodeScalars.prefix(Self.textBytesMax / 4))
        }
        write(Array(kept.utf8))
    }

    package mutating func writeCount(_ count: Int) { write(UInt32(count)) }

    /// The whole frame; `tooLong` when the body is longer than its kind allows.
    package consuming func finish(
        _ kind: FrameKind, connection: UInt32
    ) throws(WireError) -> [UInt8] {
        guard byteCount <= kind.bodyBytesMax else {
            throw .tooLong(UInt64(byteCount), limit: UInt64(kind.bodyBytesMax))
        }
        bytes.withUnsafeMutableBytes { frame in
            let body = UnsafeRawBufferPointer(rebasing: frame[FrameHeader.byteCount...])
            FrameHeader(kind, connection: connection, body: body).write(to: frame)
        }
        return bytes
    }
}
