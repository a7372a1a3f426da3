import DTCLInterpreter
import DTCLSyntax
import Foundation
import Testing

/// What the compiler makes of some scripts, held as text beside them. `REWRITE=1` writes the texts
/// anew; the difference then shows in the change and is looked at by people.
@Suite("Disassembly")
struct DisassemblyTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Disassembly")
    static let isRewriting = ProcessInfo.processInfo.environment["REWRITE"] == "1"

    static func scripts() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".dtcl") }.sorted()
    }

    @Test("is as it was", arguments: scripts())
    func isAsItWas(_ name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        try compare(text, tracing: .off, with: "\(name.dropLast(5)).txt")
    }

    @Test("of a traced program shows the places of the trace and nothing else that is new")
    func traced() throws {
        let text = try String(
            contentsOf: Self.folder.appending(path: "commands.dtcl"), encoding: .utf8)
        try compare(text, tracing: .values, with: "commands-traced.txt")
    }

    private func compare(_ text: String, tracing: Tracing, with name: String) throws {
        var options = CompileOptions()
        options.tracing = tracing
        let compilation = Program.compile(Script.parse(text), options: options)
        let program = try #require(compilation.program, "\(compilation.diagnostics)")
        let file = Self.folder.appending(path: name)
        if Self.isRewriting {
            try program.disassembly.write(to: file, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(program.disassembly == expected)
    }
}
