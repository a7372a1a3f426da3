import CommandModel
import Glibc
import Testing

@testable import ControlClient

@Suite struct JobTests {
    private let folder = TemporaryFolder()

    private func dtcl(_ arguments: String..., input: String = "") -> ToolResult {
        ToolProcess.run(arguments, input: input)
    }

    private let wild = "if 1<2 then\nwrite   1 # one\nend\n"
    private let tame = "IF 1 < 2 THEN\n    WRITE 1  # one\nEND\n"

    @Test func `a script is laid out in its file, with its mode`() {
        let file = folder.write("a.dtcl", wild)
        chmod(file, 0o751)
        let check = dtcl("format", "--check", file)
        #expect(check.status == 1)
        #expect(check.output == file + "\n")
        #expect(ToolProcess.text(of: file) == wild)
        #expect(dtcl("format", "--stdout", file).output == tame)
        #expect(dtcl("format", file).status == 0)
        #expect(ToolProcess.text(of: file) == tame)
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o751)
        #expect(dtcl("format", "--check", file).status == 0)
        #expect(dtcl("format", "-", input: wild).output == tame)
    }

    @Test func `a link stays a link when what it names is laid out`() {
        let file = folder.write("real.dtcl", wild)
        let link = folder.path + "/link.dtcl"
        symlink("real.dtcl", link)
        #expect(dtcl("format", link).status == 0)
        var status = stat()
        #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(ToolProcess.text(of: file) == tame)
    }

    @Test func `a broken script is left alone`() {
        let broken = folder.write("broken.dtcl", "if 1 then\nwrite   1\n")
        let good = folder.write("good.dtcl", wild)
        let result = dtcl("format", broken, good, "/nowhere/at/all")
        #expect(result.status == 2)
        #expect(result.errors.contains("expected 'END' for 'IF'"))
        #expect(result.errors.contains("cannot read '/nowhere/at/all'"))
        #expect(ToolProcess.text(of: broken) == "if 1 then\nwrite   1\n")
        #expect(ToolProcess.text(of: good) == tame)
    }

    @Test func `a trace shows statements, values and times`() {
        let file = folder.write("t.dtcl", "$x = 20\nif $x > 1 then\n  $x = $x + 1\nend\n")
        let lines = dtcl("--trace", file).errors.split(separator: "\n").map(String.init)
        #expect(lines.count == 6)
        #expect(lines.first?.hasSuffix(" \(file):1 $x = 20") == true)
        #expect(lines.contains { $0.hasSuffix("→ $x = 21") })
        #expect(lines.contains { $0.hasSuffix(":2 if $x > 1   # $x = 20") })
        #expect(lines.last?.hasSuffix(" end") == true)
        let secret = dtcl("--trace", "-c", "try login alpha admin \"hush\" catch end")
        #expect(!secret.errors.contains("hush"))
    }

    @Test func `a profile counts statements`() {
        let file = folder.write("p.dtcl", "for $i = 1 to 50 do\n  $x = $i * 2\nend\n")
        let text = dtcl("--profile", file).errors
        #expect(text.contains("50  \(file):2 $x = $i * 2"), "\(text)")
    }

    @Test func `what is hardly meant is a warning of check, and no obstacle`() {
        let file = folder.write(
            "w.dtcl", "$unused = 1\nIF 1 = 2 THEN WRITE 1 END\nEXIT 0\nWRITE 2\n")
        let shown = dtcl("check", file)
        #expect(shown.status == 0)
        #expect(shown.output.isEmpty)
        let expected = """
            \(file):1:1: warning: the variable '$unused' is set and never read
               1 | $unused = 1
                 | ^~~~~~~
            \(file):2:4: warning: the condition holds never
               2 | IF 1 = 2 THEN WRITE 1 END
                 |    ^~~~~
            \(file):4:1: warning: nothing leads here: the statement before never goes on
               4 | WRITE 2
                 | ^~~~~~~

            """
        #expect(shown.errors == expected)
        let lines = dtcl("check", "--json", file).output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.contains("\"severity\":\"warning\"") })
        #expect(lines.last?.contains("\"id\":\"unreachable-code\"") == true)
        let run = dtcl(file)
        #expect(run.status == 0 && run.errors.isEmpty)
    }

    @Test func `a hook's file may use its event`() {
        let hook = folder.write("h.dtcl", "# on mirror.*\nWRITE $event.connection\n")
        #expect(dtcl("check", hook).errors.isEmpty)
        let odd = folder.write(
            "o.dtcl", "# on mondays\n# on mirror.completd\n# on mirror.started tiemout=3\nWRITE 1\n"
        )
        let warned = dtcl("check", odd)
        #expect(warned.status == 0)
        #expect(
            warned.errors == """
                \(odd):2:1: warning: no event is called 'mirror.completd'
                   2 | # on mirror.completd
                     | ^~~~~~~~~~~~~~~~~~~~
                     = did you mean 'mirror.completed'?
                \(odd):3:1: warning: as a hook: got 'tiemout=3', expected timeout=TIME, \
                priority=NUMBER, delay, nodelay or failure=ignore|report|stop
                   3 | # on mirror.started tiemout=3
                     | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~

                """)
        let script = folder.write("s.dtcl", "WRITE $event.connection\n")
        #expect(dtcl("check", script).status == 2)
        #expect(dtcl("check", "-D", "event=", script).status == 0)
    }

    @Test func `other programs can be forbidden`() {
        #expect(dtcl("-c", "run \"/bin/true\"").status == 0)
        let refused = dtcl("--no-run", "-c", "run \"/bin/true\"")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("runs no other scripts"))
    }

    @Test func `wrong words of the command line are explained`() {
        #expect(dtcl("--tarce", "x").errors.contains("did you mean '--trace'?"))
        #expect(dtcl("format", "--chek", "x").errors.contains("did you mean '--check'?"))
        #expect(dtcl("format", "--chek", "x").errors.contains("(dtcl format --help explains)"))
        #expect(dtcl("chek", "x").errors.contains("did you mean 'dtcl check'?"))
        #expect(dtcl("completion", "csh").errors.contains("expected 'bash' or 'zsh' or 'fish'"))
        #expect(dtcl("--json=1", "x").errors.contains("'--json' takes no value"))
        #expect(dtcl("--version").output == "dtcl \(Understudy.version)\n")
        #expect(dtcl("-c", "version").output == "dtcl \(Understudy.version)\n")
    }

    @Test func `manual pages, shells and editors are served`() {
        #expect(
            dtcl("man", "dtcl.1").output.hasPrefix(".\\\"") || dtcl("man", "dtcl.1").status == 0)
        for shell in ["bash", "zsh", "fish"] {
            #expect(dtcl("completion", shell).output.contains("dtcl"), "\(shell)")
        }
        let message = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}"
        let result = dtcl(
            "lsp", input: "Content-Length: \(message.utf8.count)\r\n\r\n\(message)")
        #expect(result.output.hasPrefix("Content-Length: "))
        #expect(result.output.contains("completionProvider"))
    }
}

