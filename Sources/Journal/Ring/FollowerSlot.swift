internal import CPosix
internal import ReplicationModel

/// A follower's place in the shared memory, 64 bytes.
struct FollowerSlot: BitwiseCopyable {
    /// One of the states below.
    var state = Self.free
    /// The connection's number.
    var connection: UInt32
    /// Records up to this sequence are no longer needed: the target has them safe, or (while
    /// marking) they became marks.
    var released: UInt64
    /// While the follower reads the ring: the sequence from which on nothing may be written over.
    var pin: UInt64 = 0
    /// While marking: records after `backlogThrough` and up to here became marks.
    var markedThrough: UInt64 = 0
    /// While marking: records after `released` and up to here lie in segments and are still to
    /// become marks.
    var backlogThrough: UInt64 = 0
    /// See `incomplete`.
    var flags: UInt32 = 0
    /// A `PutOutReason`.
    var reason: UInt32 = 0
    var reserved: (UInt64, UInt64) = (0, 0)

    init(connection: UInt32, released: UInt64) {
        self.connection = connection
        self.released = released
    }

    static let free: UInt32 = 0
    /// Its records are kept for it.
    static let following: UInt32 = 1
    /// Its records are written over; nobody makes marks of them.
    static let putOut: UInt32 = 2
    /// Its records become marks, those that come as well.
    static let marking: UInt32 = 3

    /// Flag: records went that did not become marks.
    static let incomplete: UInt32 = 1
    /// Flag: a dirty index with marks exists, besides those of the state.
    static let hasMarks: UInt32 = 2
}

/// Why a connection's records were dropped.
package enum PutOutReason: UInt32, Sendable {
    case none = 0
    /// The memory was full and nobody else made room: the daemon was away, or too slow.
    case memoryFull = 1
    /// The disk queue reached its limit.
    case diskLimit = 2
    /// The disk of the queue reached the space that must stay free.
    case diskFloor = 3
    /// The disk queue could not be written.
    case diskError = 4
    /// The disk queue could not be written as fast as changes came.
    case diskSlow = 5
    /// A segment is missing or damaged.
    case segmentLost = 6
    /// The connection wanted it: its target cannot take changes now.
    case ownWill = 7
}

@inline(__always)
func releasedPlace(_ follower: UnsafeMutablePointer<FollowerSlot>) -> UnsafeMutablePointer<UInt64> {
    (UnsafeMutableRawPointer(follower) + 8).assumingMemoryBound(to: UInt64.self)
}

@inline(__always)
func pinPlace(_ follower: UnsafeMutablePointer<FollowerSlot>) -> UnsafeMutablePointer<UInt64> {
    (UnsafeMutableRawPointer(follower) + 16).assumingMemoryBound(to: UInt64.self)
}

@inline(__always)
func statePlace(_ follower: UnsafeMutablePointer<FollowerSlot>) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(follower).assumingMemoryBound(to: UInt32.self)
}

/// What needs the lock.
extension JournalMemory {
    /// Up to which sequence a follower needs no record in the ring; nil when it needs none at all.
    func ringHold(_ slot: Int) -> UInt64? {
        let follower = follower(slot)
        switch follower.pointee.state {
        case FollowerSlot.following:
            let spilled = word64(JournalLayout.spilledThroughPlace).pointee
            let hold = max(cposix_load64(releasedPlace(follower)), spilled)
            let pin = cposix_load64(pinPlace(follower))
            return pin == 0 ? hold : min(hold, pin - 1)
        case FollowerSlot.marking: return follower.pointee.markedThrough
        default: return nil
        }
    }

    /// Finds out anew what may be written over.
    func refreshFreeThrough() {
        var free = word64(JournalLayout.newestPlace).pointee
        for slot in 0..<Limits.cursorCountMax {
            if let hold = ringHold(slot) { free = min(free, hold) }
        }
        // What was free once is not there any more.
        let place = word64(JournalLayout.freeThroughPlace)
        if free > place.pointee { place.pointee = free }
    }

