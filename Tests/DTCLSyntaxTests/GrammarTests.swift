import Foundation
import Testing

@testable import DTCLSyntax

/// The files in `Grammar/` and the parser say the same.
@Suite("Grammar")
struct GrammarTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Grammar")

    static func samples(_ kind: String) -> [String] {
        let path = folder.appending(path: "samples/\(kind)").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".dtcl") }.sorted()
    }

    static func sample(_ kind: String, _ name: String) throws -> SourceText {
        let data = try Data(contentsOf: folder.appending(path: "samples/\(kind)/\(name)"))
        return SourceText(bytes: Array(data), name: name)
    }

    @Test("the rules are the parser's productions, in order")
    func rulesAreProductions() throws {
        let text = try String(contentsOf: Self.folder.appending(path: "dtcl.ebnf"), encoding: .utf8)
        let rules = text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            return line.first?.isLetter == true && words.count > 1 && words[1] == "="
                ? String(words[0]) : nil
        }
        #expect(rules == Production.allCases.map(\.name))
    }

    @Test("the list of tokens and keywords is complete")
    func tokensAreListed() throws {
        let text = try String(
            contentsOf: Self.folder.appending(path: "tokens.txt"), encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("# ") }.map(String.init)
        let kinds = TokenKind.allCases.map { kind in
            kind.spelling.map { "\(kind.rawValue) \($0)" } ?? kind.rawValue
        }
        #expect(lines == kinds + Keyword.allCases.map(\.rawValue))
    }

    @Test("every rule has a sample that uses it without a message", arguments: Production.allCases)
    func everyRuleHasASample(_ production: Production) throws {
        let script = Script.parse(try Self.sample("ok", "\(production.name).dtcl"))
        #expect(script.diagnostics.isEmpty)
        #expect(script.productions.contains(production))
    }

    @Test(
        "every rule has a sample that breaks it, after which the parser reads on",
        arguments: Production.allCases)
    func everyRuleIsBroken(_ production: Production) throws {
        let broken = try Self.sample("broken", "\(production.name).dtcl")
        let script = Script.parse(broken)
        #expect(script.productions.contains(production))
        let errors = script.diagnostics.filter { $0.severity == .error }
        #expect(!errors.isEmpty)
        let table = LineTable(broken)
        for error in errors {
            let place = table.position(of: error.range.lower)
            #expect(place.line <= 3 && place.column <= 100)
        }
        // What is still open in the sample takes the END, the rest a statement too many.
        let next = Script.parse(
            SourceText(bytes: broken.bytes + Array("\nEND\nping next\n".utf8), name: ""))
        #expect(next.commands.contains { $0.words.first?.raw == "ping" })
        let isOpenText = errors.contains { $0.id == "quote-missing" }
        #expect(next.diagnostics.count <= errors.count + (isOpenText ? 2 : 1))
    }

    @Test(
        "every sample of a mistake gives the message it is named for", arguments: samples("errors"))
    func everyMistakeIsNamed(_ name: String) throws {
        let script = Script.parse(try Self.sample("errors", name))
        #expect(Set(script.diagnostics.map(\.id)) == [String(name.dropLast(5))])
    }

    @Test("every message has a sample")
    func everyMessageHasASample() {
        let named = Set(Self.samples("errors").map { String($0.dropLast(5)) })
        // A text of 16 MB is made by its own test.
        let expected = Set(SyntaxMessage.allCases.map(\.rawValue)).subtracting(["text-too-long"])
        #expect(named == expected)
    }
}
