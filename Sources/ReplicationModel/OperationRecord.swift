/// One change, 64 bytes: the same in the journal's memory, in a segment on disk and on the wire.
///
/// All fields are little-endian (the only byte order this project runs on; checked at build time by
/// a test). What does not fit - bytes, names, attribute values - is the record's *payload* and lies
/// beside it; `payloadPlace` says where in the memory, file or frame at hand.
@frozen
package struct OperationRecord: BitwiseCopyable, Hashable, Sendable {
    /// Place in the order of all changes of one server, over all its mounts; counted from 1 in each
    /// incarnation of the journal. Control records carry the sequence of the change before them.
    package var sequence: UInt64 = 0
    /// The object's inode number on the source.
    package var inode: UInt64 = 0
    /// Where in the object, bytes.
    package var offset: Int64 = 0
    /// How many bytes it concerns, or the new size.
    package var length: UInt64 = 0
    /// The object's modification time after the change, nanoseconds since 1970-01-01 UTC.
    package var time: Int64 = 0
    /// See `FileID.generation`.
    package var generation: UInt32 = 0
    /// Where the payload starts; its unit is 8 bytes.
    package var payloadPlace: UInt32 = 0
    /// Bytes of payload.
    package var payloadLength: UInt32 = 0
    /// Of the payload: `Checksum.of`.
    package var checksum: UInt32 = 0
    /// See `FileID.mount`.
    package var mount: UInt8 = 0
    /// An `OperationKind`.
    package var kindNumber: UInt8 = 0
    /// Depends on the kind.
    package var flags: UInt8 = 0
    /// The server the change was first made on; 0: the one that captured it.
    package var origin: UInt8 = 0
    /// One bit for each replication set that the object belonged to when the change was made.
    package var membership: UInt16 = 0
    /// The generation of the source's role that the change was made in.
    package var epoch: UInt16 = 0

    package init() {}

    @inlinable
    package init(_ kind: OperationKind, _ file: FileID) {
        kindNumber = kind.rawValue
        self.file = file
    }

    /// nil for a number that this version does not know.
    @inlinable
    package var kind: OperationKind? { OperationKind(rawValue: kindNumber) }

    @inlinable
    package var file: FileID {
        get { FileID(inode: inode, generation: generation, mount: UInt32(mount)) }
        set {
            inode = newValue.inode
            generation = newValue.generation
            mount = UInt8(truncatingIfNeeded: newValue.mount)
        }
    }

    /// Bytes of a record everywhere.
    package static let byteCount = 64
}
