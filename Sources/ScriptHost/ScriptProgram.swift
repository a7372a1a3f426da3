public import CommandModel
import CommandTable
import DTCLInterpreter
public import DTCLSyntax

/// A script, read and bound to the host's commands. Immutable: any number of runs share one, at the
/// same time as well.
public struct ScriptProgram: Sendable {
    let program: Program
    /// One for each of the program's command sites.
    let commands: [BoundCommand]
    public let source: SourceText
}

/// What became of reading a script.
public struct ScriptCompilation: Sendable {
    /// nil when there is an error.
    public var program: ScriptProgram?
    public var diagnostics: [ScriptDiagnostic]
}

extension ScriptHost {
    /// Reads and binds a script without running it.
    /// - Parameter isForEvents: the script may use `$event`.
    public func compile(_ source: SourceText, isForEvents: Bool = false) -> ScriptCompilation {
        let prepared = prepare(source, after: nil, isForEvents: isForEvents)
        let program = prepared.program.map {
            ScriptProgram(program: $0, commands: prepared.commands, source: source)
        }
        return ScriptCompilation(program: program, diagnostics: prepared.diagnostics)
    }

    /// Runs a program from its beginning. Cancelling the task interrupts it.
    /// - Parameter event: what `$event` is, for a program that was compiled for events.
    public nonisolated(nonsending) func run(
        _ program: ScriptProgram, event: RuntimeEvent? = nil
    ) async -> ScriptOutcome {
        let machine = Machine(program.program, limits: limits, environment: environment)
        for global in globals { machine.setGlobal(global.name, global.value) }
        if let event {
            machine.setGlobal(ScriptHost.eventVariable, ScriptValue(.record(event.value)))
        }
        let origin = event == nil ? "script" : "hook"
        let run = ScriptRun(
            machine, program.commands, host: self, origin: "\(origin):\(program.source.name)")
        return await run.finish()
    }

    static let eventVariable = "event"
}
