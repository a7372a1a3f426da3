import CommandTable
import DTCLFormat
import DTCLSyntax
import Glibc
import LanguageServer
import ScriptHost

/// What editors and prompts use, made from the same declarations.
enum Editor {
    static func showCompletion(_ host: ScriptHost) {
        let typed = "water roses f"
        let answer = ScriptCompletion(table: host.table()).complete(typed, at: typed.utf8.count)
        show("\(typed)… \(answer.items.map(\.text))")
    }

    static func showLayout() {
        let script = Script.parse("if $dry>3 then\nwater roses for 5m\nend")
        show(String(decoding: ScriptFormatter.format(script) ?? [], as: UTF8.self))
    }

    /// Serves an editor over standard input and output.
    static func serve(_ host: ScriptHost) -> Never {
        var server = LanguageServer(table: host.table(), name: "garden", version: "1.0")
        let status = server.run(
            read: {
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                return Array(bytes[..<max(0, read(STDIN_FILENO, &bytes, bytes.count))])
            },
            write: { bytes in write(STDOUT_FILENO, bytes, bytes.count) == bytes.count })
        exit(Int32(status))
    }
}
