import CommandModel
import CommandTable
import DTCLInterpreter
import DTCLSyntax
import ScriptHost
import Synchronization
import Testing

@Suite struct RunLimitTests {
    /// Takes a command and never gives an answer, whatever happens.
    private struct DeafRouter: CommandRouter {
        let begun: @Sendable () -> Void

        func execute(
            _ request: CommandRequest, of declaration: CommandDeclaration,
            progress: @escaping @Sendable (CommandProgress) -> Void
        ) async throws(CommandError) -> CommandOutcome {
            begun()
            await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            return .result(CommandResult())
        }
    }

    @Test func `a router that does not listen is left behind`() async {
        var sample = Sample()
        let (begun, tell) = AsyncStream<Void>.makeStream()
        sample.host.router = DeafRouter { tell.yield() }
        let host = sample.host
        let task = Task { await host.run(SourceText("echo a")) }
        for await _ in begun { break }
        let clock = ContinuousClock()
        let start = clock.now
        task.cancel()
        #expect(await task.value.exitStatus == 130)
        // Half a second of it, and room for a machine that does ten other things.
        #expect(clock.now - start < .seconds(30))
    }

    @Test func `the time of a run is over, whatever the script catches`() async {
        for text in [
            "while true do try hang catch end end", "wait forever",
            "procedure f() while true do try $x = 1 / 0 catch end end end\nf()",
        ] {
            var sample = Sample()
            sample.host.runSecondsMax = 0.1
            let outcome = await sample.run(text)
            guard case .timedOut(0.1) = outcome else {
                Issue.record("\(text): \(outcome)")
                continue
            }
            #expect(outcome.exitStatus == 4)
        }
    }

    private final class Steps: ScriptTracer {
        let lines = Mutex<[String]>([])

        func step(_ site: TraceSite, _ step: TraceStep) {
            let values = zip(site.names, step.values).map { " \($0)=\($1 ?? "unset")" }.joined()
            lines.withLock { $0.append("\(site.line) \(site.text)\(values)") }
        }

        func ended() { lines.withLock { $0.append("end") } }
    }

    @Test func `a tracer follows the statements and their values`() async {
        var sample = Sample()
        let steps = Steps()
        sample.host.tracer = steps
        sample.host.tracing = .values
        #expect(await sample.run("$x = 2\necho $x").exitStatus == 0)
        let lines = steps.lines.withLock { $0 }
        #expect(lines.contains { $0.hasPrefix("1 $x = 2") })
        #expect(lines.contains { $0.hasPrefix("2 echo $x $x=2") }, "\(lines)")
        #expect(lines.last == "end")
    }
}
