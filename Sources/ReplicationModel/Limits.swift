/// Every bound of the data plane, with its sum. Full is an answer, never growth.
package enum Limits {
    /// The largest FUSE write that the capture negotiates, and so the largest payload of a `write`.
    package static let writeBytesMax = 1 << 20
    /// A payload of any kind: a write, or a name change with its extended attributes (64 KiB a
    /// value, ext4 and XFS keep at most 64 KiB of names).
    package static let payloadBytesMax = writeBytesMax + 64 * 1024
    /// Memory of the journal, the manual's default: records and payload together.
    package static let journalBytesDefault = 128 << 20
    /// Connections that can follow one journal.
    package static let cursorCountMax = 64
    /// The body of a batch: payload and 64 bytes for each record.
    package static let batchBytesMax = 4 << 20
    /// Records of a batch.
    package static let batchRecordsMax = 8192
    /// Bytes sent to a target and not yet acknowledged as applied.
    package static let windowBytesMax = 16 << 20
    /// A frame that is no batch (listings, answers).
    package static let messageBytesMax = 4 << 20
    /// A path below a root, bytes.
    package static let pathBytesMax = 4096
    /// Replication sets with a bit in `OperationRecord.membership`.
    package static let membershipBitsMax = 16
}
