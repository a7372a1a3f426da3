import CommandModel
import Testing

@Suite struct ToolTests {
    private let folder = TemporaryFolder()

    private func dtcl(_ arguments: String..., input: String = "") -> ToolResult {
        ToolProcess.run(arguments, input: input)
    }

    @Test func `a text, a file and standard input run`() {
        #expect(dtcl("-c", "write \"x\"").output == "x\n")
        let file = folder.write("a.dtcl", "write $1, \" \", $argc, \" \", $name")
        let named = dtcl("-D", "name=value", file, "first", "second")
        #expect(named.output == "first 2 value\n")
        #expect(dtcl("-D", "name=v", "-f", file, "one").output == "one 1 v\n")
        #expect(dtcl("-", input: "write 1 + 2").output == "3\n")
    }

    @Test func `the exit status tells how a run ended`() {
        #expect(dtcl("-c", "exit 9").status == 9)
        #expect(dtcl("-c", "repset list").status == 1)
        #expect(dtcl("-c", "conect").status == 2)
        #expect(dtcl("--sever").status == 2)
        #expect(dtcl("/nowhere/at/all").status == 2)
        #expect(dtcl("--server", "a=unix:/nowhere", "-c", "source a; repset list").status == 3)
        #expect(dtcl("--server", "a=unix:/nowhere", "-c", "source b").status == 3)
    }

    @Test func `mistakes show the place, what was expected and the nearest spelling`() {
        let result = dtcl("-c", "source alpha\nconnect docs to beta map exakt")
        let lines = result.errors.split(separator: "\n")
        #expect(
            lines.dropLast().joined(separator: "\n") == """
                -c:2:26: error: got 'exakt', expected 'EXACT', 'BASE' or a path from the root ('/…')
                   2 | connect docs to beta map exakt
                     |                          ^~~~~
                     = did you mean 'EXACT'?
                """)
        #expect(lines.last?.hasPrefix("     = usage: CONNECT set TO target MAP (EXACT | ") == true)
        #expect(dtcl("--sever").errors.contains("did you mean '--server'?"))
    }

    @Test func `a failed command says where and why`() {
        let file = folder.write("b.dtcl", "write 1\nrepset list\n")
        let result = dtcl(file)
        #expect(result.output == "1\n")
        #expect(
            result.errors == """
                \(file):2:1: error -104 in 'repset list': no source machine has been named, use \
                'SOURCE machine' first
                   2 | repset list
                     | ^~~~~~~~~~~

                """)
    }

    @Test func `a misspelt statement is told from a command`() {
        #expect(dtcl("-c", "wrote 1").errors.contains("did you mean 'WRITE'?"))
        #expect(dtcl("-c", "set option strct on").errors.contains("= the nearest word is"))
        let form = dtcl("-c", "connect docs to TDU map exact").errors
        #expect(dtcl("-c", "write $1").errors.contains("given 0 arguments, so '$1'"))
        #expect(dtcl("-c", "write max()").errors.contains("takes 1 argument or more, got 0"))
        #expect(form.contains("this form of 'CONNECT' is not available"), "\(form)")
    }

    @Test func `the way to a failure names the places of the calls`() {
        let library = folder.write("lib.dtcl", "procedure b($x)\n  $y = 1 / $x\nend\n")
        let file = folder.write(
            "a.dtcl", "include \"lib.dtcl\"\nprocedure a()\n  b(0)\nend\n\na()\n")
        let result = dtcl(file)
        #expect(
            result.errors == """
                \(library):2:8: error: division by zero
                   2 |   $y = 1 / $x
                     |        ^~~~~~
                     = in procedure 'b', called at \(file):3
                     = in procedure 'a', called at \(file):6

                """)
        let deep = dtcl("-c", "procedure f()\nf()\nend\nf()")
        #expect(deep.status == 4)
        #expect(deep.errors.contains("called at -c:2\n       and 198 more of the same\n"))
        let record = try? JSONReader.value(of: dtcl("--json", file).output)
        let calls = record?.record?["error"]?.record?["calls"]?.list ?? []
        #expect(calls.map { $0.record?["line"] } == [.integer(2), .integer(3), .integer(6)])
    }

    @Test func `marks stand below wide letters`() {
        let lines = dtcl("-c", "write \"日本\", $x").errors.split(separator: "\n")
        #expect(lines.last == "     |               ^~")
    }

    @Test func `of a very long line a piece is shown`() {
        let long =
            "write \"\(String(repeating: "a", count: 5000))\", $x, \""
            + String(repeating: "b", count: 5000) + "\""
        let lines = dtcl("-c", long).errors.split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.count < 220 })
        #expect(lines[1].hasPrefix("   1 | …aaa") && lines[1].hasSuffix("b…"))
        let place = lines[2].prefix { $0 != "^" }.count
        #expect(lines[1].dropFirst(place).prefix(2) == "$x")
    }

    @Test func `passwords are never shown`() {
        let wrong = dtcl("-c", "logon alpha admin \"hush\" domain extra")
        #expect(wrong.errors.contains("logon alpha admin ****** domain extra"))
        let failed = dtcl("--echo", "-c", "logon alpha admin \"hush\"")
        #expect(failed.errors.contains("error -109 in 'logon alpha admin ***'"))
        #expect(!(wrong.errors + failed.errors).contains("hush"))
    }

    @Test func `check finds mistakes without running`() {
        let good = folder.write("good.dtcl", "write 1\nsource alpha\nsync 1")
        let bad = folder.write("bad.dtcl", "source\n")
        #expect(dtcl("check", good).status == 0)
        #expect(dtcl("check", good).output == "")
        let result = dtcl("check", good, bad, "--json")
        #expect(result.status == 2)
        let value = try? JSONReader.value(of: result.output)
        #expect(value?.record?["file"] == .text(bad))
        #expect(value?.record?["line"] == .integer(1))
        #expect(value?.record?["id"] == .text("argument-missing"))
    }

    @Test func `help explains itself`() {
        #expect(dtcl("--help").output.contains("Examples:"))
        #expect(dtcl("help", "connect").output.hasPrefix("CONNECT set TO target MAP"))
        #expect(dtcl("help").output.contains("WAITONMIRROR"))
        #expect(dtcl("help", "while").output.hasPrefix("WHILE condition DO"))
        #expect(dtcl("help", "conect").errors.contains("did you mean 'CONNECT'?"))
        #expect(dtcl("help", "date").output.hasPrefix("date(text | seconds)"))
        #expect(dtcl("help", "format").output.hasPrefix("dtcl format FILES..."))
        for job in ["check", "format", "help", "lsp", "completion", "man"] {
            #expect(dtcl(job, "--help").output.contains("Examples:"), "\(job)")
        }
    }

    @Test func `the reference page is up to date`() throws {
        let page = dtcl("help", "--markdown").output
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let kept = ToolProcess.text(of: "/\(path)/Docs/Reference/Commands.md")
        #expect(page == kept, "write it anew: dtcl help --markdown > Docs/Reference/Commands.md")
    }
}
