public import CommandModel
import CommandTable
import CPosix
import DTCLInterpreter
import DTCLSyntax
import LuaKit
import Synchronization

/// Runs script objects of every language, each on a thread of its own and within its limits, and
/// keeps what became of them.
public struct ScriptRunner: Sendable {
    /// What the scripts find: commands, limits, environment. Its output gets what they show.
    public var host: ScriptHost
    public let history: ScriptHistory
    /// Where `LUA:function` finds loaded functions.
    var functions: (any LuaFunctionCaller)?

    public init(_ host: ScriptHost, history: ScriptHistory = ScriptHistory()) {
        self.host = host
        self.history = history
    }

    /// Runs a script to its end. Cancelling the task interrupts it.
    /// - Parameter event: what it runs for: `$event`, `event`, environment variables.
    public func run(_ object: ScriptObject, event: RuntimeEvent? = nil) async -> ScriptReport {
        await run(object, program: nil, event: event)
    }

    /// - Parameter program: the object's text, when it has been read already.
    func run(
        _ object: ScriptObject, program: ScriptProgram?, event: RuntimeEvent?
    ) async -> ScriptReport {
        var report = ScriptReport(
            name: object.name, language: object.language, event: event?.name,
            started: Double(cposix_realtime()) / 1e9)
        report.number = history.begin(report)
        let began = cposix_monotonic()
        let lines = KeptLines(shown: host.output)
        if object.isTask, let objection = host.taskObjection(object) {
            report.outcome = .notStarted
            report.message = objection.message
            history.end(report)
            return report
        }
        switch (object.language, object.source) {
        case (.executable, .file(let path)):
            await runProgram(path, object, event, lines, &report)
        case (.executable, _):
            report.outcome = .notStarted
            report.message = "an executable is a file"
        case (.dtcl, _): await runDTCL(object, program, event, lines, &report)
        case (.lua, _): await runLua(object, event, lines, &report)
        }
        report.seconds = Double(cposix_monotonic() - began) / 1e9
        (report.lines, report.droppedLineCount) = lines.kept
        if report.outcome == .running { report.outcome = .failed }
        history.end(report)
        return report
    }

    // MARK: Executables

    private func runProgram(
        _ path: String, _ object: ScriptObject, _ event: RuntimeEvent?, _ lines: KeptLines,
        _ report: inout ScriptReport
    ) async {
        let facts = event.map {
            EventFacts.variables(of: $0, prefix: host.environmentPrefix)
        }
        let own = object.environment.sorted { $0.key < $1.key }
        let taken = Set(object.environment.keys)
        let run = ProgramRun(
            path: path, arguments: object.arguments,
            environment: (facts ?? []).filter { !taken.contains($0.name) }
                + own.map { ($0.key, $0.value) },
            folder: object.workingFolder, timeoutSeconds: shorter(object.timeoutSeconds),
            endsGroup: object.endsLeftProcesses)
        let outcome = await run.run { line, isError in lines.add(line, toError: isError) }
        let last = lines.last.map { ": \($0)" } ?? ""
        switch outcome.end {
        case .exited(0):
            report.outcome = .succeeded
            report.exitStatus = 0
        case .exited(let status):
            report.outcome = .failed
            report.exitStatus = status
            report.message = "exit status \(status)\(last)"
        case .killed(let signal):
            report.outcome = .failed
            report.signal = signal
            report.message = "killed by signal \(signal)\(last)"
        case .timedOut:
            report.outcome = .timedOut
            report.message = "took longer than \(shorter(object.timeoutSeconds) ?? 0) seconds"
        case .interrupted:
            report.outcome = .interrupted
            report.message = "was interrupted"
        case .notStarted(let reason):
            report.outcome = .notStarted
            report.message = "'\(path)' cannot be started: \(reason)"
        }
        if outcome.leftProcesses {
            report.message +=
                (report.message.isEmpty ? "" : "; ") + "processes that it left were ended"
        }
    }

    private func shorter(_ seconds: Double?) -> Double? {
        guard let seconds else { return host.runSecondsMax }
        return min(seconds, host.runSecondsMax ?? seconds)
    }

    // MARK: DTCL

    private func runDTCL(
        _ object: ScriptObject, _ program: ScriptProgram?, _ event: RuntimeEvent?,
        _ lines: KeptLines, _ report: inout ScriptReport
    ) async {
        var host = host
        host.output = lines
        host.environment = environment(of: object)
        host.runSecondsMax = shorter(object.timeoutSeconds)
        let ready: ScriptProgram
        if let program {
            ready = program
        } else {
            do throws(CommandError) {
                ready = try host.program(of: object, isForEvents: event != nil)
            } catch {
                report.outcome = .notStarted
                report.message = error.message
                return
            }
        }
        let prepared = host
        let outcome = await ScriptThread.run("script") { await prepared.run(ready, event: event) }
        report.take(outcome)
    }

    func environment(of object: ScriptObject) -> ScriptEnvironment {
        var environment = host.environment
        environment.arguments = object.arguments
        let variable = host.environment.variable
        let own = object.environment
        environment.variable = { own[$0] ?? variable($0) }
        return environment
    }

    // MARK: Lua

