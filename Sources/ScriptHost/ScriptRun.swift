import CommandModel
import CommandTable
import DTCLInterpreter

/// Drives one machine: does what it asks for until it ends. Belongs to one task at a time.
final class ScriptRun {
    let machine: Machine
    /// One for each command site of the program.
    var commands: [BoundCommand]
    private let host: ScriptHost
    private let origin: String

    init(_ machine: Machine, _ commands: [BoundCommand], host: ScriptHost, origin: String) {
        self.machine = machine
        self.commands = commands
        self.host = host
        self.origin = origin
    }

    nonisolated(nonsending) func finish() async -> ScriptOutcome {
        do throws(ScriptError) {
            while true {
                if Task.isCancelled { return .interrupted }
                switch try machine.run() {
                case .finished(let value):
                    return .finished(value, exitStatus: machine.exitStatus)
                case .outOfSteps: await Task.yield()
                case .write(let line, let toError): host.output.write(line, toError: toError)
                case .wait(let seconds):
                    try? await Task.sleep(for: .seconds(seconds))
                case .command(let call):
                    if let end = await execute(call) { return end }
                }
            }
        } catch {
            return .failed(error)
        }
    }

    /// nil when the script goes on.
    private nonisolated(nonsending) func execute(_ call: CommandCall) async -> ScriptOutcome? {
        let site = machine.program.commandSites[call.site]
        let command = commands[call.site]
        if host.echoes || machine.options.isEcho { host.output.echo(site.text) }
        do throws(CommandError) {
            var values: [Int: CommandValue] = [:]
            for (index, value) in zip(site.dynamicWords, call.values) {
                values[index] = value.commandValue
            }
            let request = try command.request(values: values, origin: origin)
            switch try await route(request, command) {
            case .end(let status): return .finished(.none, exitStatus: status)
            case .result(let result):
                host.output.succeeded(
                    result, of: command.declaration, isTaken: site.isResultTaken)
                machine.resume(returning: ScriptValue(result.value))
            }
        } catch {
            if Task.isCancelled { return .interrupted }
            if call.onFailure == .goesOn { host.output.failed(error, of: command.declaration) }
            machine.resume(failing: CommandFailure(code: error.code, message: error.message))
        }
        return nil
    }

    private nonisolated(nonsending) func route(
        _ request: CommandRequest, _ command: BoundCommand
    ) async throws(CommandError) -> CommandOutcome {
        let declaration = command.declaration
        guard declaration.isAvailable else {
            throw CommandError(
                .invalidCommand, "'\(declaration.name)' is not available in this version")
        }
        guard !command.isPlan else {
            throw CommandError(.invalidOption, "PLAN is not available for '\(declaration.name)'")
        }
        let output = host.output
        let router = host.router
        let seconds = machine.options.timeoutSeconds ?? host.timeoutSeconds
        defer { output.progressEnded() }
        return try await TimeLimit(seconds: seconds).run(declaration.name) {
            () async throws(CommandError) in
            try await router.execute(request, of: declaration) { output.progress($0) }
        }
    }
}
