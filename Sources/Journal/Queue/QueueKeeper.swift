internal import CPosix
package import FileSystemAccess
package import ReplicationModel
internal import Synchronization

/// Keeps the queue within its limits: moves the oldest records from the ring to segments on the
/// disk, and makes marks of the records of whoever is put out. Never waits for an application, nor
/// lets one wait.
///
/// Two threads: one watches the ring, decides and makes marks of records in the ring, and never
/// touches the queue's disk; the other writes, reads and removes segments and may wait for the
/// disk. `step` does the work of both, for a simulation in one thread.
package final class QueueKeeper: Sendable {
    package let memory: JournalMemory
    package let settings: QueueSettings
    let store: SegmentStore?
    let connections = Mutex<[UInt32: KeptMarks]>([:])
    let counted = Mutex(QueueCounters())
    /// Of the disk's thread; `step` takes its place.
    let disk = Mutex(DiskState())
    private let threads = KeeperThreads()

    struct DiskState: ~Copyable {
        var chunk = ChunkBuffer()
        /// Monotonic; no attempt to write before.
        var pausedUntil: Int64 = 0
        var alert = DiskUsage()
    }

    /// Takes up the segments that lie in the folder, as far as the journal needs them. Without a
    /// usable folder there is no disk queue; `counters` tells why.
    package init(memory: JournalMemory, settings: QueueSettings) {
        self.memory = memory
        self.settings = settings
        var store: SegmentStore?
        var failure: Errno?
        if let folder = settings.folder {
            let (needed, through) = memory.segmentsNeeded()
            do throws(Errno) {
                store = try SegmentStore(
                    folder: folder, journalID: memory.journalID, released: needed,
                    through: through)
            } catch { failure = error }
        }
        self.store = store
        memory.segments = store
        counted.withLock { counters in
            counters.lastError = failure
            counters.ringBytesMax = Int64(memory.payloadCapacity)
            counters.ringRecordsMax = Int64(memory.recordCapacity)
        }
        forgetCleanStop()
        _ = arm()
    }

    /// A journal that is in use has not ended.
    private func forgetCleanStop() {
        guard let folder = try? DirectoryTree.open(settings.folder ?? settings.marksFolder) else {
            return
        }
        defer { SystemCall.close(folder) }
        do throws(Errno) { try CleanMarker.remove(folder) } catch {
            counted.withLock { $0.lastError = error }
        }
    }

    // MARK: Connections

    /// Keeps marks for a connection from now on; takes up those it had. A resync that had taken
    /// marks and was not finished gives them back.
    ///
    /// - Parameter membershipBit: of the connection's replication set.
    package func attach(connection: UInt32, membershipBit: UInt16) throws(Errno) {
        var index = try DirtyIndex.open(
            folder: settings.marksFolder, connection: connection, journalID: memory.journalID,
            entriesMax: settings.markEntriesMax,
            sealedFolder: settings.folder ?? settings.marksFolder)
        try index.giveBack()
        if memory.mustHaveMarks(connection), index.isNew { index.setIncomplete() }
        let kept = KeptMarks(index, bit: membershipBit)
        connections.withLock { $0[connection] = kept }
        memory.wakeKeeper()
    }

    /// Forgets a connection and its marks: it ended, or a mirror of everything begins.
    package func forget(connection: UInt32) {
        connections.withLock { _ = $0.removeValue(forKey: connection) }
        DirtyIndex.forget(folder: settings.marksFolder, connection: connection)
    }

    func kept(_ connection: UInt32) -> KeptMarks? { connections.withLock { $0[connection] } }

    /// Drops what is queued for a connection: it becomes marks, and so does what comes, until
    /// `take`. Does nothing when it is put out already.
    package func putOut(connection: UInt32, _ reason: PutOutReason) {
        memory.lock()
        let isDone: Bool
        if let slot = memory.slot(of: connection),
            memory.follower(slot).pointee.state == FollowerSlot.following
        {
            memory.startMarking(slot, reason, isIncomplete: false)
            isDone = true
        } else {
            isDone = false
        }
        memory.unlock()
        if isDone { counted.withLock { $0.putOuts += 1 } }
        memory.wakeKeeper()
        wakeDisk()
    }

    /// Marks something besides the records, such as an object that the target could not take.
    package func mark(connection: UInt32, _ file: FileID, _ kinds: DirtyKinds) {
        kept(connection)?.withIndex { index in
            index.mark(file, kinds.subtracting([.data, .wholeData]))
            if !kinds.isDisjoint(with: [.data, .wholeData]) {
                index.markData(file, from: 0)
            }
        }
        memory.setHasMarks(connection, true)
    }

    /// Hands a connection's marks to a resync and lets its follower go on behind them: everything
    /// up to `position` is in the marks (or was released), everything later comes by the stream.
    /// Makes what marks are still missing first, so it may wait for the queue's disk.
    ///
    /// - Parameter follower: of the thread that calls; when not put out it stays where it is.
    package func take(_ follower: JournalFollower) throws(Errno) -> TakenMarks {
        guard let kept = kept(follower.connection) else { throw .noSuchFile }
        // From here on the follower's state alone does not say any more that marks exist.
        if follower.isPutOut { memory.setHasMarks(follower.connection, true) }
        repeat {
            takeUpLost()
            while markBacklog(follower.slot, kept) {}
        } while !goOn(follower, kept)
        return try kept.withIndex { (index) throws(Errno) in
            TakenMarks(marks: try index.take(), position: follower.position)
        }
    }

    /// The follower goes on behind what became marks; false when it was given up meanwhile.
    private func goOn(_ follower: JournalFollower, _ kept: KeptMarks) -> Bool {
        kept.withIndex { index in
            while markRing(follower.slot, &index, bit: kept.bit) > ChunkHead.recordsMax {}
            memory.lock()
            defer { memory.unlock() }
            let slot = memory.follower(follower.slot)
            switch slot.pointee.state {
            case FollowerSlot.marking:
                guard cposix_load64(releasedPlace(slot)) >= slot.pointee.backlogThrough else {
                    return false
                }
                if slot.pointee.flags & FollowerSlot.incomplete != 0 {
                    index.setIncomplete()
                }
                slot.pointee.flags &= ~FollowerSlot.incomplete
                let position = slot.pointee.markedThrough
                cposix_store64(releasedPlace(slot), position)
                memory.setState(slot, FollowerSlot.following)
                follower.restart(at: position)
                return true
            case FollowerSlot.following: return true
            default: return false
            }
        }
    }

    /// The resync that took marks has come to its end, durably at the target.
    package func finish(connection: UInt32) {
        guard let kept = kept(connection) else { return }
        let isEmpty = kept.withIndex { index in
            index.finish()
            return index.isEmpty
        }
        if isEmpty { memory.setHasMarks(connection, false) }
    }

    /// The resync that took marks did not come to its end: they are suspect again.
    package func giveBack(connection: UInt32) throws(Errno) {
        try kept(connection)?.withIndex { (index) throws(Errno) in
            try index.giveBack()
        }
    }

    /// How many marks a connection has, and what they are worth. When there are any after `attach`,
    /// a resync is due, whatever else is remembered of the connection.
    package func marks(connection: UInt32) -> MarksFigures {
        let kept = kept(connection)
        return kept?.withIndex { index in
            MarksFigures(
                count: index.count, byteCount: index.byteCount,
                isOverflowed: index.isOverflowed, isIncomplete: index.isIncomplete)
        } ?? MarksFigures()
    }

    // MARK: Working

    /// Starts the threads.
    package func start() {
        threads.start(
            keeper: { [self] in runKeeper() }, disk: { [self] in runDisk() })
    }

    /// Ends the threads and waits for them, at most ten seconds for one that hangs with its disk.
    /// What lies in the ring, in segments and in the indexes stays and can be taken up by another
    /// keeper.
    package func stop() {
        threads.stop { [memory] in memory.wakeKeeper() }
    }

    /// Does what there is to do, in the calling thread; for callers without threads of the keeper.
    ///
    /// - Returns: whether there was anything.
    @discardableResult
    package func step() -> Bool {
        let kept = keep()
        let wrote = disk.withLock { work(&$0) }
        return kept || wrote
    }

    private func runKeeper() {
        // When it comes too late, records go that could have become marks.
        cposix_setThreadPriority(-10)
        while !threads.isStopping {
            let seen = memory.keeperSignal
            if keep() { continue }
            memory.sleepKeeper(while: seen, nanoseconds: isMarking ? 200_000_000 : 1_000_000_000)
        }
    }

    private func runDisk() {
        while !threads.isStopping {
            let seen = threads.diskSignal
            let (isBusy, pause) = disk.withLock { state in
                (work(&state), state.pausedUntil - cposix_monotonic())
            }
            if isBusy { continue }
            threads.sleepDisk(while: seen, nanoseconds: pause > 0 ? pause : 1_000_000_000)
        }
    }

    func wakeDisk() { threads.wakeDisk() }
}

