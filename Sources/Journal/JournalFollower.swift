internal import CPosix
package import ReplicationModel

/// A connection's place in the journal. Owned by one thread, the connection's pump; only `release`
/// and `state` may be used from others.
package final class JournalFollower: @unchecked Sendable {
    package let memory: JournalMemory
    package let connection: UInt32
    /// Records up to this sequence have been read. The next read starts behind it.
    package private(set) var position: UInt64
    private let slot: Int

    /// Takes up the place that a connection had before the daemon was restarted; nil if it has
    /// none.
    package static func resume(_ memory: JournalMemory, connection: UInt32) -> JournalFollower? {
        memory.lock()
        defer { memory.unlock() }
        for slot in 0..<Limits.cursorCountMax {
            let follower = memory.follower(slot)
            guard follower.pointee.state != FollowerSlot.free,
                follower.pointee.connection == connection
            else { continue }
            return JournalFollower(memory, connection, slot, at: follower.pointee.released)
        }
        return nil
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
            follower.pointee.connection = connection
            follower.pointee.released = newest
            cposix_store32(statePlace(follower), FollowerSlot.following)
            let count = memory.word32(JournalLayout.followerCountPlace)
            cposix_store32(count, count.pointee + 1)
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

    /// Whether the memory was full and this follower was in the way: changes are lost to it.
    package var isPutOut: Bool {
        cposix_load32(statePlace(memory.follower(slot))) != FollowerSlot.following
    }

    /// Through which sequence records have been released.
    package var released: UInt64 { cposix_load64(releasedPlace(memory.follower(slot))) }

    /// Records read or not, that this follower still keeps in memory.
    package var keptCount: UInt64 {
        let newest = memory.newest
        let released = released
        return newest > released ? newest - released : 0
    }

    /// Payload bytes not yet read by this follower. Counted, not guessed; 0 when put out.
    package var unreadBytes: UInt64 {
        memory.lock()
        defer { memory.unlock() }
        let newest = memory.word64(JournalLayout.newestPlace).pointee
        guard !isPutOut, newest > position else { return 0 }
        return memory.word64(JournalLayout.payloadHeadPlace).pointee
            - memory.entry(position + 1).pointee.payloadStart
    }

    /// When the record after `sequence` was made, nanoseconds since 1970-01-01 UTC; nil where there
    /// is none, or it is released already.
    package func time(after sequence: UInt64) -> Int64? {
        memory.lock()
        defer { memory.unlock() }
        let newest = memory.word64(JournalLayout.newestPlace).pointee
        guard !isPutOut, newest > sequence, sequence >= memory.follower(slot).pointee.released
        else { return nil }
        return memory.entry(sequence + 1).pointee.appended
    }

    /// Hands records to `take` in order, from the one after `position`, until there are no more, or
    /// `take` answers false (that record will come again), or `limit` is reached.
    ///
    /// What `take` is given lies in shared memory and is valid only inside it. If `isPutOut` is
    /// true afterwards, what was taken may be torn and must be thrown away.
    ///
    /// - Returns: the number of records taken.
    package func read(
        limit: Int, _ take: (borrowing OperationRecord, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        let newest = memory.newest
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
        }
        return count
    }

    /// Reads again from behind `sequence`, after a broken link. It must not be released yet.
    package func rewind(to sequence: UInt64) { position = max(sequence, released) }

    /// The target has `sequence` safe on its disk; the room can be used again.
    package func release(through sequence: UInt64) {
        let place = releasedPlace(memory.follower(slot))
        if sequence > cposix_load64(place) { cposix_store64(place, sequence) }
    }

    /// Starts anew at the newest record, for a mirror that begins now; also when put out.
    package func restart() {
        memory.lock()
        defer { memory.unlock() }
        let follower = memory.follower(slot)
        if follower.pointee.state != FollowerSlot.following {
            let count = memory.word32(JournalLayout.followerCountPlace)
            cposix_store32(count, count.pointee + 1)
            cposix_store32(statePlace(follower), FollowerSlot.following)
        }
        position = memory.word64(JournalLayout.newestPlace).pointee
        cposix_store64(releasedPlace(follower), position)
    }

    /// Ends following; the place is free for another connection.
    package func stop() {
        memory.lock()
        defer { memory.unlock() }
        let follower = memory.follower(slot)
        if follower.pointee.state == FollowerSlot.following {
            let count = memory.word32(JournalLayout.followerCountPlace)
            cposix_store32(count, count.pointee - 1)
        }
        cposix_store32(statePlace(follower), FollowerSlot.free)
        follower.pointee.connection = 0
    }
}
