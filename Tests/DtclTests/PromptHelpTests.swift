import CommandModel
import Testing

@Suite struct PromptHelpTests {
    private let folder = TemporaryFolder()

    private func server() -> ServerDouble {
        ServerDouble("alpha", in: folder.path) { request in
            switch request.command {
            case "repset.list":
                .answers([
                    .result(
                        CommandResult(
                            value: .list([
                                .record(["name": .text("docs")]), .record(["name": .text("mail")]),
                                .record(["name": .text("two words")]),
                            ])))
                ])
            case "connections":
                .answers([
                    .result(CommandResult(value: .list([.record(["connection": .integer(17)])])))
                ])
            case "hooks.list", "script.history":
                .answers([
                    .result(
                        CommandResult(
                            value: .list([.record(["id": .integer(4), "run": .integer(31)])])))
                ])
            case "settings":
                .answers([.result(CommandResult(value: .record(["queueFreeMB": .integer(50)])))])
            default: .answers([.result(CommandResult())])
            }
        }
    }

    private func prompt(_ server: ServerDouble) -> PseudoTerminal {
        let terminal = PseudoTerminal([
            "--server", "alpha=unix:\(server.path)", "--server", "beta=unix:/nowhere", "-i",
        ])
        terminal.expectPrompt()
        terminal.type("source alpha\r")
        terminal.expect("Command:  source alpha", "Command:")
        terminal.expectPrompt()
        return terminal
    }

    /// Types, expects what becomes of the line, and takes it away again.
    private func expect(
        _ terminal: PseudoTerminal, _ typed: String, _ line: String,
        location: SourceLocation = #_sourceLocation
    ) {
        terminal.type(typed)
        let isThere = terminal.comes { $0.beforeCursor == "Command:  " + line }
        #expect(isThere, "\(terminal.screen.beforeCursor)", sourceLocation: location)
        terminal.type("\u{15}")
        terminal.expectPrompt(location: location)
    }

    @Test func `TAB goes on with commands, options, keywords and variables`() {
        let alpha = server()
        defer { alpha.stop() }
        let terminal = prompt(alpha)
        expect(terminal, "waitonm\t", "waitonmirror ")
        expect(terminal, "WAITONM\t", "WAITONMIRROR ")
        expect(terminal, "rep\tru\tad\t", "repset rule add ")
        expect(terminal, "whi\t", "while ")
        expect(terminal, "connect docs to beta map ex\t", "connect docs to beta map exact ")
        terminal.type("$someLongName = 5\r")
        terminal.expect("Command:  $someLongName = 5", "Command:")
        terminal.expectPrompt()
        expect(terminal, "write $some\t", "write $someLongName ")
        expect(terminal, "write \"a ${some\t", "write \"a ${someLongName")
    }

    @Test func `TAB knows sets, connections, servers and files`() {
        let alpha = server()
        defer { alpha.stop() }
        let terminal = prompt(alpha)
        expect(terminal, "connect do\tto be\t", "connect docs to beta ")
        expect(terminal, "connect tw\t", "connect \"two words\" ")
        expect(terminal, "repset display \"two w\t", "repset display \"two words\" ")
        expect(terminal, "waitonmirror \t", "waitonmirror 17 ")
        expect(terminal, "script list \ton b\t", "script list 17 on beta ")
        expect(terminal, "hook add mirror.com\t", "hook add mirror.completed ")
        expect(terminal, "hook remove \t", "hook remove 4 ")
        expect(terminal, "script output \t", "script output 31 ")
        expect(terminal, "get queueF\t", "get queueFreeMB ")
        let file = folder.write("long-name.dtcl", "write 1")
        let start = String(file.dropLast(6))
        expect(terminal, "include \"\(start)\t", "include \"\(file)\" ")
        // Asked once, kept for a while.
        #expect(alpha.commands.filter { $0 == "repset.list" }.count <= 4)
    }

    @Test func `TAB shows what there is when there is more than one`() {
        let alpha = server()
        defer { alpha.stop() }
        let terminal = prompt(alpha)
        terminal.type("log\t")
        terminal.expect("Command:  log", "  login   logout", "Command:  log")
        terminal.type("ou\t")
        #expect(terminal.comes { $0.beforeCursor == "Command:  logout " })
    }

    @Test func `a question mark shows what can follow and keeps the line`() {
        let alpha = server()
        defer { alpha.stop() }
        let terminal = prompt(alpha)
        terminal.type("connect ?")
        #expect(terminal.comes { $0.beforeCursor == "Command:  connect " && $0.row > 2 })
        let shown = terminal.screen.lines.joined(separator: "\n")
        #expect(shown.contains("  set  the name of a replication set: docs, mail, two words\n"))
        #expect(shown.contains("  usage: CONNECT set TO target MAP"))
        // In the middle of a line, the rest stays.
        terminal.type("\u{15}disconnect 1\u{1B}[D\u{1B}[D ?")
        #expect(terminal.comes { $0.lines.last == "Command:  disconnect  1" })
        terminal.type("\u{15}\u{B}")
        terminal.expectPrompt()
        // A text keeps its question marks, and so does a word with a wild card.
        terminal.type("write \"why?\", \"a?\"\r")
        terminal.expect("  why?a?", "Command:")
        terminal.expectPrompt()
        terminal.type("?")
        #expect(
            terminal.comes {
                $0.lines.contains("  'help' says more, 'help connect' explains one.")
                    && $0.beforeCursor == "Command:  "
            })
        #expect(terminal.screen.lines.contains("  Statements"))
    }

    @Test func `a piped question is answered, too`() {
        let result = ToolProcess.run(["-i"], input: "waitonmirror ?\n")
        #expect(
            result.output == """
                Command:  \n  CON  a connection id or '*'
                  usage: WAITONMIRROR CON [TIMEOUT time]
                Command:  \n
                """)
    }

    @Test func `a question in a block names the words that go on with it`() {
        let result = ToolProcess.run(["-i"], input: "if true then\n?\nend\n")
        #expect(result.output.contains("\n    END  ends IF, WHILE"), "\(result.output)")
        #expect(result.output.contains("\n    WAIT time\n"))
    }

    @Test func `blocks go over several lines`() {
        let alpha = server()
        defer { alpha.stop() }
        let terminal = prompt(alpha)
        terminal.type("for $i = 1 to 2 do\r")
        terminal.expect("Command:  for $i = 1 to 2 do", "       >")
        terminal.type("wri\t$i\r")
        terminal.expect("       >  write $i", "       >")
        terminal.type("en\t\r")
        terminal.expect("       >  end", "  1", "  2", "Command:")
        terminal.type("if true then\r")
        terminal.expect("Command:  if true then", "       >")
        terminal.type("\u{3}")
        terminal.expectPrompt()
        terminal.type("write [1,\r2]\r")
        terminal.expect("       >  2]", "  [1, 2]", "Command:")
    }

    @Test func `what was typed is listed`() {
        let alpha = server()
        defer { alpha.stop() }
        let terminal = prompt(alpha)
        terminal.type("write 1\r")
        terminal.expect("  1", "Command:")
        terminal.type("history 2\r")
        terminal.expect("     2  write 1", "     3  history 2", "Command:")
    }
}
