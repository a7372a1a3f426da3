import Glibc
import SimulationKit
import Testing

/// Some thousand seeds; more with `UNDERSTUDY_SEEDS`, others with `UNDERSTUDY_FIRST_SEED`.
@Suite
struct SearchTests {
    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    private static let count = number("UNDERSTUDY_SEEDS") ?? 20_000
    private static let first = number("UNDERSTUDY_FIRST_SEED") ?? 1

    /// Two halves, for two processors.
    @Test(arguments: [0, 1] as [UInt64])
    func `Whatever breaks, the target is what it says and becomes the source`(half: UInt64) {
        let search = Search()
        for seed in Self.first..<(Self.first + Self.count) where seed % 2 == half {
            guard let failure = search.run(seed: seed, isShort: true).failure else { continue }
            Issue.record("understudy-sim --seed \(seed) --short --trace: \(failure)")
        }
        print(search.figures.text)
    }

    /// What is moved over the border of a set comes and goes.
    @Test
    func `The same where a part of the tree is not replicated`() {
        let search = Search()
        for seed in Self.first..<(Self.first + Self.count / 10) {
            let outcome = search.run(seed: seed, isShort: true, hasRules: true)
            guard let failure = outcome.failure else { continue }
            Issue.record("understudy-sim --seed \(seed) --short --rules --trace: \(failure)")
        }
        print(search.figures.text)
        #expect(Self.count < 1000 || search.figures.partialMirrors > 0)
    }
}
