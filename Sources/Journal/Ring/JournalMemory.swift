internal import CPosix
internal import ReplicationModel
internal import Synchronization

/// The journal's shared memory, mapped. One per server; every capture process and the daemon map
/// the same. Whoever changes counters or followers holds the lock, which survives the death of its
/// holder: counters are moved last, so a half-made record is as if it had never been begun.
package final class JournalMemory: @unchecked Sendable {
    /// Stands for the memory; give it to a capture process.
    package let descriptor: CInt
    /// Tells this incarnation of the journal from any other; sequences mean nothing outside it.
    package let journalID: UInt64
    package let recordCapacity: Int
    package let payloadCapacity: Int

    let base: UnsafeMutableRawPointer
    let records: UnsafeMutablePointer<OperationRecord>
    let entries: UnsafeMutablePointer<RecordEntry>
    let payload: UnsafeMutableRawPointer
    private let byteCount: Int
    private let attached = Mutex<SegmentStore?>(nil)

    /// Maps a journal that exists. Owns the descriptor from here on, and closes it when it throws.
    package init(descriptor: CInt) throws(JournalError) {
        var status = stat()
        let result = cposix_fstat(descriptor, &status)
        let total = Int(status.st_size)
        let isLongEnough = result >= 0 && total > JournalLayout.recordsPlace
        guard isLongEnough, let base = cposix_mapShared(descriptor, total) else {
            _ = cposix_close(descriptor)
            // Something else is at hand, or there is no room to look at it.
            if result >= 0, !isLongEnough { throw .notAJournal }
            throw .memory(errno: result < 0 ? -result : 12)
        }
        func word(_ place: Int) -> UInt64 { base.load(fromByteOffset: place, as: UInt64.self) }
        let records = Int(truncatingIfNeeded: word(JournalLayout.recordCapacityPlace))
        let payload = Int(truncatingIfNeeded: word(JournalLayout.payloadCapacityPlace))
        var problem: JournalError?
        if word(JournalLayout.magicPlace) != JournalLayout.magic {
            problem = .notAJournal
        } else if word(JournalLayout.versionPlace) != JournalLayout.version {
            problem = .version(
                found: word(JournalLayout.versionPlace), expected: JournalLayout.version)
        } else if records <= 0 || payload <= 0
            || JournalLayout.recordsPlace + records * JournalLayout.bytesPerRecord + payload
                != total
        {
            problem = .notAJournal
        }
        if let problem {
            _ = cposix_unmap(base, total)
            _ = cposix_close(descriptor)
            throw problem
        }
        self.descriptor = descriptor
        self.base = base
        byteCount = total
        recordCapacity = records
        payloadCapacity = payload
        journalID = word(JournalLayout.journalIDPlace)
        self.records = (base + JournalLayout.recordsPlace)
            .assumingMemoryBound(to: OperationRecord.self)
        let starts = JournalLayout.recordsPlace + records * OperationRecord.byteCount
        entries = (base + starts).assumingMemoryBound(to: RecordEntry.self)
        self.payload = base + starts + records * JournalLayout.entryStride
    }

    deinit {
        _ = cposix_unmap(base, byteCount)
        _ = cposix_close(descriptor)
    }

    /// Sequence of the newest record; 0 before the first.
    package var newest: UInt64 { cposix_load64(word64(JournalLayout.newestPlace)) }

    /// Followers that exist now. May be out of date at once; a hint only.
    package var followerCount: Int {
        Int(cposix_load32(word32(JournalLayout.followerCountPlace)))
    }

    /// Followers ever put out because the memory was full.
    package var putOutCount: UInt64 { cposix_load64(word64(JournalLayout.putOutCountPlace)) }

    // MARK: Waking

    /// Changes with every record and every `wake`. Take it before looking for work, sleep on it
    /// afterwards: what came in between ends the sleep at once.
    package var signal: UInt32 { cposix_load32(word32(JournalLayout.signalPlace)) }

    /// Sleeps until the signal is no longer `seen`, or the time is over.
    package func sleep(while seen: UInt32, nanoseconds: Int64) {
        let sleepers = word32(JournalLayout.sleepersPlace)
        _ = cposix_add32(sleepers, 1)
        _ = cposix_futexWait(word32(JournalLayout.signalPlace), seen, nanoseconds)
        _ = cposix_add32(sleepers, UInt32.max)
    }

    /// Ends all sleeps, for news that do not come through the journal.
    package func wake() {
        _ = cposix_add32(word32(JournalLayout.signalPlace), 1)
        _ = cposix_futexWake(word32(JournalLayout.signalPlace), CInt.max)
    }

    /// Gives up the places of connections that no longer exist.
    package func keepFollowers(of connections: Set<UInt32>) {
        lock()
        defer { unlock() }
        for slot in 0..<Limits.cursorCountMax {
            let follower = follower(slot)
            guard follower.pointee.state != FollowerSlot.free,
                !connections.contains(follower.pointee.connection)
            else { continue }
            setState(follower, FollowerSlot.free)
        }
    }

    // MARK: Watching

    /// Whether any connection replicates now or will go on to: what changes must be hot first.
    /// Unlike `followerCount` it stays as it was while the daemon is away or a queue was full.
    package var isWatched: Bool { cposix_load32(word32(JournalLayout.watchedPlace)) > 0 }

    /// - Parameter count: connections that replicate; the daemon says it.
    package func setWatched(_ count: Int) {
        cposix_store32(word32(JournalLayout.watchedPlace), UInt32(clamping: count))
    }

    // MARK: The keeper

    /// Where records lie that are no longer in the ring; set by the queue's keeper.
    var segments: SegmentStore? {
        get { attached.withLock { $0 } }
        set { attached.withLock { $0 = newValue } }
    }

    var keeperSignal: UInt32 { cposix_load32(word32(JournalLayout.keeperSignalPlace)) }

    func sleepKeeper(while seen: UInt32, nanoseconds: Int64) {
        _ = cposix_futexWait(word32(JournalLayout.keeperSignalPlace), seen, nanoseconds)
    }

    func wakeKeeper() {
        _ = cposix_add32(word32(JournalLayout.keeperSignalPlace), 1)
        _ = cposix_futexWake(word32(JournalLayout.keeperSignalPlace), CInt.max)
    }

    /// Appending wakes the keeper no more, until `armKeeper`. Needs the lock.
    func disarmKeeper() { armKeeper(head: UInt64.max, sequence: UInt64.max) }

    /// Appending wakes the keeper once, when it gets so far. Needs the lock.
    func armKeeper(head: UInt64, sequence: UInt64) {
        word64(JournalLayout.wakeHeadPlace).pointee = head
        word64(JournalLayout.wakeSequencePlace).pointee = sequence
    }

    /// Forgets the readers of a daemon that is gone; only the daemon that holds the state's lock
    /// may.
    package func forgetSleepers() { cposix_store32(word32(JournalLayout.sleepersPlace), 0) }

    // MARK: For this module

    @inline(__always)
    func word64(_ place: Int) -> UnsafeMutablePointer<UInt64> {
        (base + place).assumingMemoryBound(to: UInt64.self)
    }

    @inline(__always)
    func word32(_ place: Int) -> UnsafeMutablePointer<UInt32> {
        (base + place).assumingMemoryBound(to: UInt32.self)
    }

    @inline(__always)
    func follower(_ slot: Int) -> UnsafeMutablePointer<FollowerSlot> {
        (base + JournalLayout.followersPlace + slot * JournalLayout.followerStride)
            .assumingMemoryBound(to: FollowerSlot.self)
    }

    @inline(__always)
    func lock() {
        let result = cposix_mutexLock(
            (base + JournalLayout.lockPlace).assumingMemoryBound(to: pthread_mutex_t.self))
        if result == 1 { repair() }
    }

    @inline(__always)
    func unlock() {
        cposix_mutexUnlock(
            (base + JournalLayout.lockPlace).assumingMemoryBound(to: pthread_mutex_t.self))
    }

    @inline(__always)
    func record(_ sequence: UInt64) -> UnsafeMutablePointer<OperationRecord> {
        records + Int((sequence - 1) % UInt64(recordCapacity))
    }

    @inline(__always)
    func entry(_ sequence: UInt64) -> UnsafeMutablePointer<RecordEntry> {
        entries + Int((sequence - 1) % UInt64(recordCapacity))
    }
}
