import DTCLSyntax
import Testing

@testable import DTCLInterpreter

@Suite("Machine")
struct MachineTests {
    private func program(_ text: String, after previous: Program? = nil) throws -> Program {
        let compilation = Program.compile(Script.parse(text), after: previous)
        return try #require(compilation.program, "\(compilation.diagnostics.map(\.diagnostic))")
    }

    /// Runs to the end and gives what was written.
    private func lines(_ machine: Machine) throws -> [String] {
        var lines: [String] = []
        while true {
            switch try machine.run() {
            case .write(let text, _): lines.append(text)
            case .finished: return lines
            case .command: machine.resume(returning: .integer(1))
            case .outOfSteps, .wait: break
            }
        }
    }

    @Test("a prompt keeps variables, procedures and options from line to line")
    func promptKeepsVariables() throws {
        var last = try program("$x = [1]; SET OPTION STRICT OFF")
        let machine = Machine(last, limits: .person)
        _ = try lines(machine)
        for line in ["PROCEDURE f($a) RETURN append($a, length($x)) END", "$y = f($x)", "$x = 5"] {
            last = try program(line, after: last)
            machine.begin(last)
            _ = try lines(machine)
        }
        last = try program("WRITE $x, $y, f([])", after: last)
        machine.begin(last)
        #expect(throws: ScriptError.self) { try lines(machine) }
        last = try program("$x = [7]; WRITE $x, $y, f([])", after: last)
        machine.begin(last)
        #expect(try lines(machine) == ["[7][1, 1][1]"])
        #expect(machine.global("Y") == .list([.integer(1), .integer(1)]))
        #expect(!machine.options.isStrict)
    }

    @Test("a line that fails leaves the prompt as it was, and the next line runs")
    func failedLine() throws {
        let first = try program("$x = 1")
        let machine = Machine(first, limits: .person)
        _ = try lines(machine)
        let second = try program("$x = 2; $y = 1 / 0; $x = 3", after: first)
        machine.begin(second)
        do {
            _ = try lines(machine)
            Issue.record("expected an error")
        } catch {
            #expect((error as? ScriptError)?.kind == .divisionByZero)
        }
        let third = try program("WRITE $x", after: second)
        machine.begin(third)
        #expect(try lines(machine) == ["2"])
    }

    @Test("only the commands of the new line are new")
    func newCommandSites() throws {
        let first = try program("ping a\nping b")
        #expect(first.newCommandSites == 0..<2)
        let second = try program("ping c", after: first)
        #expect(second.newCommandSites == 2..<3)
        #expect(second.commandSites.map(\.text) == ["ping a", "ping b", "ping c"])
    }

    @Test("a procedure can be declared anew at the prompt")
    func redeclared() throws {
        let first = try program("PROCEDURE f() RETURN 1 END\nPROCEDURE g() RETURN f() END")
        let second = try program("PROCEDURE f() RETURN 2 END\nWRITE g()", after: first)
        let machine = Machine(first, limits: .person)
        _ = try lines(machine)
        machine.begin(second)
        #expect(try lines(machine) == ["2"])
    }

    @Test(
        "a run comes back after a slice, wherever the script is",
        arguments: [
            "WHILE TRUE DO END", "FOR $i = 1 TO 1000000000 DO END",
            "FOREACH $x IN range(1, 1000) DO FOREACH $y IN range(1, 100000) DO END END",
            "PROCEDURE f($n) IF $n > 0 THEN f($n - 1); f($n - 1) END END\nf(100)",
            "WHILE TRUE DO TRY $x = 1 / 0 CATCH CONTINUE END END",
        ])
    func comesBack(_ text: String) throws {
        let limits = Limits(steps: nil, sliceSteps: 10_000)
        let machine = Machine(try program(text), limits: limits)
        for _ in 0..<20 {
            guard case .outOfSteps = try machine.run() else {
                Issue.record("expected the end of a slice")
                return
            }
        }
    }

