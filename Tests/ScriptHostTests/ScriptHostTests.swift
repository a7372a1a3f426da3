import CommandModel
import DTCLInterpreter
import DTCLSyntax
import ScriptHost
import Testing

@Suite struct ScriptHostTests {
    @Test func `a command's lines are shown unless its result is taken`() async {
        let sample = Sample()
        let outcome = await sample.run("echo one\n$x = echo two\nwrite \"got \", $x")
        #expect(outcome.exitStatus == 0)
        #expect(sample.output.lines == ["said one", "got two"])
        #expect(sample.router.requests.first?.origin == "script:sample.dtcl")
    }

    @Test func `a failed command stops the script`() async {
        let sample = Sample()
        let outcome = await sample.run("fail\necho never")
        #expect(outcome.exitStatus == 1)
        guard case .failed(let error) = outcome else {
            Issue.record("the script went on")
            return
        }
        #expect(error.line == 1)
        #expect(error.code == -107)
        #expect(error.command == "fail")
        #expect(error.message == "it failed")
        #expect(sample.output.lines == [])
    }

    @Test func `a taken result holds the code of a failure`() async {
        let sample = Sample()
        let outcome = await sample.run("$r = fail -123\nif $r < 0 then write $r end")
        #expect(outcome.exitStatus == 0)
        #expect(sample.output.lines == ["-123"])
    }

    @Test func `TRY catches a failure`() async {
        let sample = Sample()
        let text = "try\nfail -131\necho never\ncatch $e\nwrite $e.code, \" \", $e.message\nend"
        #expect(await sample.run(text).exitStatus == 0)
        #expect(sample.output.lines == ["-131 it failed"])
    }

    @Test func `with STRICT off the script goes on and says what failed`() async {
        let sample = Sample()
        #expect(await sample.run("set option strict off\nfail\necho after").exitStatus == 0)
        #expect(sample.output.lines == ["FAIL failed with -107", "said after"])
    }

    @Test func `all mistakes of a script are known before anything runs`() async {
        let sample = Sample()
        let outcome = await sample.run("echo one\nehco two\nfail soon\nif 1 then\necho a b\n")
        #expect(outcome.exitStatus == 2)
        #expect(
            outcome.messages.sorted()
                == ["argument-unexpected", "argument-unexpected", "command-unknown", "end-missing"])
        #expect(sample.router.requests == [])
    }

    @Test func `the exit status is what EXIT says or what the failure means`() async {
        #expect(await Sample().run("exit 9").exitStatus == 9)
        #expect(await Sample().run("leave\necho never").exitStatus == 7)
        #expect(await Sample().run("fail -110").exitStatus == 3)
        #expect(await Sample().run("$x = 1 / 0").exitStatus == 1)
        var limited = Sample()
        limited.host.limits = Limits(steps: 1000)
        #expect(await limited.run("while true do $x = 1 end").exitStatus == 4)
    }

    @Test func `a command that is not built yet says so only when it runs`() async {
        let sample = Sample()
        let outcome = await sample.run(
            "if false then later end\ntry later catch $e\nwrite $e.code end")
        #expect(outcome.exitStatus == 0)
        #expect(sample.output.lines == ["\(ErrorCode.invalidCommand.rawValue)"])
        #expect(sample.router.requests == [])
    }

    @Test func `PLAN goes with the command to whoever carries it out`() async {
        let sample = Sample()
        #expect(await sample.run("change plan").exitStatus == 0)
        #expect(sample.router.requests.map { $0.arguments["plan"] } == [.boolean(true)])
    }

    @Test func `echo hides secrets, which are never filled in`() async {
        let sample = Sample()
        #expect(await sample.run("set option echo on\nlogin me \"pa$word\"").exitStatus == 0)
        #expect(sample.output.lines == ["> login me ***"])
        #expect(sample.router.requests.last?.arguments["password"] == .text("pa$word"))
    }

    @Test func `arguments of programs are split before they are filled in`() async {
        let sample = Sample()
        #expect(await sample.run("$a = \"x y\"\nrun \"-v $a\"").exitStatus == 0)
        #expect(
            sample.router.requests.last?.arguments["arguments"]
                == .list([.text("-v"), .text("x y")]))
    }

    @Test func `cancelling interrupts a command, a loop and a wait`() async {
        for text in ["hang", "while true do $x = 1 end", "wait 1h", "try hang catch\necho no end"] {
            let sample = Sample()
            let task = Task { await sample.run(text) }
            sample.router.whenHanging { task.cancel() }
            if text.first == "w" { task.cancel() }
            #expect(await task.value.exitStatus == 130, "\(text)")
        }
    }

    @Test func `a time limit ends a command`() async {
        let sample = Sample()
        let text = "set option timeout 50ms\ntry hang catch $e\nwrite $e.code end"
        #expect(await sample.run(text).exitStatus == 0)
        #expect(sample.output.lines == ["… hanging", "\(ErrorCode.timedOut.rawValue)"])
    }

    @Test func `INCLUDE reads relative to the including file`() async {
        var sample = Sample()
        sample.host.readFile = { path in
            path == "lib/more.dtcl"
                ? .success(SourceText("echo more", name: path))
                : .failure(IncludeError("no \(path)"))
        }
        let source = SourceText("include \"more.dtcl\"", name: "lib/main.dtcl")
        #expect(await sample.host.run(source).exitStatus == 0)
        #expect(sample.output.lines == ["said more"])
        #expect(await sample.run("include \"more.dtcl\"").exitStatus == 2)
    }

    @Test func `variables that the host sets are there`() async {
        var sample = Sample()
        sample.host.globals = [("folder", .text("/srv"))]
        #expect(await sample.run("echo $folder").exitStatus == 0)
        #expect(sample.output.lines == ["said /srv"])
    }
}

@Suite struct ScriptPromptTests {
    @Test func `a session keeps its variables and goes on after errors`() async {
        let sample = Sample()
        let prompt = ScriptPrompt(sample.host)
        for line in ["$x = \"one\"", "echo $x", "fail", "ehco", "$x = 1 / 0", "echo $x"] {
            _ = await prompt.enter(line)
        }
        #expect(sample.output.lines == ["said one", "said one"])
        #expect(sample.router.requests.map(\.origin).allSatisfy { $0 == "prompt" })
    }

    @Test func `EXIT ends a session with a status`() async {
        let prompt = ScriptPrompt(Sample().host)
        guard case .finished(_, let none) = await prompt.enter("echo x"), none == nil else {
            Issue.record("the session ended")
            return
        }
        guard case .finished(_, let status) = await prompt.enter("exit 3") else {
            Issue.record("EXIT failed")
            return
        }
        #expect(status == 3)
    }

    @Test func `open blocks and brackets need more input`() {
        #expect(ScriptPrompt.needsMoreInput("if true then"))
        #expect(ScriptPrompt.needsMoreInput("$x = [1,"))
        #expect(!ScriptPrompt.needsMoreInput("if true then write 1 end"))
    }
}
