internal import ReplicationModel

/// How much of what is not delivered yet may be kept, as it is configured; names and defaults are
/// the manual's (chapter on queuing data).
package struct QueueLimits: Hashable, Sendable {
    /// Bytes of memory.
    package var memoryBytes = Limits.journalBytesDefault
    /// Where segments lie; nil: in the state folder.
    package var folder: String?
    /// Bytes of one segment.
    package var segmentBytes = 5 << 20
    /// Bytes of all segments; nil: as much as the disk has.
    package var diskBytesMax: Int64?
    /// Bytes that must stay free on that disk.
    package var freeBytesFloor: Int64 = 50 << 20
    /// Percent of the disk queue in use at which an alert is shown.
    package var alertPercent = 50
    /// A target that cannot take changes for so long, for want of space or after an I/O error, is
    /// no longer waited for: what it did not take becomes marks.
    package var stuckSeconds = 20

    package init() {}
}
