import FuzzLua
import Testing

@Suite struct FuzzTests {
    /// The whole is `understudy-fuzz`'s; `HostileLua.script(seed:)` shows what a seed does.
    @Test("Random hostile hooks neither crash nor pass a limit")
    func hostile() {
        let first = UInt64.random(in: 0..<1_000_000_000)
        print("hostile hooks: from seed \(first)")
        for seed in first..<(first + 300) {
            let problem = HostileLua.check(seed: seed)
            #expect(problem == nil)
        }
    }
}
