import CommandModel
import Runtime
import ScriptHost
import StateStore

/// SCRIPT ADD, DELETE and LIST: scripts that this server runs at points of the mirrors that come
/// in. Each is a hook on what happens to one connection.
struct ConnectionScripts: Sendable {
    /// The fact of an event, and the condition of a hook, that tells an incoming connection: its
    /// UUID.
    static let connectionFact = "incoming"

    /// The points of a mirror and their events.
    private static let points = [
        ("mirrorstart", "target.mirror.started"), ("mirrorstop", "target.mirror.stopped"),
        ("mirrorcomplete", "target.mirror.completed"),
    ]

    let service: HookService
    let rules: TaskRules
    let store: StateStore
    /// What this server itself is called.
    let ownNames: [String]

    /// - Returns: nil for any command that is not about it, and where PLAN has nothing to say.
    func execute(_ request: CommandRequest) async throws(CommandError) -> CommandResult? {
        let arguments = request.arguments
        let isPlan = arguments["plan"]?.boolean == true
        switch request.command {
        case "script.add":
            let definitions = try definitions(arguments)
            if isPlan { return nil }
            for definition in definitions { try await put(definition) }
            return CommandResult()
        case "script.delete":
            let found = try await existing(arguments)
            if isPlan { return nil }
            for definition in found { try await service.remove(definition.id) }
            return CommandResult()
        case "script.list": return try await list(arguments)
        default: return nil
        }
    }

    /// A connection ended for good.
    func forget(_ uuid: String) async {
        for definition in await service.definitions(where: conditions(uuid))
        where definition.object.isTask {
            try? await service.remove(definition.id)
        }
    }

    /// `mirrorcomplete` for the event's name; nil for any other.
    static func point(of event: String) -> String? { points.first { $0.1 == event }?.0 }

    // MARK: The commands

    private func definitions(
        _ arguments: CommandRecord
    ) throws(CommandError) -> [HookDefinition] {
        let connection = try connection(arguments)
        var definitions: [HookDefinition] = []
        for (point, event) in Self.points {
            guard let script = arguments[point]?.text else { continue }
            guard let pattern = HookPattern(event) else { continue }
            let object = try HookCommands.task(script, arguments)
            if let objection = rules.objection(object) { throw objection }
            var definition = HookDefinition(pattern, object)
            definition.object.timeoutSeconds =
                object.timeoutSeconds ?? ScriptObject.timeoutSecondsUsual
            definition.waits = arguments["delay"]?.boolean ?? false
            definition.conditions = conditions(connection.uuid)
            definitions.append(definition)
        }
        guard !definitions.isEmpty else {
            throw CommandError(
                .invalidParameter,
                "got no script, expected MIRRORSTART, MIRRORSTOP or MIRRORCOMPLETE = script")
        }
        return definitions
    }

    /// One script a point: another takes the place of the one that is there.
    private func put(_ definition: HookDefinition) async throws(CommandError) {
        for old in await service.definitions(where: definition.conditions)
        where old.pattern == definition.pattern && old.object.isTask {
            try await service.remove(old.id)
        }
        try await service.add(definition)
    }

    private func existing(
        _ arguments: CommandRecord
    ) async throws(CommandError) -> [HookDefinition] {
        let connection = try connection(arguments)
        let point = arguments["point"]?.text ?? ""
        let event = Self.points.first { $0.0 == point }?.1
        let found = await service.definitions(where: conditions(connection.uuid))
            .filter { $0.pattern.text == event && $0.object.isTask }
        guard !found.isEmpty else {
            throw CommandError(.noSuchHook, "the connection has no \(point) script")
        }
        return found
    }

    private func list(_ arguments: CommandRecord) async throws(CommandError) -> CommandResult {
        let conditions = conditions(try connection(arguments).uuid)
        let counters = service.list(where: conditions).value.list?.compactMap(\.record) ?? []
        var list: [CommandValue] = []
        var lines: [String] = []
        for definition in await service.definitions(where: conditions) {
            guard definition.object.isTask, let point = Self.point(of: definition.pattern.text)
            else { continue }
            let object = definition.object
            var record: CommandRecord = [
                "point": .text(point), "script": .text(object.name),
                "arguments": .list(object.arguments.map { .text($0) }),
                "delay": .boolean(definition.waits == true),
            ]
            if let seconds = object.timeoutSeconds { record["timeout"] = .decimal(seconds) }
            let known = counters.first { $0["id"] == .integer(Int64(definition.id)) }
            for name in ["runs", "failures", "lastFailure"] {
                if let value = known?[name] { record[name] = value }
            }
            list.append(.record(record))
            lines.append(Self.line(record, object))
        }
        return CommandResult(
            value: .list(list), lines: lines.isEmpty ? ["The connection has no scripts."] : lines)
    }

    /// `mirrorcomplete  /opt/done.sh 1  nodelay, 2 runs, 1 failed: exit status 3`
    private static func line(_ record: CommandRecord, _ object: ScriptObject) -> String {
        let delay = record["delay"] == .boolean(true) ? "delay" : "nodelay"
        let runs = record["runs"]?.integer ?? 0
        let failures = record["failures"]?.integer ?? 0
        let reason = record["lastFailure"]?.text.map { ": \($0)" } ?? ""
        let words = [object.name] + object.arguments
        return (record["point"]?.text ?? "").padding(to: 16) + words.joined(separator: " ")
            + "  \(delay), \(runs) runs" + (failures > 0 ? ", \(failures) failed\(reason)" : "")
    }

    // MARK: Which connection

    private func conditions(_ uuid: String) -> CommandRecord {
        [Self.connectionFact: .text(uuid)]
    }

    /// The connection with the id that its source gave it.
    private func connection(
        _ arguments: CommandRecord
    ) throws(CommandError) -> IncomingConnection {
        let number = arguments["connection"]?.integer ?? 0
        let source = arguments["source"]?.text.flatMap { name in
            ownNames.contains { isSame($0, name) } ? nil : name
        }
        let all: [IncomingConnection]
        do throws(StateStoreError) {
            all = try store.incomingConnections().filter { $0.number == Int(clamping: number) }
        } catch {
            throw CommandError(.unknown, "\(error)")
        }
        let found = all.filter { connection in
            guard let source else { return true }
            let peer = connection.source
            return [peer.serverID, peer.name, peer.address].contains { isSame($0, source) }
        }
        guard let first = found.first else {
            throw CommandError(
                .noSuchConnection,
                "no connection \(number) of that source ends at '\(ownNames.first ?? "")'")
        }
        guard found.count == 1 else {
            let names = found.map { "'\($0.source.name)'" }.joined(separator: " and ")
            throw CommandError(
                .noSuchConnection,
                "connections \(number) of \(names) end here, say which with SOURCE")
        }
        return first
    }

    private func isSame(_ left: String, _ right: String) -> Bool {
        left.lowercased() == right.lowercased()
    }
}

extension String {
    /// With blanks at the end.
    fileprivate func padding(to columns: Int) -> String {
        self + String(repeating: " ", count: max(1, columns - count))
    }
}
