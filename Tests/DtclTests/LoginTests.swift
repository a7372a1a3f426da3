import CommandModel
import Glibc
import Testing

@Suite struct LoginTests {
    private let folder = TemporaryFolder()

    /// Lets `admin` with `hush 7` do everything.
    private func guarded() -> ServerDouble {
        ServerDouble("alpha", in: folder.path, .guarded) { request in
            guard request.command == "login" else { return .answers([.result(CommandResult())]) }
            let isRight =
                request.arguments["user"] == .text("admin")
                && request.arguments["password"] == .text("hush 7")
            return isRight
                ? .answers([.result(CommandResult(value: .integer(2)))])
                : .answers([.error(CommandError(.insufficientAccess, "the password is wrong"))])
        }
    }

    private let granted = "User access level set to DT_FULL_ACCESS\n"

    /// With a home of its own, so that nobody's credentials count.
    private func run(
        _ server: ServerDouble, _ text: String, home: TemporaryFolder,
        _ variables: [String: String] = [:]
    ) -> ToolResult {
        let names = ["--server", "\(server.name)=unix:\(server.path)", "-c", text]
        return ToolProcess.run(
            names, environment: ["HOME": home.path].merging(variables) { $1 })
    }

    @Test func `a password is asked for, not shown and not kept`() {
        let alpha = guarded()
        defer { alpha.stop() }
        let home = TemporaryFolder()
        let terminal = PseudoTerminal(
            ["--server", "alpha=unix:\(alpha.path)", "-i"], home: home)
        terminal.expectPrompt()
        terminal.type("login alpha admin\r")
        #expect(terminal.comes { $0.beforeCursor == "  Password of admin for alpha: " })
        terminal.type("hush 7\r")
        terminal.expect(
            "  Password of admin for alpha:", "  User access level set to DT_FULL_ACCESS",
            "Command:")
        terminal.expectPrompt()
        // The terminal shows what is typed again.
        terminal.type("login alpha\r")
        #expect(terminal.comes { $0.beforeCursor == "  User for alpha: " })
        terminal.type("admin\r")
        #expect(terminal.comes { $0.beforeCursor == "  Password of admin for alpha: " })
        terminal.type("\u{3}")
        #expect(terminal.comes { $0.lines.suffix(2) == ["  interrupted", "Command:"] })
        // Pasted with its command, it is the answer, not the next command.
        terminal.type("login alpha admin\rhush 7\rwrite 1\r")
        #expect(terminal.comes { $0.lines.suffix(2) == ["  1", "Command:"] })
        terminal.type("quit\r")
        #expect(terminal.exitStatus() == 0)
        #expect(!terminal.transcriptText.contains("hush"))
        let kept = ToolProcess.text(of: home.path + "/.local/state/understudy/history")
        #expect(kept == "login alpha admin\nlogin alpha\nlogin alpha admin\nwrite 1\nquit\n")
        #expect(alpha.commands == ["login", "login"])
    }

    @Test func `a script's log-in takes the environment and the file`() {
        let alpha = guarded()
        defer { alpha.stop() }
        let home = TemporaryFolder()
        let right = ["UNDERSTUDY_USER": "admin", "UNDERSTUDY_PASSWORD": "hush 7"]
        #expect(run(alpha, "login alpha", home: home, right).output == granted)
        let own = ["UNDERSTUDY_PASSWORD_ALPHA": "hush 7", "UNDERSTUDY_PASSWORD": "wrong"]
        #expect(run(alpha, "login alpha admin", home: home, own).output == granted)
        #expect(run(alpha, "login alpha admin \"hush 7\"", home: home).output == granted)
        #expect(run(alpha, "login alpha root", home: home, right).status == 1)

        mkdir(home.path + "/.config", 0o700)
        mkdir(home.path + "/.config/understudy", 0o700)
        let file = home.write(
            ".config/understudy/credentials",
            "# ours\nbeta admin wrong\nalpha admin hush 7\n* admin wrong\n")
        #expect(run(alpha, "login alpha", home: home).output == granted)
        chmod(file, 0o640)
        let open = run(alpha, "login alpha", home: home)
        #expect(open.status == 1)
        #expect(open.errors.contains("has mode 640 and is open to others, expected 600"))
        chmod(file, 0o600)
        _ = home.write(".config/understudy/credentials", "alpha admin\n")
        #expect(
            run(alpha, "login alpha", home: home).errors.contains(
                "line 1 of the credentials file is not 'machine user password'"))
    }

    @Test func `a server that knows its callers is asked for nothing`() {
        let beta = ServerDouble("beta", in: folder.path) { _ in .answers([]) }
        defer { beta.stop() }
        let home = TemporaryFolder()
        #expect(run(beta, "login beta", home: home).output == granted)
        let named = run(beta, "login beta admin \"hush 7\"", home: home)
        #expect(
            named.output == granted
                + "'beta' knows callers by their account on this machine: user and password were "
                + "not used\n")
        #expect(beta.commands.isEmpty)
        #expect(run(beta, "write (login beta admin)", home: home).output == "2\n")
    }
}
