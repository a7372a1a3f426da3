package import FileSystemAccess

/// How much the queue may take, and where.
package struct QueueSettings: Sendable {
    /// Memory for records and payload; a new journal is made with it.
    package var memoryBytes = 128 << 20
    /// Where segments are written; nil: there is no disk queue.
    package var folder: BytePath?
    /// A segment gets no more records when it would grow beyond this; one record is never split.
    package var segmentBytes = 5 << 20
    /// All segments together; nil: unlimited, 0: no disk queue.
    package var diskBytesMax: Int64?
    /// What must stay free on the file system of the folder, bytes.
    package var freeBytesFloor: Int64 = 50 << 20
    /// From which usage of the disk queue on `QueueCounters.isAlerting` is true.
    package var alertPercent = 50
    /// Where dirty indexes lie. Best in memory (tmpfs): then making marks never waits for a disk.
    package var marksFolder: BytePath
    /// Entries of one dirty index, 64 bytes each; a power of two. Beyond it the index is
    /// overflowed.
    package var markEntriesMax = 1 << 20

    package init(folder: BytePath?, marksFolder: BytePath) {
        self.folder = folder
        self.marksFolder = marksFolder
    }

    /// Share of the ring, percent, above which the oldest records are written to the disk, and at
    /// which the slowest follower is put out.
    static let spillPercent: UInt64 = 50
    static let putOutPercent: UInt64 = 85
}

/// What the queue holds and has done. Counted, not guessed.
package struct QueueCounters: Hashable, Sendable {
    // The ring.
    package var ringBytes: Int64 = 0
    package var ringBytesMax: Int64 = 0
    package var ringRecords: Int64 = 0
    package var ringRecordsMax: Int64 = 0
    /// Usage of the ring, the larger of bytes and records, percent.
    package var ringPercent = 0

    // The disk.
    package var diskBytes: Int64 = 0
    /// What the disk queue may grow to now: the limit, or what is free above the floor; nil: no
    /// disk queue.
    package var diskBytesMax: Int64?
    package var segmentCount = 0
    /// Whether the disk queue is used beyond the alert percentage.
    package var isAlerting = false
    /// Since when nothing can be written to the disk queue, and why.
    package var refusal: PutOutReason = .none
    package var lastError: Errno?
    package var writeFailures: UInt64 = 0

    // Ever, by this keeper.
    package var recordsSpilled: UInt64 = 0
    package var bytesSpilled: UInt64 = 0
    package var segmentsRemoved: UInt64 = 0
    package var segmentsLost: UInt64 = 0
    package var recordsMarked: UInt64 = 0
    package var putOuts: UInt64 = 0

    package init() {}
}
