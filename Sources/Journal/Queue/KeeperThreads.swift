internal import CPosix
internal import Synchronization

/// The two threads of a keeper, their end, and the word that the disk's thread sleeps on.
final class KeeperThreads: @unchecked Sendable {
    private let isStoppingFlag = Atomic<Bool>(false)
    /// Word 0: bumped to wake the disk's thread; word 1: threads that run.
    private let words: UnsafeMutablePointer<UInt32>

    init() {
        words = .allocate(capacity: 2)
        words.initialize(repeating: 0, count: 2)
    }

    deinit { words.deallocate() }

    var isStopping: Bool { isStoppingFlag.load(ordering: .acquiring) }

    func start(keeper: @escaping @Sendable () -> Void, disk: @escaping @Sendable () -> Void) {
        isStoppingFlag.store(false, ordering: .releasing)
        run("queue-keeper", keeper)
        run("queue-disk", disk)
    }

    /// Ends both and waits; not for ever, because the disk's thread may hang with its disk.
    func stop(wake: () -> Void) {
        isStoppingFlag.store(true, ordering: .releasing)
        let deadline = cposix_monotonic() + Self.patienceNanoseconds
        while cposix_monotonic() < deadline {
            let running = cposix_load32(words + 1)
            if running == 0 { break }
            wake()
            wakeDisk()
            _ = cposix_futexWait(words + 1, running, 10_000_000)
        }
    }

    private static let patienceNanoseconds: Int64 = 10_000_000_000

    // MARK: The disk's thread

    var diskSignal: UInt32 { cposix_load32(words) }

    func wakeDisk() {
        _ = cposix_add32(words, 1)
        _ = cposix_futexWake(words, CInt.max)
    }

    func sleepDisk(while seen: UInt32, nanoseconds: Int64) {
        _ = cposix_futexWait(words, seen, nanoseconds)
    }

    // MARK: Starting

    private final class Body {
        let name: String
        let work: @Sendable () -> Void
        init(_ name: String, _ work: @escaping @Sendable () -> Void) {
            self.name = name
            self.work = work
        }
    }

    private func run(_ name: String, _ work: @escaping @Sendable () -> Void) {
        _ = cposix_add32(words + 1, 1)
        let body = Unmanaged.passRetained(
            Body(name) { [self] in
                work()
                _ = cposix_add32(words + 1, UInt32.max)
                _ = cposix_futexWake(words + 1, CInt.max)
            })
        let result = cposix_startThread(
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                cposix_nameThread(body.name)
                body.work()
                return nil
            }, body.toOpaque())
        precondition(result == 0, "no thread can be started: errno \(-result)")
    }
}
