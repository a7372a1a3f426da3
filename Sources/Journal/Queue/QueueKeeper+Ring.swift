internal import CPosix
internal import ReplicationModel
internal import Synchronization

/// The part of the keeper that never touches the disk: it watches the ring, decides who is put out,
/// and makes marks of records in the ring.
extension QueueKeeper {
    /// Looks once. Answers whether there may be more to do at once.
    func keep() -> Bool {
        takeUpLost()
        let marked = markAll()
        let usage = arm()
        if usage.percent >= Int(QueueSettings.spillPercent) { wakeDisk() }
        if usage.percent >= Int(QueueSettings.putOutPercent) {
            return putOutSlowest() || marked > 0
        }
        // What comes little by little can wait until there is more of it.
        return marked > ChunkHead.recordsMax
    }

    /// Connections that a capture put out, because nobody kept the ring: their records become marks
    /// again, from now on.
    func takeUpLost() {
        memory.lock()
        defer { memory.unlock() }
        for slot in 0..<Limits.cursorCountMax
        where memory.follower(slot).pointee.state == FollowerSlot.putOut {
            guard kept(memory.follower(slot).pointee.connection) != nil else { continue }
            memory.startMarking(slot, .memoryFull, isIncomplete: true)
        }
    }

    /// The connections whose records become marks now.
    private var marking: [(slot: Int, connection: UInt32)] {
        (0..<Limits.cursorCountMax).compactMap { slot in
            let follower = memory.follower(slot).pointee
            return follower.state == FollowerSlot.marking ? (slot, follower.connection) : nil
        }
    }

    var isMarking: Bool { !marking.isEmpty }

    private func markAll() -> Int {
        var count = 0
        for (slot, connection) in marking {
            guard let kept = kept(connection) else { continue }
            kept.withIndex { count += markRing(slot, &$0, bit: kept.bit) }
        }
        return count
    }

    /// Makes marks of what lies in the ring and is none yet. Answers how many records.
    func markRing(_ slot: Int, _ index: inout DirtyIndex, bit: UInt16) -> Int {
        let newest = memory.newest
        let follower = memory.follower(slot)
        guard cposix_load32(statePlace(follower)) == FollowerSlot.marking else { return 0 }
        var place = follower.pointee.markedThrough
        let start = place
        while place < newest {
            if place + Self.lookahead < newest {
                index.prepare(memory.record(place + 1 + Self.lookahead).pointee)
            }
            let record = memory.record(place + 1).pointee
            let payloadPlace = Int(record.payloadPlace) * 8
            let length = Int(record.payloadLength)
            guard record.sequence == place + 1, payloadPlace + length <= memory.payloadCapacity
            else {
                // Written over: the capture gave it up, and says so in the slot.
                index.setIncomplete()
                break
            }
            index.mark(
                record,
                UnsafeRawBufferPointer(start: memory.payload + payloadPlace, count: length),
                bit: bit)
            place += 1
            // In steps, so that a capture that waits for nobody finds room soon.
            if (place - start) & 1023 == 0 { advance(follower, to: place) }
        }
        advance(follower, to: place)
        counted.withLock { $0.recordsMarked += place - start }
        return Int(place - start)
    }

    private static let lookahead: UInt64 = 8

    private func advance(_ follower: UnsafeMutablePointer<FollowerSlot>, to sequence: UInt64) {
        guard cposix_load32(statePlace(follower)) == FollowerSlot.marking else { return }
        let place = (UnsafeMutableRawPointer(follower) + 24).assumingMemoryBound(to: UInt64.self)
        cposix_store64(place, sequence)
    }

    /// Measures the ring and sets when the next append wakes the keeper.
    func arm() -> RingUsage {
        memory.lock()
        defer { memory.unlock() }
        memory.refreshFreeThrough()
        let usage = memory.ringUsage()
        // The next thing to do: to write to the disk, to put somebody out, to look again.
        var next = QueueSettings.spillPercent
        if usage.percent >= Int(next) { next = QueueSettings.putOutPercent }
        if usage.percent >= Int(next) { next = UInt64(usage.percent) + 2 }
        if usage.isMarking { next = min(next, UInt64(usage.percent) + 6) }
        memory.armKeeper(
            head: usage.tail + UInt64(memory.payloadCapacity) * next / 100,
            sequence: usage.free + UInt64(memory.recordCapacity) * next / 100)
        counted.withLock { counters in
            counters.ringBytes = Int64(usage.head - usage.tail)
            counters.ringRecords = Int64(usage.newest - usage.free)
            counters.ringPercent = usage.percent
        }
        return usage
    }

    /// The ring is nearly full and the disk did not help: the slowest connection's records become
    /// marks.
    private func putOutSlowest() -> Bool {
        let reason = counted.withLock { counters -> PutOutReason in
            if store == nil || settings.diskBytesMax == 0 { return .memoryFull }
            return counters.refusal == .none ? .diskSlow : counters.refusal
        }
        memory.lock()
        var slowest: (released: UInt64, slot: Int)?
        for slot in 0..<Limits.cursorCountMax {
            let follower = memory.follower(slot)
            guard follower.pointee.state == FollowerSlot.following,
                kept(follower.pointee.connection) != nil
            else { continue }
            let released = cposix_load64(releasedPlace(follower))
            if released < slowest?.released ?? UInt64.max { slowest = (released, slot) }
        }
        if let slowest { memory.startMarking(slowest.slot, reason, isIncomplete: false) }
        memory.unlock()
        guard slowest != nil else { return false }
        counted.withLock { $0.putOuts += 1 }
        // Its pump must know.
        memory.wake()
        wakeDisk()
        return true
    }
}

/// How full the ring is.
struct RingUsage {
    var newest: UInt64
    var free: UInt64
    /// Absolute ring bytes.
    var head: UInt64
    var tail: UInt64
    var percent: Int
    var isMarking: Bool
}

extension JournalMemory {
    /// Needs the lock, and a fresh `freeThrough`.
    func ringUsage() -> RingUsage {
        let newest = word64(JournalLayout.newestPlace).pointee
        let free = word64(JournalLayout.freeThroughPlace).pointee
        let head = word64(JournalLayout.payloadHeadPlace).pointee
        let tail = newest > free ? entry(free + 1).pointee.payloadStart : head
        let bytes = (head - tail) * 100 / UInt64(payloadCapacity)
        let records = (newest - free) * 100 / UInt64(recordCapacity)
        let isMarking = (0..<Limits.cursorCountMax).contains {
            follower($0).pointee.state == FollowerSlot.marking
        }
        return RingUsage(
            newest: newest, free: free, head: head, tail: tail,
            percent: Int(max(bytes, records)), isMarking: isMarking)
    }

    /// After which sequence segments are needed by anybody, and through which one they were
    /// written.
    func segmentsNeeded() -> (after: UInt64, through: UInt64) {
        lock()
        defer { unlock() }
        let spilled = word64(JournalLayout.spilledThroughPlace).pointee
        var needed = spilled
        for slot in 0..<Limits.cursorCountMax {
            let follower = follower(slot)
            switch follower.pointee.state {
            case FollowerSlot.following, FollowerSlot.putOut:
                needed = min(needed, cposix_load64(releasedPlace(follower)))
            case FollowerSlot.marking:
                let released = cposix_load64(releasedPlace(follower))
                if released < follower.pointee.backlogThrough { needed = min(needed, released) }
            default: break
            }
        }
        return (needed, spilled)
    }
}
