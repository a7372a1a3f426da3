import Foundation
import Testing

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
}
