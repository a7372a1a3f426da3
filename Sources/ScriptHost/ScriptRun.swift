import CommandModel
import CommandTable
import CPosix
import DTCLInterpreter

/// Drives one machine: does what it asks for until it ends. Belongs to one task at a time.
final class ScriptRun {
    let machine: Machine
    /// One for each command site of the program.
    var commands: [BoundCommand]
    private let host: ScriptHost
    private let origin: String
    private var clock: RunClock

    init(_ machine: Machine, _ commands: [BoundCommand], host: ScriptHost, origin: String) {
        self.machine = machine
        self.commands = commands
        self.host = host
        self.origin = origin
        clock = RunClock(secondsMax: host.runSecondsMax)
    }

    nonisolated(nonsending) func finish() async -> ScriptOutcome {
        clock = RunClock(secondsMax: host.runSecondsMax)
        beginTrace()
        defer { host.tracer?.ended() }
        do throws(ScriptError) {
            while true {
                if let end = endFromOutside { return end }
                switch try machine.run() {
                case .finished(let value):
                    return .finished(value, exitStatus: machine.exitStatus)
                case .outOfSteps: await Task.yield()
                case .write(let line, let toError): host.output.write(line, toError: toError)
                case .wait(let seconds):
                    _ = await Nap.take(seconds: min(seconds, clock.secondsLeft))
                case .command(let call):
                    if let end = await execute(call) { return end }
                }
            }
        } catch {
            return .failed(error)
        }
    }

    private func beginTrace() {
        guard let tracer = host.tracer else { return }
        let sites = machine.program.traceSites
        machine.tracer = { tracer.step(sites[$0.site], $0) }
    }

    /// What the script can neither notice nor catch.
    private var endFromOutside: ScriptOutcome? {
        if Task.isCancelled { return .interrupted }
        return clock.isOver ? .timedOut(seconds: clock.secondsMax ?? 0) : nil
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
            let outcome = try await route(request, command, isTaken: site.isResultTaken)
            switch outcome {
            case .end(let status): return .finished(.none, exitStatus: status)
            case .result(let result):
                host.output.succeeded(
                    result, of: command.declaration, isTaken: site.isResultTaken)
                machine.resume(returning: ScriptValue(result.value))
            }
        } catch {
            if let end = endFromOutside { return end }
            if call.onFailure == .goesOn { host.output.failed(error, of: command.declaration) }
            machine.resume(failing: CommandFailure(code: error.code, message: error.message))
        }
        return nil
    }

    private nonisolated(nonsending) func route(
        _ request: CommandRequest, _ command: BoundCommand, isTaken: Bool
    ) async throws(CommandError) -> CommandOutcome {
        let declaration = command.declaration
        try declaration.refuse(isPlan: command.isPlan)
        let output = host.output
        let host = host
        let seconds = machine.options.timeoutSeconds ?? host.timeoutSeconds
        let left = clock.secondsLeft
        defer { output.progressEnded() }
        return try await TimeLimit(seconds: clock.isLimited ? min(seconds ?? left, left) : seconds)
            .run(declaration.name) { () async throws(CommandError) in
                if RunCommand.isMeant(by: declaration) {
                    return .result(try await RunCommand.run(request, host, shows: !isTaken))
                }
                return try await host.router.execute(request, of: declaration) {
                    // What a script prints belongs to the result that it keeps.
                    if !isTaken || !$0.stays { output.progress($0) }
                }
            }
    }
}

extension CommandDeclaration {
    /// Says no to what is declared and cannot be done.
    func refuse(isPlan: Bool) throws(CommandError) {
        guard isAvailable else {
            throw CommandError(.invalidCommand, unavailableMessage)
        }
        // What goes to a server is planned there; nobody plans what a tool does by itself.
        guard !isPlan || destination != .client && destination != .local else {
            throw CommandError(.invalidOption, "PLAN is not available for '\(name)'")
        }
    }
}

/// The time of a run.
struct RunClock {
    let secondsMax: Double?
    private let began: Int64

    init(secondsMax: Double?) {
        self.secondsMax = secondsMax
        began = secondsMax == nil ? 0 : cposix_monotonic()
    }

    var isLimited: Bool { secondsMax != nil }
    var secondsLeft: Double {
        guard let secondsMax else { return .greatestFiniteMagnitude }
        return max(0, secondsMax - Double(cposix_monotonic() - began) / 1e9)
    }
    var isOver: Bool { isLimited && secondsLeft <= 0 }
}
