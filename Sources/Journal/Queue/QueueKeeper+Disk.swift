internal import CPosix
internal import FileSystemAccess
internal import ReplicationModel
internal import Synchronization

/// The part of the keeper that may wait for the disk.
extension QueueKeeper {
    /// Does one piece of work. Answers whether there may be more to do at once.
    func work(_ state: inout DiskState) -> Bool {
        guard let store else { return workBacklog() }
        let removed = store.remove(through: memory.segmentsNeeded().after)
        if removed > 0 { counted.withLock { $0.segmentsRemoved += UInt64(removed) } }
        let spilled = spill(&state, store)
        // The keeper's thread does not look again by itself before the next threshold.
        if !spilled { _ = arm() }
        measure(&state, store)
        return spilled || workBacklog()
    }

    private func workBacklog() -> Bool {
        var isBusy = false
        for slot in 0..<Limits.cursorCountMax
        where memory.follower(slot).pointee.state == FollowerSlot.marking {
            guard let kept = kept(memory.follower(slot).pointee.connection) else { continue }
            if markBacklog(slot, kept) { isBusy = true }
        }
        return isBusy
    }

    // MARK: Spilling

    /// Writes the oldest records of a ring that is more than half full.
    private func spill(_ state: inout DiskState, _ store: SegmentStore) -> Bool {
        let now = cposix_monotonic()
        guard now >= state.pausedUntil, let (first, last) = nextSpill(isForced: false) else {
            return false
        }
        return spill(&state, store, first, last)
    }

    /// What is to be written next; nil when the ring has room, or nobody needs it.
    func nextSpill(isForced: Bool) -> (first: UInt64, last: UInt64)? {
        memory.lock()
        defer { memory.unlock() }
        memory.refreshFreeThrough()
        let usage = memory.ringUsage()
        guard isForced || usage.percent >= Int(QueueSettings.spillPercent) else { return nil }
        var needed: UInt64?
        for slot in 0..<Limits.cursorCountMax {
            let follower = memory.follower(slot)
            guard follower.pointee.state == FollowerSlot.following else { continue }
            let released = cposix_load64(releasedPlace(follower))
            needed = min(needed ?? released, released)
        }
        guard let needed else { return nil }
        let spilled = memory.word64(JournalLayout.spilledThroughPlace).pointee
        let free = memory.word64(JournalLayout.freeThroughPlace).pointee
        let first = max(needed, spilled, free) + 1
        return first <= usage.newest ? (first, usage.newest) : nil
    }

    func spill(
        _ state: inout DiskState, _ store: SegmentStore, _ first: UInt64, _ last: UInt64
    ) -> Bool {
        let isWhole = state.chunk.fill(
            memory, from: first, through: last, bytesMax: chunkBytesMax)
        memory.lock()
        let isOverwritten = memory.word64(JournalLayout.freeThroughPlace).pointee >= first
        memory.unlock()
        // Released by all while it was copied, or given up: there is something else to write.
        if isOverwritten { return true }
        guard isWhole else { return false }
        state.chunk.seal()
        if let refusal = refusal(store, state.chunk.head.totalBytes) {
            counted.withLock { $0.refusal = refusal }
            state.pausedUntil = cposix_monotonic() + Self.pauseNanoseconds
            return false
        }
        do throws(Errno) {
            try store.append(state.chunk, segmentBytes: settings.segmentBytes)
        } catch {
            counted.withLock { counters in
                counters.lastError = error
                counters.writeFailures += 1
                counters.refusal = .diskError
            }
            state.pausedUntil = cposix_monotonic() + Self.pauseNanoseconds
            return false
        }
        let head = state.chunk.head
        memory.lock()
        cposix_store64(memory.word64(JournalLayout.spilledThroughPlace), head.last)
        memory.unlock()
        counted.withLock { counters in
            counters.refusal = .none
            counters.recordsSpilled += UInt64(head.count)
            counters.bytesSpilled += UInt64(head.totalBytes)
        }
        return true
    }

    /// Small against the ring and a segment, so that no more is written than must be.
    private var chunkBytesMax: Int {
        min(ChunkHead.bytesMax, settings.segmentBytes, memory.payloadCapacity / 16)
    }

    /// After a refusal, how long until the next attempt, nanoseconds.
    private static let pauseNanoseconds: Int64 = 50_000_000

    private func refusal(_ store: SegmentStore, _ bytes: Int) -> PutOutReason? {
        if let limit = settings.diskBytesMax, store.bytes + Int64(bytes) > limit {
            return .diskLimit
        }
        guard let free = try? store.freeBytes() else { return .diskError }
        return free - Int64(bytes) < settings.freeBytesFloor ? .diskFloor : nil
    }

    // MARK: Marks of what lies on the disk

    /// Makes marks of one chunk that a connection has been put out of. Answers whether there is
    /// more.
    func markBacklog(_ slot: Int, _ kept: KeptMarks) -> Bool {
        let follower = memory.follower(slot)
        memory.lock()
        let isMarking = follower.pointee.state == FollowerSlot.marking
        let done = cposix_load64(releasedPlace(follower))
        let end = follower.pointee.backlogThrough
        memory.unlock()
        guard isMarking, done < end else { return false }
        let through = markChunk(after: done, end: end, kept)
        memory.lock()
        if follower.pointee.state == FollowerSlot.marking,
            cposix_load64(releasedPlace(follower)) < through
        {
            cposix_store64(releasedPlace(follower), through)
        }
        memory.unlock()
        return through < end
    }

    /// Answers through which sequence there is nothing left to mark. Reads without the lock of the
    /// marks, so that marks of the ring never wait for the disk.
    private func markChunk(after done: UInt64, end: UInt64, _ kept: KeptMarks) -> UInt64 {
        guard let store, let (place, name) = store.find(done + 1) else {
            kept.withIndex { $0.setIncomplete() }
            guard let next = store?.next(after: done) else { return end }
            return min(end, next - 1)
        }
        let through = min(end, place.last)
        var chunk = ChunkBuffer()
        do throws(Errno) {
            let file = try store.open(name)
            try chunk.read(place, store.journalID, file.descriptor)
        } catch {
            kept.withIndex { $0.setIncomplete() }
            counted.withLock { $0.segmentsLost += 1 }
            return through
        }
        kept.withIndex { index in
            for sequence in (done + 1)...through {
                let record = chunk.record(sequence)
                index.mark(record, chunk.payload(of: record), bit: kept.bit)
            }
        }
        counted.withLock { $0.recordsMarked += through - done }
        return through
    }

    // MARK: Figures

    /// What the queue holds and has done.
    package var counters: QueueCounters {
        _ = arm()
        return counted.withLock { $0 }
    }

    private func measure(_ state: inout DiskState, _ store: SegmentStore) {
        let now = cposix_monotonic()
        let bytes = store.bytes
        if now >= state.alert.next {
            state.alert.next = now + 1_000_000_000
            state.alert.free = (try? store.freeBytes()) ?? 0
        }
        let room = max(0, state.alert.free - settings.freeBytesFloor) + bytes
        let limit = min(settings.diskBytesMax ?? Int64.max, room)
        counted.withLock { counters in
            counters.diskBytes = bytes
            counters.segmentCount = store.count
            counters.diskBytesMax = limit
            counters.isAlerting =
                bytes > 0 && Double(bytes) * 100 >= Double(limit) * Double(settings.alertPercent)
        }
    }
}

/// What was found out about the disk, not more often than once a second.
struct DiskUsage {
    /// Monotonic.
    var next: Int64 = 0
    var free: Int64 = 0
}
