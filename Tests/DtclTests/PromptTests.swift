import CommandModel
import Glibc
import Testing

@Suite struct PromptTests {
    private let folder = TemporaryFolder()

    private func server(_ name: String = "alpha") -> ServerDouble {
        ServerDouble(name, in: folder.path) { request in
            switch request.command {
            case "waitonmirror":
                .hang([
                    .progress(CommandProgress(line: "12% of 3 files")),
                    .progress(CommandProgress(line: "34% of 3 files")),
                ])
            case "repset.list":
                .answers([
                    .result(
                        CommandResult(
                            value: .list([
                                .record(["name": .text("docs")]), .record(["name": .text("mail")]),
                                .record(["name": .text("two words")]),
                            ]), lines: ["- List of rep sets -"]))
                ])
            case "connections":
                .answers([
                    .result(CommandResult(value: .list([.record(["connection": .integer(17)])])))
                ])
            default: .answers([.result(CommandResult())])
            }
        }
    }

    private func prompt(
        _ server: ServerDouble, environment: [String: String] = [:], columns: Int = 80
    ) -> PseudoTerminal {
        let terminal = PseudoTerminal(
            ["--server", "\(server.name)=unix:\(server.path)", "-i"], environment: environment,
            columns: columns)
        terminal.expectPrompt()
        return terminal
    }

    @Test func `the prompt answers, shows progress and survives Ctrl-C`() {
        let alpha = server()
        defer { alpha.stop() }
        let terminal = prompt(alpha)
        terminal.type("source alpha\r")
        terminal.expect("Command:  source alpha", "Command:")
        terminal.type("repset list\r")
        terminal.expect("Command:  repset list", "  - List of rep sets -", "Command:")
        terminal.type("waitonmirror 1\r")
        terminal.expect("Command:  waitonmirror 1", "  34% of 3 files")
        terminal.type("\u{3}")
        terminal.expect("Command:  waitonmirror 1", "  interrupted", "Command:")
        #expect(alpha.meetsHangUp())
        terminal.type("while true do $x = 1 end\r")
        terminal.expect("Command:  while true do $x = 1 end")
        #expect(terminal.comes { $0.row == $0.lines.count })
        terminal.type("\u{3}")
        terminal.expect("  interrupted", "Command:")
        terminal.type("write 6 * 7\r")
        terminal.expect("  42", "Command:")
        terminal.type("exit 5\r")
        #expect(terminal.exitStatus() == 5)
    }

    @Test func `Ctrl-C leaves a line, twice the session, and Ctrl-D the session at once`() {
        let first = PseudoTerminal(["-i"])
        first.expectPrompt()
        first.type("write 1")
        first.expect("Command:  write 1")
        first.type("\u{3}")
        first.expect("Command:  write 1", "Command:")
        first.type("\u{3}")
        #expect(first.exitStatus() == 130)
        let second = PseudoTerminal(["-i"])
        second.expectPrompt()
        second.type("\u{4}")
        #expect(second.exitStatus() == 0)
    }

    @Test func `Ctrl-C ends a script`() {
        let terminal = PseudoTerminal(["-c", "write \"on\"; wait 1h"])
        terminal.expect("on")
        terminal.type("\u{3}")
        #expect(terminal.exitStatus() == 130)
        let loop = PseudoTerminal(["-c", "write \"on\"; while true do $x = 1 end"])
        loop.expect("on")
        loop.type("\u{3}")
        #expect(loop.exitStatus() == 130)
    }

    @Test func `a line is edited before it runs`() {
        let terminal = PseudoTerminal(["-i"])
        terminal.expectPrompt()
        // Left twice, a letter in between, home, delete, end, backspace.
        terminal.type("xwrite \"hlloo\"\u{1B}[D\u{1B}[D\u{1B}[D\u{1B}[D\u{1B}[De")
        terminal.expect("Command:  xwrite \"helloo\"")
        terminal.type("\u{1B}[H\u{1B}[3~\u{1B}[F\u{8}\u{8}\"\r")
        terminal.expect("Command:  write \"hello\"", "  hello", "Command:")
        terminal.type("write \"größer – \u{1F600}\"\r")
        terminal.expect("  größer – \u{1F600}", "Command:")
        // What is no UTF-8 is shown as such and harms nothing.
        terminal.type(bytes: Array("write \"".utf8) + [0xE4, 0xFF] + Array("\"\r".utf8))
        terminal.expect("  \u{FFFD}\u{FFFD}", "Command:")
    }

    @Test func `the arrow finds lines of this session and of the one before`() {
        let home = TemporaryFolder()
        let first = PseudoTerminal(["-i"], home: home)
        first.expectPrompt()
        first.type("write 111\r")
        first.expect("  111", "Command:")
        first.type("login alpha admin \"hush hush\"\r")
        first.expect("Command:")
        #expect(first.comes { $0.lines.contains { $0.hasPrefix("  error -109") } })
        first.expectPrompt()
        first.type("\u{1B}[A")
        first.expect("Command:  login alpha admin ***")
        first.type("\u{1B}[A")
        first.expect("Command:  write 111")
        first.type("\u{15}quit\r")
        #expect(first.exitStatus() == 0)

        let path = home.path + "/.local/state/understudy/history"
        #expect(ToolProcess.text(of: path) == "write 111\nlogin alpha admin ***\nquit\n")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)

        let second = PseudoTerminal(["-i"], home: home)
        second.expectPrompt()
        second.type("\u{1B}[A\u{1B}[A\u{1B}[A\r")
        second.expect("Command:  write 111", "  111", "Command:")
        second.type("\u{12}adm")
        #expect(second.comes { $0.lines.contains { $0.contains("login alpha admin ***") } })
    }

    @Test func `what looks like a log-in is not remembered when it cannot be understood`() {
        let home = TemporaryFolder()
        let terminal = PseudoTerminal(["-i"], home: home)
        terminal.expectPrompt()
        terminal.type("logn alpha admin \"hush1\"\r")
        terminal.expect("       = did you mean 'LOGIN'?", "Command:")
        terminal.expectPrompt()
        terminal.type("login alpha admin \"hush2\r")
        #expect(
            terminal.comes {
                $0.lines.last == "Command:" && $0.lines.contains { $0.contains("is not closed") }
            })
        terminal.expectPrompt()
        terminal.type("login alpha admin (\"hush3\"\r")
        terminal.expect("Command:  login alpha admin (\"hush3\"", "       >")
        #expect(terminal.comes { $0.beforeCursor == "       >  " })
        terminal.type(")\r")
        #expect(terminal.comes { $0.lines.filter { $0.contains("error") }.count > 2 })
        terminal.expectPrompt()
        terminal.type("quit\r")
        #expect(terminal.exitStatus() == 0)
        let kept = ToolProcess.text(of: home.path + "/.local/state/understudy/history")
        #expect(kept == "login alpha admin ***\nquit\n")
    }
}
