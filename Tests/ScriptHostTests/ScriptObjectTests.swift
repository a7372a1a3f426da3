import CommandModel
import CommandTable
import DTCLInterpreter
import DTCLSyntax
import Glibc
import ScriptHost
import Testing

@Suite struct ScriptObjectTests {
    private let folder = TemporaryFolder()
    private let sample = Sample()

    private var runner: ScriptRunner { ScriptRunner(sample.host) }

    private func isAlive(_ process: String) -> Bool {
        guard let number = Int32(process) else { return true }
        guard kill(number, 0) == 0, let file = fopen("/proc/\(number)/stat", "r") else {
            return false
        }
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 512)
        let count = fread(&line, 1, 512, file)
        // Dead, and only its parent has not looked yet.
        return !String(decoding: line[..<count], as: UTF8.self).contains(") Z ")
    }

    @Test func `the language of a script is found by its ending or its permission`() throws {
        folder.write("a.dtcl", "")
        folder.write("b.LUA", "")
        folder.write("plain", "")
        let program = folder.program("c", "true")
        #expect(try ScriptObject.named("a.dtcl", in: folder.path).language == .dtcl)
        #expect(try ScriptObject.named("\(folder.path)/b.LUA").language == .lua)
        #expect(try ScriptObject.named(program).language == .executable)
        #expect(try ScriptObject.named("lua:notify").source == .function("notify"))
        for wrong in ["plain", "missing", ".", "LUA:"] {
            #expect(throws: CommandError.self) {
                try ScriptObject.named(wrong, in: folder.path)
            }
        }
    }

    @Test func `an executable gets the facts, its arguments and its folder`() async throws {
        let path = folder.program(
            "facts", #"echo "$UNDERSTUDY_EVENT $UNDERSTUDY_CONNECTION $UNDERSTUDY_MIRROR_STATE""#,
            #"echo "$# $2 $COLOUR""#, "pwd", "echo bad >&2", "ls /proc/self/fd | wc -l",
            "read line && echo input", "exit 3")
        var object = try ScriptObject.named(path)
        object.arguments = ["one", "two words; $HOME"]
        object.environment = ["COLOUR": "red"]
        object.workingFolder = "/"
        let event = RuntimeEvent(
            "mirror.completed", ["connection": .integer(7), "mirrorState": .text("Idle")])
        let report = await runner.run(object, event: event)
        #expect(report.outcome == .failed)
        #expect(report.exitStatus == 3)
        // Standard input, output and error, and the listing's own.
        #expect(
            report.lines.sorted()
                == ["/", "2 two words; $HOME red", "4", "bad", "mirror.completed 7 Idle"].sorted())
        #expect(report.event == "mirror.completed")
        #expect(report.message.hasPrefix("exit status 3"))
    }

    @Test func `a runaway program is ended with its whole group`() async throws {
        let path = folder.program(
            "runaway", "trap '' TERM", "for i in 1 2 3; do",
            "(trap '' TERM; while :; do sleep 1000; done) & echo $!; done",
            "echo $$; while :; do sleep 1000; done")
        var object = try ScriptObject.named(path)
        object.timeoutSeconds = 0.3
        let report = await runner.run(object)
        #expect(report.outcome == .timedOut)
        #expect(report.seconds >= 5 && report.seconds < 60, "\(report.seconds)")
        #expect(report.lines.count == 4)
        for process in report.lines { #expect(!isAlive(process)) }
    }

    @Test func `what a program leaves behind is ended with it, unless it may stay`() async throws {
        let path = folder.program("parent", "sleep 1000 & echo $!", "exit 0")
        var object = try ScriptObject.named(path)
        let ended = await runner.run(object)
        #expect(ended.outcome == .succeeded)
        #expect(ended.message == "processes that it left were ended")
        for process in ended.lines { #expect(!isAlive(process)) }
        object.endsLeftProcesses = false
        let left = await runner.run(object)
        #expect(left.message == "")
        for process in left.lines {
            #expect(isAlive(process))
            if let number = Int32(process) { kill(number, SIGKILL) }
        }
    }

    @Test func `cancelling ends a program within a second`() async throws {
        let path = folder.program("hang", "trap '' TERM", "echo $$", "while :; do sleep 1000; done")
        let object = try ScriptObject.named(path)
        let (begun, tell) = AsyncStream<String>.makeStream()
        var sample = sample
        sample.host.output = TellingOutput { tell.yield($0) }
        let runner = ScriptRunner(sample.host)
        let task = Task { await runner.run(object) }
        var process = ""
        for await line in begun {
            process = line
            break
        }
        let clock = ContinuousClock()
        let start = clock.now
        task.cancel()
        let report = await task.value
        // Half of it, and room for a busy machine; the program itself would go on for ever.
        #expect(clock.now - start < .seconds(30))
        #expect(report.outcome == .interrupted)
        #expect(!isAlive(process))
    }

    @Test func `output is kept within limits and counted beyond them`() async throws {
        let path = folder.program("much", "seq 1 100000", "printf 'no end'")
        let report = await runner.run(try ScriptObject.named(path))
        #expect(report.outcome == .succeeded)
        #expect(report.lines.count == 200)
        #expect(report.lines.last == "no end")
        #expect(report.droppedLineCount == 100_001 - 200)
    }

    @Test func `what cannot be started says why`() async throws {
        let path = folder.write("broken", "#!/no/such/interpreter\n", mode: 0o755)
        let report = await runner.run(try ScriptObject.named(path))
        #expect(report.outcome == .notStarted)
        #expect(report.message.contains("interpreter"))
    }

    @Test func `the signal that killed a program is known`() async throws {
        let path = folder.program("die", "kill -9 $$")
        let report = await runner.run(try ScriptObject.named(path))
        #expect(report.outcome == .failed)
        #expect(report.signal == 9)
    }

    @Test func `a DTCL object sees its event, arguments and environment`() async {
        var object = ScriptObject(
            .dtcl, text: "write $event.name, \" \", $event.connection, \" \", $1, \" \", env(\"A\")"
                + "\nreturn \"veto\"", name: "hook")
        object.arguments = ["first"]
        object.environment = ["A": "b"]
        let event = RuntimeEvent("mirror.started", ["connection": .integer(2)])
        let report = await runner.run(object, event: event)
        #expect(report.outcome == .succeeded, "\(report.message)")
        #expect(report.lines == ["mirror.started 2 first b"])
        #expect(report.value == .text("veto"))
    }

    @Test func `the time of a script is over inside a loop, a wait and a command`() async {
        for text in [
            "while true do\ntry\nwhile true do $x = 1 end\ncatch\nend\nend", "wait 1h",
            "try\nhang\ncatch\necho caught\nend",
        ] {
            var object = ScriptObject(.dtcl, text: text, name: "slow")
            object.timeoutSeconds = 0.1
            let report = await runner.run(object)
            #expect(report.outcome == .timedOut, "\(text): \(report.message)")
            #expect(!report.lines.contains("said caught"))
        }
    }

    @Test func `wrong scripts are not started and say where they are wrong`() async {
        let report = await runner.run(ScriptObject(.dtcl, text: "echo a\nehco b", name: "wrong"))
        #expect(report.outcome == .notStarted)
        #expect(report.message.hasPrefix("wrong:2:1: "))
    }

    @Test func `runs are kept and listed with their outcomes`() async {
        let history = ScriptHistory(countMax: 3)
        let runner = ScriptRunner(sample.host, history: history)
        for number in 1...20 {
            _ = await runner.run(
                ScriptObject(.dtcl, text: "exit \(number % 2)", name: "run \(number)"))
        }
        #expect(history.reports.map(\.number) == [18, 19, 20])
        #expect(history.reports.map(\.outcome) == [.succeeded, .failed, .succeeded])
        let result = history.result(countMax: 2)
        #expect(result.value.list?.last?.record?["status"] == .integer(1))
        #expect(result.lines.count == 2)
        #expect(throws: CommandError.self) { try history.output(of: 1) }
    }

    @Test func `one program runs a thousand times at once`() async {
        let source = "$sum = 0\nfor $i = 1 to 100 do $sum = $sum + $i end\nreturn $sum"
        let host = sample.host
        let program = host.compile(.init(source, name: "sum")).program
        await withTaskGroup(of: Bool.self) { group in
            for _ in 1...1000 {
                group.addTask {
                    guard let program,
                        case .finished(.integer(5050), _) = await host.run(program)
                    else { return false }
                    return true
                }
            }
            var good = 0
            for await isGood in group where isGood { good += 1 }
            #expect(good == 1000)
        }
    }
}

/// Tells of every line written.
struct TellingOutput: ScriptOutput {
    let tell: @Sendable (String) -> Void

    init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    func write(_ line: String, toError: Bool) { tell(line) }
    func succeeded(
        _ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool
    ) {}
    func failed(_ error: CommandError, of declaration: CommandDeclaration) {}
    func echo(_ command: String) {}
    func progress(_ progress: CommandProgress) {}
    func progressEnded() {}
}
