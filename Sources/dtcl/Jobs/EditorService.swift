import LanguageServer
import ToolKit
import UnderstudyCommands

/// `dtcl lsp`: a language server over standard input and output, until the editor ends it.
enum EditorService {
    static func run() -> Int {
        var server = LanguageServer(
            table: UnderstudyCommands.table, version: Usage.version,
            readFile: { path in try? World.readScript(path).get() })
        return server.run(read: InputFile.readPiece, write: { Terminal.write(bytes: $0) })
    }
}