/// Marks that a resync took.
package struct TakenMarks: Sendable {
    package let marks: DirtyMarks
    /// Changes up to this sequence are in the marks, or the target has them; later ones come by the
    /// stream.
    package let position: UInt64
}

/// What a connection's marks amount to.
package struct MarksFigures: Hashable, Sendable {
    /// Entries of 64 bytes.
    package var count = 0
    package var byteCount = 0
    package var isOverflowed = false
    package var isIncomplete = false

    package var isEmpty: Bool { count == 0 && !isOverflowed && !isIncomplete }

    package init() {}

    init(count: Int, byteCount: Int, isOverflowed: Bool, isIncomplete: Bool) {
        self.count = count
        self.byteCount = byteCount
        self.isOverflowed = isOverflowed
        self.isIncomplete = isIncomplete
    }
}

/// A connection's index, and which records concern it.
final class KeptMarks: @unchecked Sendable {
    let bit: UInt16
    private let lock = Mutex(())
    private var index: DirtyIndex

    init(_ index: consuming DirtyIndex, bit: UInt16) {
        self.bit = bit
        self.index = index
    }

    /// One thread at a time. Nobody waits for the queue's disk inside.
    func withIndex<Result: ~Copyable, Failure: Error>(
        _ body: (inout DirtyIndex) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try lock.withLock { (_) throws(Failure) in try body(&index) }
    }
}
