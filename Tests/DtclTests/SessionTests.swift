import CommandModel
import Glibc
import Testing

@Suite struct SessionTests {
    private let folder = TemporaryFolder()

    /// Answers as a small server would.
    private func server(_ name: String) -> ServerDouble {
        ServerDouble(name, in: folder.path) { request in
            switch request.command {
            case "repset.list":
                .answers([.result(CommandResult(value: .list([]), lines: ["- List of rep sets -"]))]
                )
            case "connect": .answers([.result(CommandResult(value: .integer(1)))])
            case "waitonmirror":
                request.arguments["connection"] == .integer(9)
                    ? .hang([.progress(CommandProgress(line: "12% of 3 files"))])
                    : .answers([
                        .progress(CommandProgress(line: "50%", data: ["percent": .integer(50)])),
                        .result(CommandResult()),
                    ])
            case "verify": .bytes("nonsense\r\n\r\n")
            case "status": .bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"re")
            default:
                .answers([.error(CommandError(.noSuchReplicationSet, "no such replication set"))])
            }
        }
    }

    private func run(_ servers: [ServerDouble], _ text: String, _ more: [String] = []) -> ToolResult
    {
        let names = servers.flatMap { ["--server", "\($0.name)=unix:\($0.path)"] }
        return ToolProcess.run(names + more + ["-c", text])
    }

    @Test func `a protecting script pairs the servers and asks the source`() {
        let alpha = server("alpha")
        let beta = server("beta")
        defer {
            alpha.stop()
            beta.stop()
        }
        let result = run(
            [alpha, beta],
            """
            login alpha
            source alpha
            repset list
            $id = connect docs to beta map "/srv" to "/copy"
            write "connection ", $id
            waitonmirror $id
            """)
        #expect(result.errors == "")
        #expect(
            result.output == """
                User access level set to DT_FULL_ACCESS
                - List of rep sets -
                connection 1

                """)
        #expect(alpha.commands == ["repset.list", "connect", "waitonmirror"])
        #expect(alpha.request("pair")?.arguments["fingerprint"] == .text("f-beta"))
        #expect(beta.request("pair")?.arguments["fingerprint"] == .text("f-alpha"))
        #expect(alpha.request("pair")?.arguments["access"] == nil)
        let connect = alpha.request("connect")
        #expect(connect?.arguments["target"] == .text("beta"))
        #expect(
            connect?.arguments["map"]
                == .list([.record(["from": .text("/srv"), "to": .text("/copy")])]))
        #expect(connect?.origin == "script:-c")
    }

    @Test func `a server is found by its address`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        #expect(run([alpha], "source 127.0.0.77; repset list").output == "- List of rep sets -\n")
        #expect(run([alpha], "source localhost; repset list").status == 0)
        #expect(run([alpha], "source gamma").errors.contains("known are 'alpha'"))
    }

    @Test func `an unreachable target is left to the source`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        #expect(run([alpha], "source alpha; connect docs to 10.0.0.9 map exact").status == 0)
        #expect(alpha.request("connect")?.arguments["target"] == .text("10.0.0.9"))
        #expect(alpha.request("pair") == nil)
    }

    @Test func `the scripts of a connection go to its target`() {
        let status = CommandResult(value: .record(["target": .text("beta")]))
        let alpha = ServerDouble("alpha", in: folder.path) { _ in .answers([.result(status)]) }
        let beta = server("beta")
        defer {
            alpha.stop()
            beta.stop()
        }
        #expect(run([alpha, beta], "source alpha; script list 3").errors.contains("-123"))
        #expect(alpha.commands == ["status"])
        #expect(alpha.request("status")?.arguments["connection"] == .integer(3))
        #expect(beta.request("script.list")?.arguments["source"] == .text("id-alpha"))
        #expect(run([alpha, beta], "script list 3 on beta").errors.contains("-123"))
        #expect(beta.request("script.list")?.arguments["source"] == nil)
        let unknown = run([alpha], "source alpha; script list 3").errors
        #expect(unknown.contains("target 'beta' keeps its scripts"), "\(unknown)")
        #expect(run([alpha], "script list 3").errors.contains("or ON target"))
    }

    @Test func `a machine is named with ON, or is the source`() {
        let alpha = server("alpha")
        let beta = server("beta")
        defer {
            alpha.stop()
            beta.stop()
        }
        _ = run([alpha, beta], "source alpha; $a = settings; $b = settings on beta")
        #expect(alpha.commands == ["settings"] && beta.commands == ["settings"])
        let nobody = run([alpha], "settings").errors
        #expect(nobody.contains("'SOURCE machine' first, or name the machine with ON"))
    }

    @Test func `nothing goes to a server after LOGOUT`() {
        let alpha = server("alpha")
        let beta = server("beta")
        defer {
            alpha.stop()
            beta.stop()
        }
        let text = "source alpha; logout alpha; ping alpha; repset list"
        let out = run([alpha, beta], text)
        #expect(out.errors.contains("error -138 in 'repset list': the session has logged out of"))
        #expect(out.errors.contains("use 'LOGIN alpha' first"))
        #expect(run([alpha, beta], "logout; source beta").status != 0)
        #expect(run([alpha, beta], "logout; login alpha; source alpha; repset list").status == 0)
        #expect(run([alpha, beta], "logout beta; source alpha; repset list").status == 0)
    }

    @Test func `errors of a server reach the script`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        let result = run([alpha], "source alpha; repset delete docs")
        #expect(result.status == 1)
        #expect(
            result.errors.contains("error -123 in 'repset delete docs': no such replication set"))
    }

    @Test func `broken answers are errors`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        #expect(run([alpha], "source alpha; verify 1").errors.contains("cannot be read"))
        let cut = run([alpha], "source alpha; status 1")
        #expect(cut.status != 0)
    }

    @Test func `results come as JSON lines`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        let result = run([alpha], "source alpha; waitonmirror 1; repset delete a", ["--json"])
        let values = result.output.split(separator: "\n").map {
            try? JSONReader.value(of: String($0))
        }
        #expect(values.count == 4)
        #expect(values[1]?.record?["progress"]?.record?["line"] == .text("50%"))
        #expect(values[2]?.record?["result"]?.record?["command"] == .text("waitonmirror"))
        #expect(values[3]?.record?["error"]?.record?["code"] == .integer(-123))
    }

    @Test func `a time limit ends the command on the server`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        let result = run([alpha], "source alpha; waitonmirror 9", ["--timeout", "100ms"])
        #expect(result.status == 1)
        #expect(result.errors.contains("-1001"))
    }

    @Test func `servers are listed with their state`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        let result = ToolProcess.run([
            "--server", "alpha=unix:\(alpha.path)", "--server", "beta=unix:/nowhere", "-c",
            "servers",
        ])
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix("reachable      full       0.1.0       127.0.0.77") == true)
        #expect(lines.last?.contains("not reachable") == true)
    }

    @Test func `a piped session shows prompts and indents its output`() {
        let alpha = server("alpha")
        defer { alpha.stop() }
        let result = ToolProcess.run(
            ["--server", "alpha=unix:\(alpha.path)", "-i"],
            input: "source alpha\nlogon alpha\nif 1 < 2 then\nwrite 5\nend\nfrob\nrepset list\n")
        #expect(result.status == 0)
        #expect(
            result.output == """
                Command:  \n\
                Command:  \n  User access level set to DT_FULL_ACCESS\n\
                Command:  \n\("       >  ")\n\("       >  ")\n  5\n\
                Command:  \n\
                Command:  \n  - List of rep sets -\n\
                Command:  \n
                """)
        #expect(result.errors.hasPrefix("  prompt:1:1: error: got 'frob', expected a command\n"))
    }
}
