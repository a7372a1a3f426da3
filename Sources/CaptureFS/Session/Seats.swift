internal import CLinuxFuse
internal import CPosix
internal import Glibc
internal import Synchronization

/// Who reads requests. A *seat* is the right to read; there is at least one taken, by a thread that
/// reads or waits for requests, and at most `seatCountMax`. A thread that may be busy for long
/// passes its seat on first, so that one slow request never holds up the others.
final class Seats: @unchecked Sendable {
    /// Seats offered and not yet taken; threads without a seat sleep on it.
    private let offers: UnsafeMutablePointer<UInt32>
    private let taken = Atomic<Int>(1)
    private let sleepers = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    /// Two: with more readers than processors they only get in each other's way.
    static let seatCountMax = 2

    init() {
        offers = .allocate(capacity: 1)
        // The first seat.
        offers.initialize(to: 1)
    }

    deinit { offers.deallocate() }

    /// A thread gives its seat to another one.
    func pass() {
        _ = cposix_add32(offers, 1)
        _ = cposix_futexWake(offers, 1)
    }

    /// Waits for a seat; false when the session is over.
    func take() -> Bool {
        sleepers.wrappingAdd(1, ordering: .acquiringAndReleasing)
        defer { sleepers.wrappingSubtract(1, ordering: .acquiringAndReleasing) }
        while !isOver.load(ordering: .acquiring) {
            let count = cposix_load32(offers)
            if count == 0 {
                _ = cposix_futexWait(offers, 0, -1)
            } else if understudy_compareExchange(offers, count, count - 1) != 0 {
                return true
            }
        }
        return false
    }

    /// Threads that could take a seat that is passed on.
    var sleeperCount: Int { sleepers.load(ordering: .acquiring) }

    /// More comes than one can serve: one more seat, if there may be one.
    func addSeat() {
        guard taken.load(ordering: .relaxed) < Self.seatCountMax, sleeperCount > 0 else { return }
        if taken.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue > Self.seatCountMax {
            taken.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        } else {
            pass()
        }
    }

    /// The holder of a seat has nothing to do: true if there are others, and the seat is gone.
    func giveUp() -> Bool {
        guard taken.load(ordering: .relaxed) > 1 else { return false }
        if taken.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue < 1 {
            taken.wrappingAdd(1, ordering: .acquiringAndReleasing)
            return false
        }
        return true
    }

    func end() {
        isOver.store(true, ordering: .releasing)
        _ = cposix_add32(offers, 1)
        _ = cposix_futexWake(offers, CInt.max)
    }
}