@Suite struct SilenceTests {
    private let folder = TemporaryFolder()

    private func fails(_ body: () async throws(CommandError) -> Void) async -> CommandError? {
        do {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a server that says nothing is noticed`() async {
        let deaf = ServerDouble("deaf", in: folder.path, .deaf) { _ in .answers([]) }
        defer { deaf.stop() }
        let client = ControlClient(
            ControlAddress(socketPath: deaf.path), name: "deaf", silenceSeconds: 0.05)
        let asked = await fails { () async throws(CommandError) in _ = try await client.server() }
        #expect(asked?.code == ErrorCode.serverNotResponding.rawValue)
        #expect(asked?.message.contains("says nothing for 0.05 s") == true)
        let ordered = await fails { () async throws(CommandError) in
            _ = try await client.execute(CommandRequest(command: "sync")) { _ in }
        }
        #expect(ordered?.code == ErrorCode.serverNotResponding.rawValue)
    }

    @Test func `a command may be silent while its server answers`() async {
        let slow = ServerDouble("slow", in: folder.path) { _ in
            .afterQuestions(3, [.result(CommandResult(value: .integer(7)))])
        }
        defer { slow.stop() }
        let client = ControlClient(
            ControlAddress(socketPath: slow.path), name: "slow", silenceSeconds: 0.2)
        let result = try? await client.execute(CommandRequest(command: "sync")) { _ in }
        #expect(result?.value == .integer(7))
    }
}
