internal import CPosix
internal import FileSystemAccess
package import ReplicationModel

/// A connection's place in the journal. Owned by one thread, the connection's pump; only `release`
/// and `isPutOut` may be used from others.
///
/// Records come from the ring or from segments on the disk; the reader does not see the difference.
package final class JournalFollower: @unchecked Sendable {
    package let memory: JournalMemory
    package let connection: UInt32
    /// Records up to this sequence have been read. The next read starts behind it.
    package private(set) var position: UInt64
    let slot: Int
    private var segments = SegmentReader()

    /// Takes up the place that a connection had before the daemon was restarted; nil if it has
    /// none.
    package static func resume(_ memory: JournalMemory, connection: UInt32) -> JournalFollower? {
        memory.lock()
        defer { memory.unlock() }
        guard let slot = memory.slot(of: connection) else { return nil }
        let follower = memory.follower(slot)
        cposix_store64(pinPlace(follower), 0)
        return JournalFollower(memory, connection, slot, at: follower.pointee.released)
    }

    /// Follows from now on: every change whose record comes later is kept for this connection.
    package static func start(
        _ memory: JournalMemory, connection: UInt32
    ) throws(JournalError) -> JournalFollower {
        memory.lock()
        defer { memory.unlock() }
        for slot in 0..<Limits.cursorCountMax {
            let follower = memory.follower(slot)
            guard follower.pointee.state == FollowerSlot.free else { continue }
            let newest = memory.word64(JournalLayout.newestPlace).pointee
            follower.pointee = FollowerSlot(connection: connection, released: newest)
            memory.setState(follower, FollowerSlot.following)
            return JournalFollower(memory, connection, slot, at: newest)
        }
        throw .tooManyFollowers
    }

    private init(_ memory: JournalMemory, _ connection: UInt32, _ slot: Int, at position: UInt64) {
        self.memory = memory
        self.connection = connection
        self.slot = slot
        self.position = position
    }

    /// Whether changes are lost to this follower's stream: they were dropped, or become marks.
    package var isPutOut: Bool {
        cposix_load32(statePlace(memory.follower(slot))) != FollowerSlot.following
    }

    /// Why it was put out last.
    package var putOutReason: PutOutReason {
        memory.lock()
        defer { memory.unlock() }
        return PutOutReason(rawValue: memory.follower(slot).pointee.reason) ?? .none
    }

    /// Through which sequence records have been released.
    package var released: UInt64 { cposix_load64(releasedPlace(memory.follower(slot))) }

    // MARK: Reading

    /// Hands records to `take` in order, from the one after `position`, until there are no more, or
    /// `take` answers false (that record will come again), or `limit` is reached.
    ///
    /// What `take` is given is valid only inside it. If `isPutOut` is true afterwards, what was
    /// taken may be torn or have a gap and must be thrown away. A record whose segment is missing
    /// or damaged is never handed out: the follower is put out instead.
    ///
    /// - Returns: the number of records taken.
    package func read(
        limit: Int, _ take: (borrowing OperationRecord, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        let newest = memory.newest
        var count = 0
        while position < newest, count < limit, !isPutOut {
            let before = count
            if pinRing() {
                count += readRing(through: newest, limit: limit - count, take)
                cposix_store64(pinPlace(memory.follower(slot)), 0)
                break
            }
            count += readSegments(limit: min(limit - count, Int(newest - position)), take)
            if count == before { break }
        }
        return count
    }

    /// Makes sure that the next record stays in the ring; false when it is not there any more.
    private func pinRing() -> Bool {
        memory.lock()
        defer { memory.unlock() }
        guard position >= memory.word64(JournalLayout.freeThroughPlace).pointee else {
            return false
        }
        cposix_store64(pinPlace(memory.follower(slot)), position + 1)
        return true
    }

    private func readRing(
        through newest: UInt64, limit: Int,
        _ take: (borrowing OperationRecord, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        let pin = pinPlace(memory.follower(slot))
        var count = 0
        while position < newest, count < limit, !isPutOut {
            let record = memory.record(position + 1).pointee
            let place = Int(record.payloadPlace) * 8
            let length = Int(record.payloadLength)
            guard place + length <= memory.payloadCapacity else { break }
            guard take(record, UnsafeRawBufferPointer(start: memory.payload + place, count: length))
            else { break }
            position += 1
            count += 1
            cposix_store64(pin, position + 1)
        }
        return count
    }

    private func readSegments(
        limit: Int, _ take: (borrowing OperationRecord, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        do throws(Errno) {
            guard let store = memory.segments else { throw .noSuchFile }
            let count = try segments.read(store, from: position + 1, limit: limit, take)
            position += UInt64(count)
            return count
        } catch {
            memory.lock()
            if memory.follower(slot).pointee.state == FollowerSlot.following {
                memory.startMarking(slot, .segmentLost, isIncomplete: true)
            }
            memory.unlock()
            memory.wakeKeeper()
            return 0
        }
    }

    /// Gives back the memory that reading segments took; for a follower with nothing to read.
    package func releaseBuffers() { segments.close() }

    /// Reads again from behind `sequence`, after a broken link. It must not be released yet.
    package func rewind(to sequence: UInt64) { position = max(sequence, released) }

    /// The target has `sequence` safe on its disk; the room can be used again.
    package func release(through sequence: UInt64) {
        let place = releasedPlace(memory.follower(slot))
        if sequence > cposix_load64(place) { cposix_store64(place, sequence) }
    }

    /// Goes on behind what a resync's marks stand for.
    func restart(at sequence: UInt64) { position = sequence }

    /// Ends following; the place is free for another connection.
    package func stop() {
        memory.lock()
        defer { memory.unlock() }
        let follower = memory.follower(slot)
        memory.setState(follower, FollowerSlot.free)
        follower.pointee.connection = 0
    }

    // MARK: Figures

    /// Records read or not, that are kept for this follower.
    package var keptCount: UInt64 {
        let newest = memory.newest
        let released = released
        return newest > released ? newest - released : 0
    }

    /// Payload bytes not yet read by this follower. Counted, not guessed; 0 when put out.
    package var unreadBytes: UInt64 {
        guard !isPutOut else { return 0 }
        return bytes(after: position)
    }

    /// What is kept for this follower, read or not, by where it lies. Empty when put out.
    package var kept: QueueShare {
        var share = QueueShare()
        guard !isPutOut else { return share }
        let released = released
        let (newest, spilled) = memory.ends
        guard newest > released else { return share }
        let border = min(max(released, spilled), newest)
        share.diskOperations = border - released
        share.memoryOperations = newest - border
        share.memoryBytes = bytes(after: border)
        share.diskBytes = border > released ? bytes(after: released) - share.memoryBytes : 0
        share.oldest = time(after: released)
        return share
    }

    /// When the record after `sequence` was made, nanoseconds since 1970-01-01 UTC; nil where there
    /// is none, or it is released already.
    package func time(after sequence: UInt64) -> Int64? {
        guard !isPutOut, sequence >= released else { return nil }
        return figures(of: sequence + 1)?.appended
    }

    private func bytes(after sequence: UInt64) -> UInt64 {
        guard let figures = figures(of: sequence + 1) else { return 0 }
        memory.lock()
        defer { memory.unlock() }
        return memory.word64(JournalLayout.bytesTotalPlace).pointee - figures.bytesBefore
    }

    private func figures(of sequence: UInt64) -> RecordFigures? {
        if let figures = memory.figures(inRing: sequence) { return figures }
        guard let store = memory.segments else { return nil }
        return segments.figures(store, sequence)
    }
}

/// How much is queued for one connection, and where.
package struct QueueShare: Hashable, Sendable {
    package var memoryOperations: UInt64 = 0
    package var memoryBytes: UInt64 = 0
    package var diskOperations: UInt64 = 0
    package var diskBytes: UInt64 = 0
    /// When the oldest of them was made, nanoseconds since 1970-01-01 UTC.
    package var oldest: Int64?

    package init() {}
}

extension JournalMemory {
    /// The newest sequence, and through which one records lie in segments.
    var ends: (newest: UInt64, spilled: UInt64) {
        lock()
        defer { unlock() }
        return (
            word64(JournalLayout.newestPlace).pointee,
            word64(JournalLayout.spilledThroughPlace).pointee
        )
    }

    /// What is known of a record that is still in the ring; nil for any other.
    func figures(inRing sequence: UInt64) -> RecordFigures? {
        lock()
        defer { unlock() }
        guard sequence > word64(JournalLayout.freeThroughPlace).pointee,
            sequence <= word64(JournalLayout.newestPlace).pointee
        else { return nil }
        let entry = entry(sequence).pointee
        return RecordFigures(appended: entry.appended, bytesBefore: entry.bytesBefore)
    }
}
