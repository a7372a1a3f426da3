import CommandModel
import Glibc
import Testing

@Suite struct TerminalShapeTests {
    private let folder = TemporaryFolder()

    @Test func `a line longer than the window is edited`() {
        let terminal = PseudoTerminal(["-i"], columns: 40)
        terminal.expectPrompt()
        let word = String(repeating: "abcdefghij", count: 10)
        terminal.type("write \"\(word)\"")
        // 10 columns of prompt and 7 before the word leave 23 of the first row.
        terminal.expect(
            "Command:  write \"" + word.prefix(23), String(word.dropFirst(23).prefix(40)),
            word.dropFirst(63) + "\"")
        terminal.type("\u{1B}[H\u{1B}[1;5Clength(\u{1B}[F)\r")
        #expect(terminal.comes { $0.lines.last == "Command:" })
        #expect(terminal.screen.lines.joined().contains("error"))
        terminal.type("write length(\"\(word)\")\u{2}\u{2}xyz\r")
        #expect(terminal.comes { $0.lines.suffix(2) == ["  103", "Command:"] })
    }

    @Test func `help below a long line leaves the line whole`() {
        let terminal = PseudoTerminal(["-i"], columns: 40)
        terminal.expectPrompt()
        let line = "connect docs to beta map \"/from/here\" to \"/to/there\" "
        terminal.type(line + "?")
        #expect(terminal.comes { $0.lines.contains { $0.hasPrefix("  nomirror") } })
        let shown = Array(("Command:  " + line))
        terminal.expect(String(shown[..<40]), String(shown[40...]).trimmedEnd)
        terminal.type("plan\r")
        #expect(terminal.comes { $0.lines.last == "Command:" })
        #expect(terminal.screen.lines.joined().contains("error"))
    }

    @Test func `the window may change its size while a line is typed`() {
        let terminal = PseudoTerminal(["-i"], columns: 100)
        terminal.expectPrompt()
        let word = String(repeating: "0123456789", count: 6)
        terminal.type("write \"\(word)")
        terminal.expect("Command:  write \"\(word)")
        terminal.resize(columns: 50)
        let shown = "Command:  write \"\(word)"
        #expect(terminal.comes { $0.hasBeenCleared })
        terminal.expect(String(shown.prefix(50)), String(shown.dropFirst(50)))
        terminal.type("\"\r")
        terminal.expect("  \(word.prefix(48))", String(word.dropFirst(48)), "Command:")
        #expect(terminal.screen.lines.count == 5)
    }

    @Test func `lines that are pasted run one after the other`() {
        let terminal = PseudoTerminal(["-i"])
        terminal.expectPrompt()
        #expect(terminal.transcriptText.contains("\u{1B}[?2004h"))
        terminal.type("\u{1B}[200~if true then\r\n\twrite \"a?b\"\n\twrite 7\rend\r\u{1B}[201~")
        terminal.expect(
            "Command:  if true then", "       >", "       >      write \"a?b\"",
            "       >      write 7", "       >  end", "  a?b", "  7", "Command:")
        // Without marks around it, as old terminals paste.
        terminal.type("if true then\r    write 8\rend\rwrite 9\r")
        terminal.expect("       >  end", "  8", "Command:  write 9", "  9", "Command:")
    }

    @Test func `colours are shown where they are wanted`() {
        let red = "\u{1B}[1;31m"
        func transcript(_ environment: [String: String]) -> String {
            let terminal = PseudoTerminal(["-i"], environment: environment)
            #expect(terminal.comes { $0.lines.last == "Command:" })
            terminal.type("frobnicate\r")
            #expect(terminal.comes { $0.lines.contains("     1 | frobnicate") })
            terminal.type("quit\r")
            #expect(terminal.exitStatus() == 0)
            return terminal.transcriptText
        }
        #expect(transcript(["TERM": "xterm-256color"]).contains(red))
        #expect(!transcript(["TERM": "xterm-256color", "NO_COLOR": "1"]).contains(red))
        #expect(!transcript(["TERM": "vt100"]).contains(red))
        let plain = transcript(["TERM": "dumb"])
        #expect(!plain.contains("\u{1B}"))
    }

    @Test func `progress is one line as wide as the window, and goes`() {
        let text = String(repeating: "much progress ", count: 10)
        let alpha = ServerDouble("alpha", in: folder.path) { _ in
            .hang([.progress(CommandProgress(line: text)), .progress(CommandProgress(line: "z"))])
        }
        defer { alpha.stop() }
        let server = ["--server", "alpha=unix:\(alpha.path)"]
        let script = ["-c", "source alpha; sync 1"]
        let terminal = PseudoTerminal(server + script, columns: 40)
        terminal.expect("z")
        #expect(terminal.screen.rows.count == 1)
        terminal.type("\u{3}")
        #expect(terminal.exitStatus() == 130)
        #expect(terminal.screen.lines == ["interrupted"])
        #expect(terminal.transcriptText.contains("much progress much progress much progr…"))
        // Nobody watches a file.
        let quiet = ToolProcess.run(server + ["--timeout", "200ms"] + script)
        #expect(!quiet.output.contains("progress"))
    }

    @Test func `people keep their own keys`() {
        let home = TemporaryFolder()
        _ = home.write(".editrc", "bind -v\n")
        let terminal = PseudoTerminal(["-i"], home: home)
        terminal.expectPrompt()
        // Escape alone is a key of vi: delete the last character, put another at the end.
        terminal.type("write 12x")
        terminal.expect("Command:  write 12x")
        terminal.type("\u{1B}")
        #expect(terminal.comes { $0.beforeCursor == "Command:  write 12" })
        terminal.type("xa3\r")
        terminal.expect("  123", "Command:")
    }

    @Test func `a stopped session goes on with its line`() {
        let terminal = PseudoTerminal(["-i"])
        terminal.expectPrompt()
        terminal.type("write 12")
        terminal.expect("Command:  write 12")
        terminal.send(signal: SIGCONT)
        terminal.type("3\r")
        terminal.expect("  123", "Command:")
        terminal.send(signal: SIGTERM)
        #expect(terminal.exitStatus() == 128 + Int(SIGTERM))
    }
}

extension String {
    fileprivate var trimmedEnd: String {
        String(reversed().drop { $0 == " " }.reversed())
    }
}
