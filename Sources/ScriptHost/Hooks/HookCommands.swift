public import CommandModel
import DTCLInterpreter

/// The commands about hooks, events and runs of scripts, carried out over a service. Whoever takes
/// requests asks here first; all others are not ours.
public struct HookCommands: Sendable {
    public let service: HookService
    /// How far local time is ahead of UTC at a moment, in seconds.
    private let utcOffsetSeconds: @Sendable (Int64) -> Int
    private let now: @Sendable () -> Double

    /// - Parameter host: whose clock SINCE means.
    public init(_ service: HookService, host: ScriptHost) {
        self.service = service
        utcOffsetSeconds = host.environment.utcOffsetSeconds
        now = host.environment.now
    }

    /// The ids: `hooks.list`, `hooks.reload`, `hooks.test {event}`, `hook.remove {id}`, `hook.add
    /// {event, script, timeout, delay, arguments}`, `events {ago | date, time; follow}`,
    /// `script.history {count}`, `script.output {run}`, `script.add {connection, mirrorstart,
    /// mirrorstop, mirrorcomplete, arguments, delay}`, `script.delete {connection, point}`,
    /// `script.list {connection}`.
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
            return service.history.result(countMax: count)
        case "script.output":
            return try service.history.output(of: Int(clamping: arguments["run"]?.integer ?? 0))
        case "script.add": return try await addScripts(arguments)
        case "script.delete": return try await deleteScript(arguments)
        case "script.list": return await listScripts(arguments)
        default: return nil
        }
    }

    // MARK: Hooks

    private func add(_ arguments: CommandRecord) async throws(CommandError) -> CommandResult {
        let event = arguments["event"]?.text ?? ""
        guard let pattern = HookPattern(event) else {
            throw CommandError(
                .invalidParameter,
                "got '\(event)', expected an event such as 'mirror.completed' or 'mirror.*'")
        }
        let definition = try definition(
            pattern, arguments["script"]?.text ?? "", arguments)
        let id = try await service.add(definition)
        return CommandResult(value: .integer(Int64(id)), lines: ["Hook \(id)"])
    }

    private func definition(
        _ pattern: HookPattern, _ script: String, _ arguments: CommandRecord
    ) throws(CommandError) -> HookDefinition {
        var definition = HookDefinition(pattern, try ScriptObject.named(script))
        definition.waits = arguments["delay"]?.boolean
        definition.object.arguments = (arguments["arguments"]?.list ?? []).compactMap(\.text)
        if case .decimal(let seconds)? = arguments["timeout"] {
            definition.object.timeoutSeconds = seconds > 0 ? seconds : nil
        }
        return definition
    }

    // MARK: Scripts of a connection

    /// The points of a mirror and their events.
    private static let points = [
        ("mirrorstart", "mirror.started"), ("mirrorstop", "mirror.stopped"),
        ("mirrorcomplete", "mirror.completed"),
    ]

    private func conditions(_ arguments: CommandRecord) -> CommandRecord {
        ["connection": arguments["connection"] ?? .integer(0)]
    }

    /// One script a point: another takes the place of the one that is there.
    private func addScripts(
        _ arguments: CommandRecord
    ) async throws(CommandError) -> CommandResult {
        var definitions: [HookDefinition] = []
        for (point, event) in HookCommands.points {
            guard let script = arguments[point]?.text else { continue }
            var definition = try definition(.exact(event), script, arguments)
            definition.conditions = conditions(arguments)
            definitions.append(definition)
        }
        guard !definitions.isEmpty else {
            throw CommandError(
                .invalidParameter,
                "got no script, expected MIRRORSTART, MIRRORSTOP or MIRRORCOMPLETE = script")
        }
        for definition in definitions {
            for old in await service.definitions(where: definition.conditions)
            where old.pattern == definition.pattern {
                try await service.remove(old.id)
            }
            try await service.add(definition)
        }
        return CommandResult()
    }

    private func deleteScript(
        _ arguments: CommandRecord
    ) async throws(CommandError) -> CommandResult {
        let point = arguments["point"]?.text ?? ""
        let event = HookCommands.points.first { $0.0 == point }?.1
        let found = await service.definitions(where: conditions(arguments))
            .filter { $0.pattern.text == event }
        guard !found.isEmpty else {
            throw CommandError(.noSuchHook, "the connection has no \(point) script")
        }
        for definition in found { try await service.remove(definition.id) }
        return CommandResult()
    }

    private func listScripts(_ arguments: CommandRecord) async -> CommandResult {
        let found = await service.definitions(where: conditions(arguments))
        var list: [CommandValue] = []
        var rows: [[String]] = []
        for definition in found {
            guard let point = HookCommands.points.first(where: { $0.1 == definition.pattern.text })
            else { continue }
            let object = definition.object
            list.append(
                .record([
                    "point": .text(point.0), "script": .text(object.name),
                    "arguments": .list(object.arguments.map { .text($0) }),
                    "delay": .boolean(definition.waits ?? false),
                ]))
            let delay = definition.waits == true ? ["delay"] : []
            rows.append([point.0, object.name] + object.arguments + delay)
        }
        return CommandResult(value: .list(list), lines: Columns.lines(rows))
    }

    // MARK: Events

    /// FOLLOW goes on until the task is cancelled; what it shows then comes as progress.
    private func events(
        _ arguments: CommandRecord, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) async -> CommandResult {
        let since = moment(arguments)
        guard arguments["follow"] == .boolean(true) else {
            return service.eventsAnswer(since: since ?? 0)
        }
        let stream = service.events.follow()
        if let since {
            for event in service.events.events(since: since) { tell(event, progress) }
        }
        for await event in stream { tell(event, progress) }
        return CommandResult()
    }

    private func tell(
        _ event: RuntimeEvent, _ progress: @Sendable (CommandProgress) -> Void
    ) {
        progress(CommandProgress(line: event.line, data: event.value))
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

/// Days since 1970 by their dates.
enum Days {
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
