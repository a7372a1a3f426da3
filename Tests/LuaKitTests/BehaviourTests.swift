import CommandModel
import LuaKit
import Testing

/// Files in which the expectation stands beside the line: `-- expect: a | b` for printed lines,
/// `-- expect error: kind message`, `-- expect trace: a level`.
@Suite struct BehaviourTests {
    private struct Expectations {
        var lines: [String] = []
        var error: String?
        var trace: [String] = []

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                if let rest = Self.part(line, "-- expect: ") {
                    lines += rest.split(separator: " | ", omittingEmptySubsequences: false)
                        .map(String.init)
                } else if let rest = Self.part(line, "-- expect error: ") {
                    error = String(rest)
                } else if let rest = Self.part(line, "-- expect trace: ") {
                    trace.append(String(rest))
                }
            }
        }

        private static func part(_ line: Substring, _ mark: String) -> Substring? {
            line.firstRange(of: mark).map { line[$0.upperBound...] }
        }
    }

    private static let modules = [
        "one": "shared = 1 return {name = ..., asked = dt.ask(5)}",
        "loop": "return require 'loop'", "broken": "return (",
    ]

    private static func answer(_ arguments: [CommandValue]) -> LuaAnswer {
        guard let record = arguments.first?.record, let code = record["fail"]?.integer else {
            return .returning(arguments.first ?? .none)
        }
        return .failing(code: Int(code), message: record["message"]?.text ?? "")
    }

    @Test("A file does what it says", arguments: Corpus.names(in: "behaviour"))
    func file(_ path: String) throws {
        let text = Corpus.text(path)
        let expected = Expectations(text)
        for slice in [Int64(0), 1, 7] {
            var limits = ScriptRun.quick
            limits.sliceInstructions = slice
            let name = String(path.split(separator: "/").last ?? "")
            let run = ScriptRun(
                text, name: name, limits: limits, modules: Self.modules, answer: Self.answer)
            #expect(run.lines == expected.lines, "slices of \(slice)")
            let error = run.error.map { "\($0.kind.rawValue) \($0.message)" }
            #expect(error == expected.error, "slices of \(slice)")
            let trace = (run.error?.traceback ?? []).filter { !$0.hasPrefix("[C]") }
            if !expected.trace.isEmpty || run.error == nil {
                #expect(trace == expected.trace, "slices of \(slice)")
            }
            if slice > 0 && run.error?.kind == .instructions { #expect(run.slices > 1000) }
        }
    }
}
