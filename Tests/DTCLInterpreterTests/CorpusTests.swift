import Foundation
import Testing

@testable import DTCLInterpreter

@Suite("Scripts of the corpus")
struct CorpusTests {
    @Test("does what its comments say", arguments: CorpusCase.all())
    func doesWhatItsCommentsSay(_ file: CorpusCase) throws {
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        let expected = CorpusExpectations(text)
        #expect(!expected.events.isEmpty, "the script expects nothing")
        var run = CorpusRun()
        run.run(file, text, expected)
        let got = run.events.map(\.description).joined(separator: "\n")
        let wanted = expected.events.map(\.description).joined(separator: "\n")
        #expect(got == wanted)
    }

    @Test("the corpus is there")
    func theCorpusIsThere() {
        #expect(CorpusCase.all().count > 50)
    }

    @Test("every message of compiler and machine has a script that brings it about")
    func everyMessageHasAScript() throws {
        var seen: Set<String> = []
        for file in CorpusCase.all() {
            let text = try String(contentsOfFile: file.path, encoding: .utf8)
            for case .error(let id, _) in CorpusExpectations(text).events { seen.insert(id) }
        }
        var missing = Set(CompileMessage.allCases.map(\.rawValue))
        missing.formUnion(ScriptError.Kind.allCases.map(\.rawValue))
        // A program that is too large is made by its own test.
        missing.subtract(["program-too-large"])
        #expect(missing.subtracting(seen).isEmpty)
    }
}
