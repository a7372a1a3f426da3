import CPosix

/// A word that one thread sleeps on and any thread rings.
final class Bell: Sendable {
    private nonisolated(unsafe) let word: UnsafeMutablePointer<UInt32>
    /// 1 while the owner sleeps or is about to: ringing costs a system call only then.
    private nonisolated(unsafe) let asleep: UnsafeMutablePointer<UInt32>

    init() {
        word = .allocate(capacity: 2)
        word.initialize(repeating: 0, count: 2)
        asleep = word + 1
    }

    deinit { word.deallocate() }

    /// After what the sleeper is to see has been put where it looks.
    func ring() {
        _ = cposix_add32(word, 1)
        if cposix_load32(asleep) != 0 { _ = cposix_futexWake(word, 1) }
    }

    /// Sleeps until the next ring, unless `hasWork` finds something to do first.
    /// - Parameter nanoseconds: at most so long; negative for no limit.
    func sleep(nanoseconds: Int64, unless hasWork: () -> Bool) {
        cposix_store32(asleep, 1)
        defer { cposix_store32(asleep, 0) }
        let seen = cposix_load32(word)
        if hasWork() { return }
        _ = cposix_futexWait(word, seen, nanoseconds)
    }
}
