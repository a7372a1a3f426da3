public import CommandModel
import CommandTable
import DTCLInterpreter

/// The commands about hooks, events and runs of scripts, carried out over a service. Whoever takes
/// requests asks here first; all others are not ours.
public struct HookCommands: Sendable {
    public let service: HookService
    private let host: ScriptHost
    /// How far local time is ahead of UTC at a moment, in seconds.
    private let utcOffsetSeconds: @Sendable (Int64) -> Int
    private let now: @Sendable () -> Double

    /// - Parameter host: whose clock SINCE means, and with which RUN … ON runs scripts.
    public init(_ service: HookService, host: ScriptHost) {
        self.service = service
        self.host = host
        utcOffsetSeconds = host.environment.utcOffsetSeconds
        now = host.environment.now
    }

    /// The ids: `hooks.list`, `hooks.reload`, `hooks.test {event}`, `hook.remove {id}`, `hook.add
    /// {event, script, timeout, delay, arguments, priority}`, `events {ago | date, time; follow}`,
    /// `script.history {count}`, `script.output {run}`, `run.remote {script, arguments, timeout}`.
    /// - Returns: nil for any other.
    public func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult? {
        let arguments = request.arguments
        switch request.command {
        case "hooks.list": return service.list()
        case "hooks.reload": return await service.reloadAnswer()
        case "hooks.test": return try await service.test(arguments["event"]?.text ?? "")
        case "hook.add": return try await add(arguments)
        case "hook.remove":
            try await service.remove(Int(clamping: arguments["id"]?.integer ?? 0))
            return CommandResult()
        case "events": return await events(arguments, progress)
        case "script.history":
            let count = arguments["count"]?.integer.map { Int(clamping: $0) }
            return service.history.result(countMax: count, utcOffsetSeconds)
        case "script.output":
            return try service.history.output(of: Int(clamping: arguments["run"]?.integer ?? 0))
        case "run.remote": return try await run(arguments, progress)
        default: return nil
        }
    }

    // MARK: Hooks

    private func add(_ arguments: CommandRecord) async throws(CommandError) -> CommandResult {
        let definition = try definition(arguments)
        let id = try await service.add(definition)
        let doubt = await service.doubt(about: definition.pattern)
        return CommandResult(
            value: .integer(Int64(id)), lines: ["Hook \(id)"] + (doubt.map { [$0] } ?? []))
    }

    private func definition(_ arguments: CommandRecord) throws(CommandError) -> HookDefinition {
        let event = arguments["event"]?.text ?? ""
        guard let pattern = HookPattern(event) else {
            throw CommandError(
                .invalidParameter,
                "got '\(event)', expected an event such as 'mirror.completed' or 'mirror.*'")
        }
        var definition = HookDefinition(
            pattern, try HookCommands.named(arguments["script"]?.text ?? ""))
        if case .file(let path) = definition.object.source,
            let problem = ScriptTrust.problem(of: path)
        {
            throw CommandError(.scriptNotStarted, "'\(path)' \(problem)")
        }
        definition.waits = arguments["delay"]?.boolean
        definition.priority = Int(clamping: arguments["priority"]?.integer ?? 0)
        definition.object.arguments = (arguments["arguments"]?.list ?? []).compactMap(\.text)
        if let given = arguments["timeout"] {
            definition.object.timeoutSeconds = HookCommands.seconds(given)
        }
        return definition
    }

    /// For PLAN: what the command would refuse, it refuses now.
    public func check(_ request: CommandRequest) async throws(CommandError) {
        let arguments = request.arguments
        switch request.command {
        case "hook.add": _ = try definition(arguments)
        case "hook.remove":
            let id = Int(clamping: arguments["id"]?.integer ?? 0)
            guard await service.definitions().contains(where: { $0.id == id }) else {
                throw CommandError(.noSuchHook, "there is no hook \(id) that HOOK ADD made")
            }
        default: break
        }
    }

    // MARK: Scripts that somebody names

    /// Those that run at one time; more are refused.
    static let tasksMax = 32

    /// RUN … ON: carried out here, for somebody who may be elsewhere. What it prints comes at once.
    private func run(
        _ arguments: CommandRecord, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        var object = try HookCommands.task(arguments["script"]?.text ?? "", arguments)
        if object.timeoutSeconds == nil { object.timeoutSeconds = ScriptObject.timeoutSecondsUsual }
        if let objection = host.taskObjection(object) { throw objection }
        let running = service.history.reports.count { $0.outcome == .running }
        guard running < HookCommands.tasksMax else {
            throw CommandError(
                .scriptNotStarted, "\(running) scripts are running here, which are as many as may")
        }
        var host = host
        host.output = TaskOutput(progress)
        let report = await service.runner(host).run(object)
        if let error = RunCommand.failure(report) { throw error }
        return CommandResult(value: .record(report.record))
    }

