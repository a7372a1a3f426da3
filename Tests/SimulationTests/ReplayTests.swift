import SimulationKit
import Testing

@Suite
struct ReplayTests {
    @Test
    func `Changes made twice, half and again, and from any checkpoint end in the same tree`() {
        for seed in UInt64(1)...500 {
            guard let failure = Replay(seed: seed).run() else { continue }
            Issue.record("seed \(seed): \(failure)")
        }
    }
}
