import DTCLFormat
import DTCLSyntax
import Foundation
import FuzzLanguage
import Testing

/// A layout changes no meaning, loses no comment and is its own layout.
@Suite("Layout of whole scripts")
struct FormatFuzzTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Every script of the project.
    static func scripts() -> [String] {
        ["Grammar", "Tests", "Scripts", "Docs"].flatMap { folder -> [String] in
            let path = root.appending(path: folder).resolvingSymlinksInPath().path
            let files = FileManager.default.enumerator(atPath: path)?.allObjects ?? []
            return files.compactMap { $0 as? String }.filter { $0.hasSuffix(".dtcl") }
                .map { folder + "/" + $0 }
        }.sorted()
    }

    @Test("holds for every script of the project")
    func everyScript() throws {
        let scripts = Self.scripts()
        #expect(scripts.count > 100)
        for path in scripts {
            let bytes = try Data(contentsOf: Self.root.appending(path: path))
            #expect(SyntaxCheck.check(Array(bytes)) == nil, "\(path)")
        }
    }

    @Test("holds for programs in any layout", arguments: [5, UInt64.random(in: 0...UInt64.max)])
    func programs(_ firstSeed: UInt64) {
        for offset in 0..<80 {
            let seed = firstSeed &+ UInt64(offset)
            var random = SeededGenerator(seed: seed)
            let text = Scrambler.scramble(ProgramGenerator.script(&random), &random)
            #expect(SyntaxCheck.check(text) == nil, "seed \(seed)")
        }
    }

    @Test("the scripts that come with the project are laid out so")
    func libraryIsLaidOut() throws {
        for path in Self.scripts() where path.hasPrefix("Scripts/") {
            let bytes = Array(try Data(contentsOf: Self.root.appending(path: path)))
            let source = SourceText(bytes: bytes, name: path)
            let laidOut = try #require(ScriptFormatter.format(Script.parse(source)))
            #expect(laidOut == bytes, "\(path): 'dtcl format' would change it")
        }
    }
}
