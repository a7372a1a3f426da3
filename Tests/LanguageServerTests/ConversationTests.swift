import CommandModel
import CommandTable
import DTCLSyntax
import LanguageServer
import Testing
import UnderstudyCommands

#if canImport(Glibc)
    import Glibc
#endif

/// Conversations between an editor (`>`) and the server (`<`), one message a line. A line that
/// begins with `!` is sent as it stands, `\r\n` read as the end of a line. Unless more is said,
/// the server has been initialized. `REWRITE=1` writes the server's part anew.
@Suite struct ConversationTests {
    @Test(arguments: [
        "start-and-end", "diagnostics", "changes", "completion", "hover", "places", "names",
        "formatting", "calls",
        "corrections", "own-commands", "bad-input",
    ])
    func `the server says what the conversation says`(name: String) throws {
        let conversation = try Conversation(name)
        let table = name == "own-commands" ? ConversationTests.lamps : UnderstudyCommands.table
        var server = LanguageServer(table: table, version: "1.0", readFile: Files.read)
        if !["start-and-end", "bad-input"].contains(name) {
            _ = server.take(ConversationTests.bytes(of: ConversationTests.start) ?? [])
        }
        var log = Transcript()
        for line in conversation.lines where !line.hasPrefix("<") {
            log.lines.append(line)
            guard let input = ConversationTests.bytes(of: line) else { continue }
            log.take(server.take(input))
        }
        // What is wrong with the texts matters in some conversations only.
        if !["diagnostics", "changes", "own-commands"].contains(name) {
            log.lines.removeAll { $0.contains("textDocument/publishDiagnostics") }
        }
        if let status = server.exitStatus { log.lines.append("< exit status \(status)") }
        try conversation.check(log.lines)
    }

    /// What an embedding program might have.
    private static let lamps = CommandTable([
        CommandDeclaration(
            "lamp.switch", "LAMP SWITCH",
            .all(
                .value("lamp", .existing(sort: "lamp")),
                .either(
                    .setting("ON", name: "on", value: .boolean(true)),
                    .setting("OFF", name: "on", value: .boolean(false)))),
            changes: true, group: "Lamps", summary: "switches a lamp",
            examples: [.init("lamp switch hall on")], plan: "would switch lamp '{lamp}'")
    ])

    private static let start = #"> {"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#

    static func bytes(of line: String) -> [UInt8]? {
        if line.hasPrefix("> ") { return MessageFraming.frame(Array(line.dropFirst(2).utf8)) }
        guard line.hasPrefix("! ") else { return nil }
        let pieces = line.dropFirst(2).split(separator: "\\r\\n", omittingEmptySubsequences: false)
        return Array(pieces.joined(separator: "\r\n").utf8)
    }

    /// In pieces of any size, the same is said.
    @Test func `messages may come in pieces`() throws {
        var input = Self.bytes(of: Self.start) ?? []
        for line in try Conversation("places").lines { input += Self.bytes(of: line) ?? [] }
        var whole = LanguageServer(table: UnderstudyCommands.table, readFile: Files.read)
        let expected = whole.take(input)
        for size in [1, 2, 7, 100, 4096] {
            var server = LanguageServer(table: UnderstudyCommands.table, readFile: Files.read)
            var output: [UInt8] = []
            var start = 0
            while start < input.count {
                output += server.take(input[start..<min(start + size, input.count)])
                start += size
            }
            let isSame = output == expected
            #expect(isSame, "in pieces of \(size)")
        }
    }

    @Test func `the loop ends with the editor`() {
        var input = ["initialize", "shutdown", "exit"].enumerated().map { index, method in
            let id = method == "exit" ? "" : "\"id\":\(index),"
            return MessageFraming.frame(Array("{\(id)\"method\":\"\(method)\"}".utf8))
        }
        var server = LanguageServer(table: UnderstudyCommands.table)
        var sent = 0
        let status = server.run(
            read: { input.isEmpty ? [] : input.removeFirst() },
            write: { bytes in
                sent += bytes.count
                return true
            })
        #expect(status == 0)
        #expect(sent > 0)
        var gone = LanguageServer(table: UnderstudyCommands.table)
        #expect(gone.run(read: { [] }, write: { _ in true }) == 1)
        var deaf = LanguageServer(table: UnderstudyCommands.table)
        let start = MessageFraming.frame(Array(#"{"id":1,"method":"initialize"}"#.utf8))
        #expect(deaf.run(read: { start }, write: { _ in false }) == 1)
    }
}

/// What the server's files hold.
enum Files {
    static func read(_ path: String) -> SourceText? {
        switch path {
        case "/scripts/common.dtcl":
            SourceText("PROCEDURE protect($name)\n  repset create $name\nEND\n", name: path)
        case "/scripts/broken.dtcl": SourceText("write 1\nfrobnicate\n", name: path)
        default: nil
        }
    }
}

/// The editor's lines and the server's answers beneath them.
struct Transcript {
    var lines: [String] = []
    private var framing = MessageFraming()

    mutating func take(_ bytes: [UInt8]) {
        for piece in framing.take(bytes) {
            switch piece {
            case .message(let message):
                lines.append("< " + String(decoding: message, as: UTF8.self))
            case .broken(let reason): lines.append("< broken: \(reason)")
            }
        }
    }
}

struct Conversation {
    let path: String
    let lines: [String]

    init(_ name: String, folder: String = #filePath) throws {
        let parts = folder.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        path = parts.joined(separator: "/") + "/Conversations/\(name).txt"
        lines = try File(path: path).read()
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// A whole file, without Foundation.
    struct File {
        var path: String

        struct Failure: Error { var path: String }

        func read() throws -> String {
            guard let file = fopen(path, "r") else { throw Failure(path: path) }
            defer { fclose(file) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = fread(&chunk, 1, chunk.count, file)
                if count == 0 { break }
                bytes += chunk[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        func write(_ text: String) throws {
            guard let file = fopen(path, "w") else { throw Failure(path: path) }
            defer { fclose(file) }
            let bytes = Array(text.utf8)
            guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
                throw Failure(path: path)
            }
        }
    }

    func check(_ answered: [String]) throws {
        if getenv("REWRITE") != nil {
            var text = answered
            // The last line is empty, and stays last.
            if let place = text.lastIndex(of: ""), place < text.count - 1 {
                text.append(text.remove(at: place))
            }
            try File(path: path).write(text.joined(separator: "\n"))
            return
        }
        let kept = lines.filter { !$0.isEmpty }
        let said = answered.filter { !$0.isEmpty }
        #expect(kept.count == said.count, "\(path)")
        for (old, new) in zip(kept, said) where old != new {
            Issue.record("\(path): expected \(old), got \(new)")
            break
        }
    }
}
