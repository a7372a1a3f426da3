import CommandTable
@testable import DTCLInterpreter
@testable import DTCLSyntax
import Testing
import UnderstudyCommands

#if canImport(Glibc)
    import Glibc
#endif

/// What people are told about the language against the language.
@Suite struct LanguageReferenceTests {
    @Test func `every built-in function is explained, and no other`() {
        let told = LanguageReference.functions.map(\.name)
        #expect(told == told.sorted())
        let missing = Set(Builtin.names).symmetricDifference(told)
        #expect(missing.isEmpty, "\(missing)")
    }

    @Test func `every word of the language is explained`() {
        for keyword in Keyword.allCases where ![.error, .option, .set].contains(keyword) {
            #expect(LanguageReference.entry(for: keyword.rawValue) != nil, "\(keyword.rawValue)")
        }
    }

    /// `Docs/Reference/Errors.md`; `REWRITE=1` writes it anew.
    @Test func `the page of the errors is what the commands and the language say`() throws {
        let syntax = SyntaxMessage.allCases.map { ($0.rawValue, $0.template) }
        let compiler = CompileMessage.allCases.map { ($0.rawValue, $0.template) }
        let messages = (syntax + compiler).sorted { $0.0 < $1.0 }.map { id, template in
            (id: id, meaning: Self.shown(template))
        }
        let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = Conversation.File(path: "\(folder)/Docs/Reference/Errors.md")
        let text = ErrorPage.markdown(language: messages)
        if getenv("REWRITE") != nil { try page.write(text) }
        for kind in ScriptError.Kind.allCases where kind != .commandFailed {
            #expect(text.contains("| `\(kind.code)` |"), "\(kind.rawValue)")
        }
        let isSame = try page.read() == text
        #expect(isSame, "Docs/Reference/Errors.md is old: write it anew with REWRITE=1")
    }

    /// Without the numbers of what is filled in.
    private static func shown(_ template: String) -> String {
        var text = ""
        var rest = template[...]
        while let character = rest.popFirst() {
            if character == "%", let digit = rest.first, digit.isNumber {
                rest.removeFirst()
                text += "…"
            } else {
                text.append(character)
            }
        }
        return text
    }
}
