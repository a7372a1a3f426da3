import SimulationKit
import Testing

@Suite
struct ReplayTests {
    @Test
    func `Changes of which a batch is cut and comes again end in the same tree`() {
        for seed in UInt64(1)...500 {
            guard let failure = Replay(seed: seed).run() else { continue }
            Issue.record("seed \(seed): \(failure)")
        }
    }
}
