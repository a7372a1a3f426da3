internal import CPosix
internal import ReplicationModel

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

    /// Makes a new journal.
    ///
    /// - Parameter bytes: of memory for records and payload together; at least 1 MiB is taken.
    package static func make(bytes: Int) throws(JournalError) -> JournalMemory {
        let descriptor = cposix_memfd("understudy-journal")
        guard descriptor >= 0 else { throw .memory(errno: -descriptor) }
        let (records, payload) = JournalLayout.capacities(bytes: bytes)
        let total = JournalLayout.recordsPlace + records * JournalLayout.bytesPerRecord + payload
        let result = cposix_ftruncate(descriptor, off_t(total))
        guard result >= 0, let base = cposix_mapShared(descriptor, total) else {
            _ = cposix_close(descriptor)
            throw .memory(errno: result < 0 ? -result : 12)
        }
        func put(_ value: UInt64, _ place: Int) {
            base.storeBytes(of: value, toByteOffset: place, as: UInt64.self)
        }
        put(JournalLayout.version, JournalLayout.versionPlace)
        put(UInt64(records), JournalLayout.recordCapacityPlace)
        put(UInt64(payload), JournalLayout.payloadCapacityPlace)
        put(UInt64.random(in: 1...UInt64.max), JournalLayout.journalIDPlace)
        _ = cposix_mutexInitialize(
            (base + JournalLayout.lockPlace).assumingMemoryBound(to: pthread_mutex_t.self))
        put(JournalLayout.magic, JournalLayout.magicPlace)
        _ = cposix_unmap(base, total)
        return try JournalMemory(descriptor: descriptor)
    }

    /// Maps a journal that exists. Owns the descriptor from here on, and closes it when it throws.
    package init(descriptor: CInt) throws(JournalError) {
        var status = stat()
        let result = cposix_fstat(descriptor, &status)
        let total = Int(status.st_size)
        guard result >= 0, total > JournalLayout.recordsPlace,
            let base = cposix_mapShared(descriptor, total)
        else {
            _ = cposix_close(descriptor)
            throw result < 0 ? .memory(errno: -result) : .notAJournal
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
            if follower.pointee.state == FollowerSlot.following {
                let count = word32(JournalLayout.followerCountPlace)
                cposix_store32(count, count.pointee - 1)
            }
            cposix_store32(statePlace(follower), FollowerSlot.free)
        }
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
        _ = cposix_mutexLock(
            (base + JournalLayout.lockPlace).assumingMemoryBound(to: pthread_mutex_t.self))
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

/// What the journal knows of a record and the wire does not need, 16 bytes.
struct RecordEntry: BitwiseCopyable {
    /// Absolute (never wrapping) count of payload bytes before it.
    var payloadStart: UInt64
    /// When it was appended, nanoseconds since 1970-01-01 UTC.
    var appended: Int64
}

/// A follower's place in the shared memory, 64 bytes.
struct FollowerSlot: BitwiseCopyable {
    /// 0 free, 1 following, 2 put out because the memory was full.
    var state: UInt32
    /// The connection's number.
    var connection: UInt32
    /// Records up to this sequence are no longer needed.
    var released: UInt64
    var reserved: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    static let free: UInt32 = 0
    static let following: UInt32 = 1
    static let putOut: UInt32 = 2
}
