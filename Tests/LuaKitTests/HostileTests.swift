import CommandModel
import LuaKit
import Testing

/// Scripts that want to hang, to exhaust or to crash, each with the way in which it must end.
@Suite struct HostileTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        let kinds: Set<LuaError.Kind>
        var text: String
        var testDescription: String { name }

        /// What may be ended by its time has little of it, whatever else has enough on any machine.
        var limits: LuaLimits {
            LuaLimits(
                memoryBytesMax: 4 << 20, instructionsMax: 500_000,
                wallSecondsMax: kinds.contains(.wallTime) ? 0.1 : 60, sliceInstructions: 0,
                coroutineDepthMax: 16)
        }
    }

    /// `--- name: kinds`, then the script.
    private static func attacks(_ file: String) -> [Attack] {
        var attacks: [Attack] = []
        for line in Corpus.text(file).split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("--- "), let colon = line.lastIndex(of: ":") else {
                if let last = attacks.indices.last { attacks[last].text += line + "\n" }
                continue
            }
            let kinds = line[colon...].dropFirst().split(separator: " ")
                .compactMap { LuaError.Kind(rawValue: String($0)) }
            let name = String(line[..<colon].dropFirst(4))
            attacks.append(Attack(name: name, kinds: Set(kinds), text: ""))
        }
        return attacks
    }

    /// Whatever the limit is, the script must not see its error.
    private static let endless = attacks("endless.lua")
    /// What nobody needs a limit for.
    private static let harmless = attacks("harmless.lua")

    @Test("An attack ends in its limit", arguments: endless)
    func ends(_ attack: Attack) {
        let run = ScriptRun(attack.text, limits: attack.limits)
        expect(run, attack)
    }

    @Test("No catcher in a script catches a limit", arguments: endless)
    func cannotBeCaught(_ attack: Attack) {
        for catcher in Self.catchers {
            let text = """
                local function attack() \(attack.text)
                end
                \(catcher)
                print("survived")
                """
            let run = ScriptRun(text, limits: attack.limits)
            expect(run, attack, "\n" + catcher)
        }
    }

    @Test("What needs no limit is an error like any other", arguments: harmless)
    func isHarmless(_ attack: Attack) {
        let run = ScriptRun(attack.text, limits: attack.limits)
        expect(run, attack)
    }

    private static let catchers = Corpus.text("catchers.lua").split(separator: "\n---\n")

    private func expect(_ run: ScriptRun, _ attack: Attack, _ more: String = "") {
        #expect(
            run.error.map { attack.kinds.contains($0.kind) } == true,
            "\(attack.name): \(String(describing: run.error))\(more)")
        #expect(!run.lines.contains("survived"), "\(attack.name)\(more)")
        #expect(run.took < .seconds(3), "\(attack.name) took \(run.took)\(more)")
        #expect(
            run.bytesPeak <= attack.limits.memoryBytesMax + (64 << 10),
            "\(attack.name) used \(run.bytesPeak) bytes\(more)")
    }

    @Test("A script that does nothing but wait for commands ends too")
    func commands() {
        let run = ScriptRun("while true do dt.ask(1) end", limits: ScriptRun.quick)
        #expect(run.error?.kind == .instructions && run.calls.count > 100)
    }

    @Test("A table is never weak, however it is asked for")
    func weakTables() {
        let run = ScriptRun(
            """
            local mt = {}
            local t = setmetatable({}, mt)
            mt.__mode = "kv"
            for i = 1, 100 do t[{}] = {} end
            for i = 1, 100000 do local garbage = {} end
            local count = 0
            for k in pairs(t) do count = count + 1 end
            print(count, mt.__mode, ("__mode"):len(), rawget(mt, "__" .. "mode"))
            """, limits: ScriptRun.quick)
        #expect(run.lines == ["100\tkv\t6\tkv"])
    }
}
