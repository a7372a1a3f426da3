/// How long to wait before the next attempt: 100 ms, doubling to 30 s, each shortened by up to half
/// by chance, so that the peers of a server that comes back do not all knock at once.
package struct Backoff: Sendable {
    private var attempts = 0
    private var state: UInt64

    package static let first = Duration.milliseconds(100)
    package static let most = Duration.seconds(30)

    /// The same seed gives the same waits.
    package init(seed: UInt64) { state = seed }

    /// The wait before the next attempt, after one that failed.
    package mutating func next() -> Duration {
        let full = min(Self.first * (1 << min(attempts, 20)), Self.most)
        attempts += 1
        let share = Double(random() >> 11) / Double(1 << 53)
        return full - full * (share / 2)
    }

    /// After a success the next failure starts at the shortest wait again.
    package mutating func reset() { attempts = 0 }

    /// A step of SplitMix64.
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