    @Test("one program serves many machines")
    func manyMachines() async throws {
        let program = try program(
            "$s = \"\"\nFOR $i = 1 TO 50 DO $s = $s & $i END\nWRITE length($s)")
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let machine = Machine(program, limits: .hook)
                    while true {
                        if case .write(let text, _) = try machine.run() { return text }
                    }
                }
            }
            for try await text in group { #expect(text == "91") }
        }
    }

    @Test("a command that is not answered is asked for again")
    func unanswered() throws {
        let machine = Machine(try program("$x = ping alpha\nWRITE $x"), limits: .hook)
        for _ in 0..<2 {
            guard case .command(let call) = try machine.run() else {
                Issue.record("expected the command")
                return
            }
            #expect(call.onFailure == .resultTaken)
        }
        machine.resume(returning: .text("here"))
        #expect(try lines(machine) == ["here"])
        guard case .finished = try machine.run() else {
            Issue.record("expected the end")
            return
        }
    }

    @Test("says what a failure will do")
    func effects() throws {
        let text = """
            one
            TRY two CATCH END
            $x = three
            SET OPTION STRICT OFF
            four
            """
        let machine = Machine(try program(text), limits: .hook)
        var effects: [FailureEffect] = []
        while case .command(let call) = try machine.run() {
            effects.append(call.onFailure)
            machine.resume(returning: .integer(1))
        }
        #expect(effects == [.stops, .caught, .resultTaken, .goesOn])
    }

    @Test("an error names file, line, command, code and the calls")
    func errorFacts() throws {
        let text = "PROCEDURE f()\n  repset create a\nEND\n\nf()"
        let compilation = Program.compile(Script.parse(text, name: "nightly.dtcl"))
        let machine = Machine(try #require(compilation.program), limits: .hook)
        _ = try machine.run()
        machine.resume(failing: CommandFailure(code: -122, message: "the set exists"))
        do {
            _ = try machine.run()
            Issue.record("expected an error")
        } catch {
            #expect(error.kind == .commandFailed)
            #expect(error.file == "nightly.dtcl")
            #expect(error.position == SourcePosition(line: 2, column: 3))
            #expect(error.command == "repset create a")
            #expect(error.code == -122)
            #expect(error.message == "the set exists")
            #expect(error.calls.map(\.procedure) == ["f", ""])
            #expect(error.calls.map(\.line) == [2, 5])
        }
    }

    @Test("values go to the host and back unchanged")
    func exchange() throws {
        let value = ScriptValue.record([
            ScriptField("a", .list([.integer(1), .decimal(2.5), .none, .boolean(true)])),
            ScriptField("b c", .text("é\n\"$")), ScriptField("empty", .record([])),
        ])
        let machine = Machine(try program("$x = get\nRETURN $x"), limits: .hook)
        _ = try machine.run()
        machine.resume(returning: value)
        guard case .finished(let result) = try machine.run() else {
            Issue.record("expected the end")
            return
        }
        #expect(result == value)
        #expect(result["b c"] == .text("é\n\"$"))
    }

    @Test("values set by the host are seen, unknown names are left out")
    func hostGlobals() throws {
        var options = CompileOptions()
        options.globals = ["Event"]
        let compilation = Program.compile(Script.parse("WRITE $event.name"), options: options)
        let machine = Machine(try #require(compilation.program), limits: .hook)
        machine.setGlobal("event", .record([ScriptField("name", .text("x"))]))
        machine.setGlobal("other", .integer(1))
        #expect(try lines(machine) == ["x"])
        #expect(machine.global("other") == nil)
    }

    @Test("memory that is free again can be used again, over many sweeps")
    func sweeps() throws {
        let text = """
            $keep = {}
            FOR $i = 1 TO 3000 DO
              $keep["k" & $i % 50] = [$i, "text number $i", {n: $i}]
              $junk = range(1, 200)
            END
            $sum = 0
            FOREACH $k, $v IN $keep DO $sum = $sum + $v[0] + $v[2].n END
            WRITE $sum
            """
        let limits = Limits(steps: nil, memoryBytesMax: 200_000)
        let machine = Machine(try program(text), limits: limits)
        #expect(try lines(machine) == ["\((2951...3000).reduce(0, +) * 2)"])
    }

    @Test(
        "what is as deep as the parser allows compiles and runs",
        arguments: [
            ("[", "1", "]", 120), ("(", "1", ")", 120), ("-", "1", "", 250), ("", "1", "+1", 500),
            ("f(", "1", ")", 120), ("{a: ", "1", "}", 120), ("NOT ", "1", "", 120),
        ])
    func deepExpressions(_ open: String, _ inner: String, _ close: String, _ depth: Int) throws {
        let value =
            String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
        let text = "PROCEDURE f($x) RETURN $x END\n$x = \(value)\nWRITE $x = $x, length(\"$x\") > 0"
        let machine = Machine(try program(text), limits: .hook)
        #expect(try lines(machine) == ["TRUETRUE"])
    }

    @Test("blocks as deep as the parser allows compile and run")
    func deepBlocks() throws {
        for (open, close) in [("IF TRUE THEN ", " END"), ("FOR $i = 1 TO 1 DO ", " END")] {
            let text =
                String(repeating: open, count: 240) + "WRITE 1"
                + String(repeating: close, count: 240)
            #expect(try lines(Machine(try program(text), limits: .hook)) == ["1"])
        }
    }

    @Test("more variables than registers can be numbered is a message")
    func tooManyVariables() {
        let text = (0..<66_000).map { "$v\($0) = 1" }.joined(separator: "\n")
        let compilation = Program.compile(Script.parse(text))
        #expect(compilation.program == nil)
        #expect(compilation.diagnostics.map(\.diagnostic.id) == ["program-too-large"])
    }

    @Test("a script argument beyond all counting is a message")
    func hugeArgument() {
        let script = Script.parse("WRITE $99999999999999999999, $4294967297, $0")
        let ids = Program.compile(script).diagnostics.map(\.diagnostic.id)
        #expect(ids == ["variable-unknown", "variable-unknown", "variable-unknown"])
    }

    @Test("messages of the compiler are unique and sorted")
    func compileMessages() {
        let ids = CompileMessage.allCases.map(\.rawValue)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        let kinds = ScriptError.Kind.allCases
        #expect(Set(kinds.map(\.code)).count == kinds.count)
    }

    @Test("a value and an instruction keep their size")
    func sizes() {
        #expect(MemoryLayout<Value>.size == 16)
        #expect(MemoryLayout<Instruction>.size == 8)
    }
}
