import Glibc
import SimulationKit
import Testing

/// The same changes again, from whatever the target once knew. More seeds with `UNDERSTUDY_SEEDS`,
/// others with `UNDERSTUDY_FIRST_SEED`.
@Suite
struct ReplayTests {
    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    private static func seeds(orElse count: UInt64) -> Range<UInt64> {
        let first = number("UNDERSTUDY_FIRST_SEED") ?? 1
        let seeds = first..<first + (number("UNDERSTUDY_SEEDS") ?? count)
        print("seeds \(seeds)")
        return seeds
    }

    @Test
    func `Crashes, and goings back to any earlier checkpoint, end in the same tree`() {
        for seed in Self.seeds(orElse: 250) {
            guard let failure = Replay(seed: seed).run() else { continue }
            Issue.record("understudy-sim --replay --seed \(seed) --trace: \(failure)")
        }
    }

    @Test
    func `A crash at every step and a start from every checkpoint before it end in the same tree`() {
        for seed in Self.seeds(orElse: 12) {
            guard let failure = Replay(seed: seed, isShort: true).runEverywhere() else { continue }
            Issue.record("understudy-sim --replay --short --seed \(seed) --trace: \(failure)")
        }
    }

    /// What the map had was gone, and its inode number another object's.
    @Test(arguments: [62_569, 72_942, 87_079, 87_845] as [UInt64])
    func `A number that is used again does not make another object the old one`(seed: UInt64) {
        #expect(Replay(seed: seed).run() == nil)
    }
}
