import DTCLInterpreter
import DTCLSyntax
import Testing

@Suite("Trace")
struct TraceTests {
    /// Runs a traced script and gives a line for each step.
    private func steps(_ text: String, _ tracing: Tracing = .values) throws -> [String] {
        var options = CompileOptions()
        options.tracing = tracing
        options.treatment = CorpusRun.treatment
        let compilation = Program.compile(Script.parse(text), options: options)
        let program = try #require(compilation.program, "\(compilation.diagnostics)")
        let machine = Machine(program, limits: .hook, environment: CorpusRun.environment)
        var lines: [String] = []
        machine.tracer = { step in
            let site = program.traceSites[step.site]
            let values = zip(site.names, step.values).map { "\($0)=\($1 ?? "unset")" }
            let depth = String(repeating: " ", count: step.depth)
            let mark = site.kind == .assigned ? "-> " : "\(site.line): \(site.text)"
            lines.append(
                depth + mark + (values.isEmpty ? "" : " | " + values.joined(separator: " ")))
        }
        do throws(ScriptError) {
            while true {
                switch try machine.run() {
                case .finished: return lines
                case .command: machine.resume(returning: .integer(1))
                case .outOfSteps, .wait, .write: break
                }
            }
        } catch {
            return lines + ["error \(error.kind.rawValue)"]
        }
    }

    @Test("shows each statement with the values that it reads and sets")
    func statements() throws {
        let got = try steps(
            """
            $x = 1
            WHILE $x < 3 DO
                $x = $x + 1
            END
            FOREACH $k, $v IN {a: [$x, 'a "b']} DO ping $k $v $1 $9 END
            IF $x = 1 THEN EXIT ELSEIF $x = 3 THEN WRITE "x $x", $y END
            $y = 1
            """)
        #expect(
            got == [
                "1: $x = 1", "->  | $x=1", "2: WHILE $x < 3 | $x=1", "3: $x = $x + 1 | $x=1",
                "->  | $x=2", "2: WHILE $x < 3 | $x=2", "3: $x = $x + 1 | $x=2", "->  | $x=3",
                "2: WHILE $x < 3 | $x=3", "5: FOREACH $k, $v IN {a: [$x, 'a \"b']} | $x=3",
                "->  | $k=\"a\" $v=[3, \"a \"\"b\"]",
                "5: ping $k $v $1 $9 | $k=\"a\" $v=[3, \"a \"\"b\"] $1=\"first\" $9=unset",
                "error variable-unset",
            ])
    }

    @Test("shows procedures, loops and errors")
    func procedures() throws {
        let got = try steps(
            """
            PROCEDURE f($a)
                RETURN $a * $top
            END
            $top = 2
            FOR $i = 1 TO f(1) DO
                TRY $r = $i / 0 CATCH $e
                    WRITE $e.code
                END
            END
            """)
        #expect(got.contains(" 2: RETURN $a * $top | $a=1 $top=2"))
        #expect(got.filter { $0.hasPrefix("->  | $i=") } == ["->  | $i=1", "->  | $i=2"])
        #expect(got.contains { $0.hasPrefix("->  | $e={code: -1904, ") })
    }

    @Test("shows no secret and no more of a value than a line")
    func secrets() throws {
        let got = try steps(
            """
            $r = login alpha admin "s3cret"
            $long = range(1, 1000)
            """)
        #expect(got[0] == "1: $r = login alpha admin ***")
        #expect(got.last?.hasSuffix("…") == true)
        #expect((got.last?.count ?? 0) < 300)
    }

    @Test("of lines only has no values, and steps are counted as without a trace")
    func linesOnly() throws {
        #expect(try steps("$x = 1\n$x = $x + 1", .lines) == ["1: $x = 1", "2: $x = $x + 1"])
        var options = CompileOptions()
        options.tracing = .lines
        let text = "$x = 0\nFOR $i = 1 TO 1000 DO $x = $x + 1 END"
        var left: [Int] = []
        for tracing in [Tracing.off, .lines] {
            options.tracing = tracing
            let program = try #require(
                Program.compile(Script.parse(text), options: options).program)
            for steps in 3000..<6000 {
                let machine = Machine(program, limits: Limits(steps: steps))
                if case .finished? = try? machine.run() {
                    left.append(steps)
                    break
                }
            }
        }
        #expect(left.count == 2 && left[0] == left[1], "\(left)")
    }
}
