import CommandTable
@testable import DTCLInterpreter
import DTCLSyntax
import Testing

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
}
