import FuzzLanguage
import Foundation
import Testing

@testable import DTCLInterpreter
@testable import DTCLSyntax

/// Docs/Language.md does what it says.
@Suite("Page of the language")
struct LanguagePageTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var line: Int
        var script: String
        /// nil: only that it compiles.
        var output: [String]?

        var testDescription: String { "line \(line)" }
    }

    static func page() -> String {
        let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Docs/Language.md")
        return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    }

    static func examples() -> [Example] {
        var examples: [Example] = []
        var fence: String?
        var lines: [String] = []
        for (number, line) in page().split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            if line == "```", let open = fence {
                if open == "dtcl" {
                    let script = lines.joined(separator: "\n") + "\n"
                    examples.append(Example(line: number + 1 - lines.count, script: script))
                } else if open == "output", !examples.isEmpty {
                    examples[examples.count - 1].output = lines
                }
                fence = nil
            } else if fence != nil {
                lines.append(String(line))
            } else if line.hasPrefix("```") {
                fence = String(line.dropFirst(3))
                lines = []
            }
        }
        return examples
    }

    @Test("the page is there")
    func thePageIsThere() {
        #expect(Self.examples().count > 10)
    }

    @Test("an example gives what stands below it, without a warning", arguments: examples())
    func examplesRun(_ example: Example) throws {
        var options = CompileOptions()
        options.reportsWarnings = true
        let compilation = Program.compile(Script.parse(example.script), options: options)
        // A short example may show what a variable holds without using it.
        let messages = compilation.diagnostics.filter { $0.diagnostic.id != "variable-unused" }
        #expect(messages.isEmpty, "\(messages.map(\.diagnostic.message))")
        guard let output = example.output else { return }
        let machine = Machine(
            try #require(compilation.program), limits: .hook, environment: CorpusRun.environment)
        var lines: [String] = []
        loop: while true {
            switch try machine.run() {
            case .write(let line, _): lines.append(line)
            case .command: machine.resume(returning: .integer(1))
            case .finished: break loop
            case .outOfSteps, .wait: break
            }
        }
        #expect(lines == output)
    }

    @Test("an example is laid out as all scripts are", arguments: examples())
    func examplesAreLaidOut(_ example: Example) {
        #expect(SyntaxCheck.layout(of: example.script) == example.script)
    }

    /// The first cells of the rows of a table.
    private static func names(after heading: String) -> [String] {
        let section = page().components(separatedBy: "\n## ").first { $0.hasPrefix(heading) } ?? ""
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { line in
            line.split(separator: "`").dropFirst().first.map(String.init)
        }
    }

    @Test("every function is listed as it describes itself, and no other")
    func functions() {
        #expect(Self.names(after: "Functions") == BuiltinFunction.all.map(\.signature))
        #expect(BuiltinFunction.all.map(\.name) == Builtin.names)
        for function in BuiltinFunction.all {
            #expect(Self.page().contains("| `\(function.signature)` | \(function.summary) |"))
        }
    }

    @Test("every message is listed, and no other")
    func messages() {
        let ids =
            SyntaxMessage.allCases.map(\.rawValue) + CompileMessage.allCases.map(\.rawValue)
        #expect(Self.names(after: "Messages") == ids.sorted())
    }

    @Test("every kind of error is listed with its code, and no other")
    func kinds() {
        let rows = Self.names(after: "When something goes wrong")
        #expect(rows == ScriptError.Kind.allCases.map(\.rawValue))
        for kind in ScriptError.Kind.allCases where kind != .commandFailed {
            #expect(
                Self.page().contains(
                    "| `\(kind.rawValue)` | \(kind.code) | \(kind.isLimit ? "no" : "yes") |"))
        }
    }

    @Test("messages are worded alike")
    func wording() {
        for message in CompileMessage.allCases {
            #expect(!message.template.hasSuffix("."))
            #expect(message.template.first?.isUppercase == false)
        }
    }
}
