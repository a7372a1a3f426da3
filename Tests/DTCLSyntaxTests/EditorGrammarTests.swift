import Foundation
import Testing

@testable import DTCLSyntax

/// The grammars for editors know the words, signs and rules that the parser knows.
@Suite("Grammars for editors")
struct EditorGrammarTests {
    private static let keywords = Set(Keyword.allCases.map(\.rawValue))
    private static let signs = Set(TokenKind.allCases.compactMap(\.spelling))

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: GrammarTests.folder.appending(path: path), encoding: .utf8)
    }

    /// What stands between two marks, everywhere in a text.
    private static func parts(of text: String, from open: String, to close: String) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while let start = rest.range(of: open) {
            rest = rest[start.upperBound...]
            guard let end = rest.range(of: close) else { break }
            parts.append(String(rest[..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return parts
    }

    // MARK: TextMate

    private struct Pattern {
        var name: String
        var match: String
    }

    /// Every rule with a name and a match.
    private static func patterns(of value: Any) -> [Pattern] {
        var found: [Pattern] = []
        if let record = value as? [String: Any] {
            if let match = record["match"] as? String {
                found.append(Pattern(name: record["name"] as? String ?? "", match: match))
            }
            for inner in record.values { found += patterns(of: inner) }
        }
        for inner in value as? [Any] ?? [] { found += patterns(of: inner) }
        return found
    }

    private static func textMate() throws -> [Pattern] {
        let data = try Data(contentsOf: GrammarTests.folder.appending(path: "dtcl.tmLanguage.json"))
        return patterns(of: try JSONSerialization.jsonObject(with: data))
    }

    @Test("the TextMate grammar has every keyword once, and no other")
    func textMateKeywords() throws {
        var words: [String] = []
        for pattern in try Self.textMate() {
            let isWordList =
                pattern.name.hasPrefix("keyword") || pattern.name.hasPrefix("constant.language")
            guard isWordList, let list = Self.parts(of: pattern.match, from: "$])(", to: ")").first
            else { continue }
            words += list.split(separator: "|").map(String.init)
        }
        #expect(Set(words) == Self.keywords)
        #expect(words.count == Self.keywords.count)
    }

    @Test("the TextMate grammar has every sign")
    func textMateSigns() throws {
        let patterns = try Self.textMate()
        for sign in Self.signs {
            let isKnown = patterns.contains { pattern in
                guard pattern.name == "keyword.operator.dtcl" || pattern.name == "punctuation.dtcl",
                    let expression = try? NSRegularExpression(pattern: pattern.match)
                else { return false }
                let range = NSRange(location: 0, length: sign.utf16.count)
                return expression.firstMatch(in: sign, range: range)?.range == range
            }
            #expect(isKnown, "\(sign)")
        }
    }

    @Test("every pattern of the TextMate grammar is a regular expression")
    func textMateExpressions() throws {
        for pattern in try Self.textMate() {
            #expect(throws: Never.self) { try NSRegularExpression(pattern: pattern.match) }
        }
    }

    @Test(
        "numbers are coloured as numbers",
        arguments: [
            ("10", true), ("64KB", true), ("500ms", true), ("0x1F", true), ("2.5", true),
            ("10.0.0.2", false), ("a1", false), ("/1", false),
        ])
    func textMateNumbers(_ text: String, _ expected: Bool) throws {
        let number = try Self.textMate().first { $0.name == "constant.numeric.dtcl" }
        let expression = try NSRegularExpression(pattern: try #require(number).match)
        let range = NSRange(location: 0, length: text.utf16.count)
        #expect((expression.firstMatch(in: text, range: range)?.range == range) == expected)
    }

    // MARK: tree-sitter

    @Test("the tree-sitter grammar has every keyword and no other, and so have its colours")
    func treeSitterKeywords() throws {
        let grammar = try Self.text("tree-sitter-dtcl/grammar.js")
        #expect(Set(Self.parts(of: grammar, from: "keyword('", to: "')")) == Self.keywords)
        let colours = try Self.text("tree-sitter-dtcl/queries/highlights.scm")
        let quoted = Self.parts(of: colours, from: "\"", to: "\"").filter { word in
            !word.isEmpty && word.allSatisfy(\.isLetter)
        }
        #expect(Set(quoted) == Self.keywords)
    }

    @Test("the tree-sitter grammar has every sign, and so have its colours")
    func treeSitterSigns() throws {
        let grammar = try Self.text("tree-sitter-dtcl/grammar.js")
        let colours = try Self.text("tree-sitter-dtcl/queries/highlights.scm")
        for sign in Self.signs {
            #expect(grammar.contains("'\(sign)'"), "\(sign)")
            // The point stands between a value and its field and has the colour of neither.
            if sign != "." { #expect(colours.contains("\"\(sign)\""), "\(sign)") }
        }
    }

    @Test("the tree-sitter grammar has the parser's rules, in their order")
    func treeSitterRules() throws {
        let grammar = try Self.text("tree-sitter-dtcl/grammar.js")
        let rules = grammar.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("    "), !line.hasPrefix("     "),
                let colon = line.range(of: ": ($) =>")
            else { return nil }
            return String(line[..<colon.lowerBound]).trimmingCharacters(in: .whitespaces)
        }
        let expected = Production.allCases.map { production in
            production.name.reduce(into: "") { name, letter in
                if letter.isUppercase { name.append("_") }
                name.append(contentsOf: letter.lowercased())
            }
        }
        #expect(rules.filter(expected.contains) == expected)
    }
}
