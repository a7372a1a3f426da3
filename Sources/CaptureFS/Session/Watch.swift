internal import CLinuxFuse
internal import CPosix
internal import Glibc
internal import Synchronization

/// Takes the seat from a worker that has been busy with one request for long (a disk that does not
/// answer, a huge file being freed), where that could not be known before. Looks every few
/// milliseconds while requests come, and sleeps when none have come for a while.
final class Watch: @unchecked Sendable {
    private let signal: UnsafeMutablePointer<UInt32>
    private let isAsleep = Atomic<Bool>(false)
    private let isResting = Atomic<Bool>(false)
    private let isOver = Atomic<Bool>(false)

    private static let tickNanoseconds: Int64 = 5_000_000
    private static let quietTicksMax = 200

    init() {
        signal = .allocate(capacity: 1)
        signal.initialize(to: 0)
    }

    deinit { signal.deallocate() }

    /// The last reader goes to sleep.
    func rest() { isResting.store(true, ordering: .relaxed) }

    /// A request came after a rest.
    @inline(__always)
    func wake() {
        isResting.store(false, ordering: .relaxed)
        guard isAsleep.load(ordering: .relaxed) else { return }
        isAsleep.store(false, ordering: .relaxed)
        _ = cposix_add32(signal, 1)
        _ = cposix_futexWake(signal, 1)
    }

    func end() {
        isOver.store(true, ordering: .releasing)
        _ = cposix_add32(signal, 1)
        _ = cposix_futexWake(signal, 1)
    }

    func run(_ workers: [Worker], _ seats: Seats) {
        var seen = [UInt64](repeating: 0, count: workers.count)
        var quietTicks = 0
        while !isOver.load(ordering: .acquiring) {
            let current = cposix_load32(signal)
            if quietTicks > Self.quietTicksMax {
                isAsleep.store(true, ordering: .sequentiallyConsistent)
                _ = cposix_futexWait(signal, current, 1_000_000_000)
                isAsleep.store(false, ordering: .relaxed)
                quietTicks = isResting.load(ordering: .relaxed) ? Self.quietTicksMax + 1 : 0
                continue
            }
            _ = cposix_futexWait(signal, current, Self.tickNanoseconds)
            quietTicks = isResting.load(ordering: .relaxed) ? quietTicks + 1 : 0
            for (index, worker) in workers.enumerated() {
                let progress = worker.progress.load(ordering: .acquiring)
                let isBusy = progress & 1 == 1 && progress == seen[index]
                seen[index] = progress
                if isBusy, worker.hasSeat.exchange(false, ordering: .acquiringAndReleasing) {
                    seats.pass()
                }
            }
        }
    }
}