    private func runLua(
        _ object: ScriptObject, _ event: RuntimeEvent?, _ lines: KeptLines,
        _ report: inout ScriptReport
    ) async {
        if case .function(let name) = object.source {
            guard let functions else {
                report.outcome = .notStarted
                report.message = "no hook files are loaded that could have a function '\(name)'"
                return
            }
            report.take(await functions.call(name, object, event))
            return
        }
        do throws(CommandError) {
            let script = LuaScript(
                name: object.name, bytes: try object.bytes(), host: luaHost(lines),
                timeoutSeconds: shorter(object.timeoutSeconds))
            let result = await ScriptThread.run("script") {
                do throws(LuaError) {
                    let values = try await script.run(
                        event: event, arguments: object.arguments
                    ) { lines.add($1, toError: false) }
                    return Result<[CommandValue], LuaError>.success(values)
                } catch {
                    return .failure(error)
                }
            }
            report.take(result)
        } catch {
            report.outcome = .notStarted
            report.message = error.message
        }
    }

    private func luaHost(_ lines: KeptLines) -> ScriptHost {
        var host = host
        host.output = lines
        return host
    }
}

/// Calls functions of loaded hook files.
protocol LuaFunctionCaller: Sendable {
    func call(
        _ name: String, _ object: ScriptObject, _ event: RuntimeEvent?
    ) async -> Result<[CommandValue], LuaError>
}

extension ScriptHost {
    /// The program of a DTCL object.
    /// - Throws: `scriptNotStarted` with the first mistake.
    func program(
        of object: ScriptObject, isForEvents: Bool
    ) throws(CommandError) -> ScriptProgram {
        let source = SourceText(bytes: try object.bytes(), name: object.name)
        let compilation = compile(source, isForEvents: isForEvents)
        guard let program = compilation.program else {
            throw CommandError(.scriptNotStarted, ScriptDiagnostic.summary(compilation.diagnostics))
        }
        return program
    }
}

extension ScriptObject {
    /// The text of a script.
    func bytes() throws(CommandError) -> [UInt8] {
        switch source {
        case .text(let text): Array(text.utf8)
        case .file(let path): try ScriptFiles.read(path)
        case .function(let name):
            throw CommandError(.scriptNotStarted, "'\(name)' is a function of a hook file")
        }
    }
}

extension ScriptDiagnostic {
    /// The first error in one line, and how many more there are.
    static func summary(_ diagnostics: [ScriptDiagnostic]) -> String {
        let errors = diagnostics.filter { $0.diagnostic.severity == .error }
        guard let first = errors.first else { return "the script is wrong" }
        let position = LineTable(first.source).position(of: first.diagnostic.range.lower)
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        return "\(first.source.name):\(position.line):\(position.column): "
            + "\(first.diagnostic.message)\(more)"
    }
}

extension ScriptReport {
    mutating func take(_ outcome: ScriptOutcome) {
        switch outcome {
        case .finished(let result, let status):
            value = result.commandValue
            exitStatus = status
            self.outcome = (status ?? 0) == 0 ? .succeeded : .failed
            if !isGood { message = "exit status \(status ?? 0)" }
        case .rejected(let diagnostics):
            self.outcome = .notStarted
            message = ScriptDiagnostic.summary(diagnostics)
        case .failed(let error):
            self.outcome = .failed
            message = "\(error.file):\(error.line): \(error.message)"
        case .timedOut(let seconds):
            self.outcome = .timedOut
            message = "took longer than \(seconds) seconds"
        case .interrupted:
            self.outcome = .interrupted
            message = "was interrupted"
        }
    }
}

extension ScriptReport {
    /// What a Lua script or function returned.
    mutating func take(_ result: Result<[CommandValue], LuaError>) {
        switch result {
        case .success(let values):
            outcome = .succeeded
            value = values.count > 1 ? .list(values) : values.first ?? .none
        case .failure(let error):
            message = error.reason
            outcome =
                switch error.kind {
                case .cancelled: .interrupted
                case .wallTime: .timedOut
                case .syntax: .notStarted
                default: .failed
                }
        }
    }
}

/// What a script object shows: kept for its report and passed on.
final class KeptLines: ScriptOutput {
    private let keeper = Mutex(LineKeeper())
    private let shown: any ScriptOutput

    init(shown: any ScriptOutput) { self.shown = shown }

    var kept: (lines: [String], droppedCount: Int) {
        keeper.withLock { keeper in
            keeper.trim()
            return (keeper.lines, keeper.droppedCount)
        }
    }

    var last: String? { keeper.withLock { $0.lines.last } }

    /// A line of an executable.
    func add(_ line: String, toError: Bool) { write(line, toError: toError) }

    func write(_ line: String, toError: Bool) {
        keeper.withLock { $0.keep(line) }
        shown.write(line, toError: toError)
    }

    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool) {
        if !isTaken {
            keeper.withLock { keeper in for line in result.lines { keeper.keep(line) } }
        }
        shown.succeeded(result, of: declaration, isTaken: isTaken)
    }

    func failed(_ error: CommandError, of declaration: CommandDeclaration) {
        keeper.withLock { $0.keep("\(declaration.name): error \(error.code): \(error.message)") }
        shown.failed(error, of: declaration)
    }

    func echo(_ command: String) { shown.echo(command) }
    func progress(_ progress: CommandProgress) {
        if progress.stays { keeper.withLock { $0.keep(progress.line) } }
        shown.progress(progress)
    }
    func progressEnded() { shown.progressEnded() }
}