    /// The script that a command names, with what the command says about how to run it.
    /// - Throws: `scriptNotStarted` where there is no such script, or no path from the root.
    public static func task(
        _ name: String, _ arguments: CommandRecord
    ) throws(CommandError) -> ScriptObject {
        var object = try named(name)
        object.isTask = true
        object.arguments = (arguments["arguments"]?.list ?? []).compactMap(\.text)
        object.timeoutSeconds = seconds(arguments["timeout"])
        return object
    }

    /// Nobody knows which folder a server is in.
    private static func named(_ name: String) throws(CommandError) -> ScriptObject {
        guard name.hasPrefix("/") || name.uppercased().hasPrefix("LUA:") else {
            throw CommandError(
                .scriptNotStarted,
                "got '\(name)', expected a path from the root of the server, or LUA:function")
        }
        return try ScriptObject.named(name)
    }

    /// nil: nothing was said.
    private static func seconds(_ value: CommandValue?) -> Double? {
        guard case .decimal(let seconds)? = value, seconds > 0 else { return nil }
        return seconds
    }

    // MARK: Events

    /// FOLLOW goes on until the task is cancelled; what it shows then comes as progress.
    private func events(
        _ arguments: CommandRecord, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) async -> CommandResult {
        let since = moment(arguments)
        guard arguments["follow"] == .boolean(true) else {
            return service.eventsAnswer(since: since ?? 0, utcOffsetSeconds)
        }
        let stream = service.events.follow()
        var last: Int64 = 0
        if let since {
            for event in service.events.events(since: since) {
                last = event.sequence
                tell(event, progress)
            }
        }
        // What came between the two is in both.
        for await event in stream where event.sequence > last { tell(event, progress) }
        return CommandResult()
    }

    private func tell(
        _ event: RuntimeEvent, _ progress: @Sendable (CommandProgress) -> Void
    ) {
        progress(CommandProgress(
                line: event.line(utcOffsetSeconds), data: event.value, stays: true))
    }

    /// In seconds since 1970.
    private func moment(_ arguments: CommandRecord) -> Double? {
        if case .decimal(let seconds)? = arguments["ago"] { return now() - seconds }
        guard let secondsOfDay = arguments["time"]?.integer else { return nil }
        let local = Int64(now()) + Int64(utcOffsetSeconds(Int64(now())))
        let day = arguments["date"]?.text.flatMap(Days.number) ?? local / 86_400
        let moment = day * 86_400 + secondsOfDay
        return Double(moment - Int64(utcOffsetSeconds(moment)))
    }
}

/// Sends what a script shows to whoever asked for it, line by line.
private struct TaskOutput: ScriptOutput {
    private let tell: @Sendable (CommandProgress) -> Void

    init(_ tell: @escaping @Sendable (CommandProgress) -> Void) { self.tell = tell }

    func write(_ line: String, toError: Bool) {
        tell(
            CommandProgress(
                line: line, data: toError ? ["toError": .boolean(true)] : [:], stays: true))
    }

    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool) {
        for line in result.lines where !isTaken { write(line, toError: false) }
    }

    func failed(_ error: CommandError, of declaration: CommandDeclaration) {
        write("\(declaration.name): error \(error.code): \(error.message)", toError: true)
    }

    func echo(_ command: String) { write("> \(command)", toError: true) }
    func progress(_ progress: CommandProgress) { tell(progress) }
    func progressEnded() {}
}

/// Days since 1970 by their dates, and the other way round.
enum Days {
    /// `2026-11-21 08:00:00`
    static func moment(_ seconds: Double, _ utcOffsetSeconds: (Int64) -> Int) -> String {
        let utc = Int64(max(0, min(seconds, 2e11)))
        let local = utc + Int64(utcOffsetSeconds(utc))
        let ofDay = local % 86_400
        // Years that begin in March, in eras of 400 of them.
        let days = local / 86_400 + 719_468
        let ofEra = days % 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        let number = month < 10 ? month + 3 : month - 9
        let date = [days / 146_097 * 400 + year + (number <= 2 ? 1 : 0), number, day]
        let time = [ofDay / 3600, ofDay / 60 % 60, ofDay % 60]
        return date.map(padded).joined(separator: "-") + " "
            + time.map(padded).joined(separator: ":")
    }

    private static func padded(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// `2026-11-21`; nil for what is no date.
    static func number(_ text: String) -> Int64? {
        let parts = text.split(separator: "-").compactMap { Int64($0) }
        guard parts.count == 3, (1...12).contains(parts[1]) else { return nil }
        // Years that begin in March end with the day that comes and goes.
        let year = parts[1] > 2 ? parts[0] : parts[0] - 1
        let month = (parts[1] + 9) % 12
        let days = year * 365 + year / 4 - year / 100 + year / 400
        return days + (month * 306 + 5) / 10 + parts[2] - 1 - 719_468
    }
}
