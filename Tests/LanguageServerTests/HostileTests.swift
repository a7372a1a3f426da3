import CommandModel
import DTCLSyntax
import LanguageServer
import Testing
import UnderstudyCommands

@Suite struct HostileTests {
    private static let start = frame(#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#)

    private static func frame(_ text: String) -> [UInt8] { MessageFraming.frame(Array(text.utf8)) }

    @Test func `a message that is too long is skipped and the next one answered`() {
        var framing = MessageFraming(contentBytesMax: 100)
        let long = MessageFraming.frame([UInt8](repeating: 1, count: 1_000))
        var pieces = framing.take(long[..<500])
        pieces += framing.take(long[500...])
        pieces += framing.take(Self.frame("ok"))
        #expect(
            pieces == [
                .broken("a message of 1000 bytes is longer than 100"), .message(Array("ok".utf8)),
            ])
    }

    @Test(arguments: [
        "Content-Length: 99999999999999999999\r\n\r\n", "Content-Length: -1\r\n\r\n",
        "Content-Length: x\r\n\r\n", "Content-Type: a\r\n\r\n", "nothing\r\n\r\n",
        ":\r\n\r\n", "Content-Length 3\r\n\r\nabc",
        String(repeating: "a", count: 20_000), "\u{0}\u{1}\r\n\r\n",
    ])
    func `after a broken header the next message is found`(broken: String) {
        var framing = MessageFraming()
        let pieces = framing.take(Array(broken.utf8) + Self.frame("first") + Self.frame("second"))
        #expect(
            pieces.suffix(2) == [.message(Array("first".utf8)), .message(Array("second".utf8))])
        #expect(pieces.count >= 3)
    }

    @Test func `a length of nearly the whole number range reserves nothing`() {
        var framing = MessageFraming()
        let pieces = framing.take(Array("Content-Length: 9223372036854775807\r\n\r\nabc".utf8))
        #expect(pieces.count == 1)
    }

    /// Any bytes, and messages with anything in them, end in answers.
    @Test func `random messages never do harm`() {
        var seed: UInt64 = 0x5EED_1234
        func next(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        let methods = [
            "textDocument/didOpen", "textDocument/didChange", "textDocument/completion",
            "textDocument/hover", "textDocument/definition", "textDocument/references",
            "textDocument/documentSymbol", "textDocument/formatting", "textDocument/codeAction",
            "textDocument/documentHighlight", "textDocument/rename",
            "textDocument/prepareRename", "textDocument/signatureHelp", "textDocument/didClose",
            "$/cancelRequest", "x",
        ]
        let texts = [
            "repset create a\n", "é😀$x = \"😀$y\"\n", "IF $x THEN\n", "END\n", "PROCEDURE p($a)\n",
            "p(1)\n", "\r\n", "include \"common.dtcl\"\n", "(((((((", "connect a to b map ",
        ]
        let address = "file:///scripts/a.dtcl"
        func number() -> CommandValue {
            [.integer(Int64(next(6)) - 1), .integer(.max), .integer(.min), .text("x"), .none][
                min(next(30), 4) == 0 ? 0 : min(next(40), 4)]
        }
        func place() -> CommandValue { .record(["line": number(), "character": number()]) }
        var server = LanguageServer(table: UnderstudyCommands.table, readFile: Files.read)
        _ = server.take(Self.start)
        for round in 0..<1_500 {
            var text = ""
            for _ in 0..<next(5) { text += texts[next(texts.count)] }
            let document: CommandRecord = [
                "uri": .text(address), "text": .text(text), "version": number(),
            ]
            let change: CommandRecord = [
                "text": .text(text),
                "range": next(3) == 0 ? .none : .record(["start": place(), "end": place()]),
            ]
            var message: CommandRecord = [
                "method": .text(methods[next(methods.count)]),
                "params": .record([
                    "textDocument": .record(document), "position": place(),
                    "newName": .text("other"),
                    "contentChanges": next(9) == 0 ? .integer(1) : .list([.record(change)]),
                    "context": .record(["diagnostics": .list([.record(["range": place()])])]),
                ]),
            ]
            if next(4) > 0 { message["id"] = .integer(Int64(round)) }
            var bytes = Self.frame(JSONWriter.text(of: .record(message)))
            if next(20) == 0 { bytes[next(bytes.count)] = UInt8(next(256)) }
            _ = server.take(bytes)
        }
        #expect(server.exitStatus == nil)
        // Whatever was broken, the server still answers.
        let answer = server.take(
            Self.frame("{}") + Self.frame("{}") + Self.frame(#"{"id":"last","method":"none"}"#))
        #expect(String(decoding: answer, as: UTF8.self).contains(#""id":"last""#))
    }

    @Test func `deeply nested JSON is refused`() {
        var server = LanguageServer(table: UnderstudyCommands.table)
        let answer = server.take(Self.frame(String(repeating: "[", count: 100_000)))
        #expect(String(decoding: answer, as: UTF8.self).contains("-32700"))
    }
}
