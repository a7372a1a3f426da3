import DTCLInterpreter
import DTCLSyntax

/// A session of lines that share their variables, procedures and options.
public actor ScriptPrompt {
    private var host: ScriptHost
    private var program: Program?
    private var run: ScriptRun?

    public init(_ host: ScriptHost) {
        self.host = host
    }

    /// Whether a block, a bracket or a continued line is still open at the end of the text.
    public static func needsMoreInput(_ text: String) -> Bool {
        Script.parse(text, name: "prompt").needsMoreInput
    }

    /// Runs what was typed. After a failure the session goes on with what was set before it.
    public func enter(_ text: String) async -> ScriptOutcome {
        let prepared = host.prepare(SourceText(text, name: "prompt"), after: program)
        guard let next = prepared.program else { return .rejected(prepared.diagnostics) }
        program = next
        if let run {
            run.commands += prepared.commands
            run.machine.begin(next)
            return await run.finish()
        }
        let machine = Machine(next, limits: host.limits, environment: host.environment)
        for global in host.globals { machine.setGlobal(global.name, global.value) }
        let first = ScriptRun(machine, prepared.commands, host: host, origin: "prompt")
        run = first
        return await first.finish()
    }
}