    /// Makes room by giving up the follower whose records are in the way. Its marks, if it has
    /// any, lack them.
    func putOutSlowest() {
        var slowest: (hold: UInt64, released: UInt64, slot: Int)?
        for slot in 0..<Limits.cursorCountMax {
            guard let hold = ringHold(slot) else { continue }
            let candidate = (hold, cposix_load64(releasedPlace(follower(slot))), slot)
            if let known = slowest, (known.hold, known.released) <= (candidate.0, candidate.1) {
                continue
            }
            slowest = candidate
        }
        if let slowest {
            let follower = follower(slowest.slot)
            follower.pointee.flags |= FollowerSlot.incomplete
            if follower.pointee.state == FollowerSlot.following {
                follower.pointee.reason = PutOutReason.memoryFull.rawValue
            }
            // The state must be seen before any of its records is written over: a reader checks it
            // after copying.
            setState(follower, FollowerSlot.putOut)
            _ = cposix_add64(word64(JournalLayout.putOutCountPlace), 1)
        }
        refreshFreeThrough()
    }

    /// From now on the follower's records become marks.
    func startMarking(_ slot: Int, _ reason: PutOutReason, isIncomplete: Bool) {
        let follower = follower(slot)
        let newest = word64(JournalLayout.newestPlace).pointee
        let released = cposix_load64(releasedPlace(follower))
        let spilled = min(word64(JournalLayout.spilledThroughPlace).pointee, newest)
        let wasPutOut = follower.pointee.state == FollowerSlot.putOut
        if isIncomplete || wasPutOut { follower.pointee.flags |= FollowerSlot.incomplete }
        if !wasPutOut { follower.pointee.reason = reason.rawValue }
        follower.pointee.backlogThrough = max(released, spilled)
        // What was put out by a capture is gone from the ring.
        follower.pointee.markedThrough = wasPutOut ? newest : max(released, spilled)
        cposix_store64(pinPlace(follower), 0)
        setState(follower, FollowerSlot.marking)
    }

    /// Changes a follower's state and the count of those that records are kept for.
    func setState(_ follower: UnsafeMutablePointer<FollowerSlot>, _ state: UInt32) {
        let kept = Self.isKept(follower.pointee.state)
        let isKept = Self.isKept(state)
        cposix_store32(statePlace(follower), state)
        let count = word32(JournalLayout.followerCountPlace)
        if kept && !isKept { cposix_store32(count, count.pointee - 1) }
        if !kept && isKept { cposix_store32(count, count.pointee + 1) }
    }

    private static func isKept(_ state: UInt32) -> Bool {
        state == FollowerSlot.following || state == FollowerSlot.marking
    }

    /// Puts the counters right after the holder of the lock died inside. A record that was not
    /// complete had not moved `newest`; what else it had moved goes back.
    func repair() {
        var kept: UInt32 = 0
        for slot in 0..<Limits.cursorCountMax where Self.isKept(follower(slot).pointee.state) {
            kept += 1
        }
        cposix_store32(word32(JournalLayout.followerCountPlace), kept)
        let newest = word64(JournalLayout.newestPlace).pointee
        guard newest > 0, record(newest).pointee.sequence == newest else {
            if newest == 0 {
                word64(JournalLayout.payloadHeadPlace).pointee = 0
                word64(JournalLayout.bytesTotalPlace).pointee = 0
            }
            return
        }
        let length = UInt64(record(newest).pointee.payloadLength)
        let entry = entry(newest).pointee
        word64(JournalLayout.payloadHeadPlace).pointee = entry.payloadStart + (length + 7) & ~7
        word64(JournalLayout.bytesTotalPlace).pointee = entry.bytesBefore + length
    }

    /// The slot of a connection; nil when it has none.
    func slot(of connection: UInt32) -> Int? {
        (0..<Limits.cursorCountMax).first {
            let follower = follower($0).pointee
            return follower.state != FollowerSlot.free && follower.connection == connection
        }
    }
}
