internal import SessionCore

/// A connection as it stood at one moment; everything in it is counted, nothing guessed.
struct ConnectionSnapshot: Hashable, Sendable {
    var state = TargetState.notReached
    /// All news before this mark are known; see `SourceConnection.setFence`.
    var fence: UInt64 = 0
    /// The connection, or its server, ended.
    var isOver = false
    var isReplicating = false
    /// The target has on its disk all that the source had, up to `durable`.
    var isVouched = false
    /// Whether batches flow.
    var isLinked = false
    /// Nanoseconds of the monotonic clock; nil while batches flow.
    var unlinkedSince: Int64?
    /// Why the last link could not be made or was lost.
    var lastLinkProblem = ""

    // Mirror.
    var isMirroring = false
    /// What runs puts right by itself what may differ.
    var isResync = false
    /// A mirror was cut by a broken link and begins again when the target is reached.
    var isMirrorOwed = false
    /// Why the one that is owed cannot begin; empty where it can, or runs.
    var beginProblem = ""
    /// Mirrors begun since the daemon started.
    var mirrorsStarted = 0
    var mirrorObjectsDone: Int64 = 0
    var mirrorObjectsTotal: Int64 = 0
    var mirrorBytesDone: Int64 = 0
    var mirrorBytesTotal: Int64 = 0
    /// Nanoseconds of the monotonic clock; 0: never.
    var mirrorStarted: Int64 = 0
    /// 0...100; nil where no mirror runs or its size is not known yet.
    var mirrorPercent: Int?
    /// Until the mirror is over at its speed so far; nil where that cannot be said.
    var mirrorSecondsLeft: Int?
    /// Mirrors completed since the daemon started.
    var mirrorsCompleted = 0
    /// Of a resync: objects that may differ; bytes of files that are, and have to be, compared.
    var objectsSuspect: Int64 = 0
    var bytesCompared: Int64 = 0
    var bytesToCompare: Int64 = 0
    /// Of content, by what runs now.
    var bytesSentNow: Int64 = 0
    /// Objects that could not be read, by name.
    var unreadableCount: Int64 = 0

    // Bytes and operations, since the connection was made.
    var mirrorBytesSent: Int64 = 0
    var mirrorBytesInQueue: Int64 = 0
    var replicationBytesSent: Int64 = 0
    var replicationBytesInQueue: Int64 = 0
    var operationsSent: Int64 = 0
    /// Read from the journal and not yet released by the target.
    var operationsInQueue: Int64 = 0

    // What is believed of the time before, and why.
    var continuity = ContinuityReport()
    var continuityText = ""
    /// By mount.
    var captures: [String: CaptureFacts] = [:]
    /// Files of it are open around a capture.
    var isOpenAround: Bool { captures.values.contains { !$0.openAround.isEmpty } }

    // Positions.
    var newest: UInt64 = 0
    var applied: UInt64 = 0
    var durable: UInt64 = 0
    /// When the oldest change that the target has not applied was made, nanoseconds since 1970.
    var oldestUndelivered: Int64?
    var problemCount: UInt64 = 0
    var skippedCount: UInt64 = 0
    var lastTargetProblem = ""
}
