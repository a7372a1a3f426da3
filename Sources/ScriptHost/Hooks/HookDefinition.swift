public import CommandModel

/// A hook that a command has added: HOOK ADD, SCRIPT ADD. Can be stored as a record.
public struct HookDefinition: Sendable, Hashable {
    /// Given by the service; 0 before.
    public var id = 0
    public var pattern: HookPattern
    public var object: ScriptObject
    /// Higher ones come first.
    public var priority = 0
    /// Facts that an event must have, such as its connection.
    public var conditions: CommandRecord = [:]
    /// Whether operations wait for its end; nil: those that ask for a decision do.
    public var waits: Bool?

    public init(_ pattern: HookPattern, _ object: ScriptObject) {
        self.pattern = pattern
        self.object = object
    }

    public var record: CommandRecord {
        var record: CommandRecord = [
            "id": .integer(Int64(id)), "event": .text(pattern.text),
            "script": .text(object.name), "priority": .integer(Int64(priority)),
            "failure": .text(object.failure.rawValue),
            "arguments": .list(object.arguments.map { .text($0) }),
            "environment": .record(
                CommandRecord(
                    object.environment.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })
            ),
        ]
        if let seconds = object.timeoutSeconds { record["timeout"] = .decimal(seconds) }
        if let folder = object.workingFolder { record["folder"] = .text(folder) }
        if let waits { record["delay"] = .boolean(waits) }
        if object.isTask { record["task"] = .boolean(true) }
        if !conditions.fields.isEmpty { record["conditions"] = .record(conditions) }
        return record
    }

    /// From what `record` gave. The script need not be there yet.
    /// - Throws: `invalidParameter` where the record is none of a hook.
    public init(record: CommandRecord) throws(CommandError) {
        guard let text = record["event"]?.text, let pattern = HookPattern(text),
            let script = record["script"]?.text
        else {
            throw CommandError(.invalidParameter, "the record is none of a hook")
        }
        self.init(pattern, ScriptObject.remembered(script))
        id = Int(clamping: record["id"]?.integer ?? 0)
        priority = Int(clamping: record["priority"]?.integer ?? 0)
        conditions = record["conditions"]?.record ?? [:]
        waits = record["delay"]?.boolean
        object.arguments = (record["arguments"]?.list ?? []).compactMap(\.text)
        for field in record["environment"]?.record?.fields ?? [] {
            object.environment[field.name] = field.value.text
        }
        object.workingFolder = record["folder"]?.text
        object.isTask = record["task"] == .boolean(true)
        object.timeoutSeconds = nil
        if case .decimal(let seconds)? = record["timeout"] { object.timeoutSeconds = seconds }
        if let effect = record["failure"]?.text.flatMap(ScriptObject.FailureEffect.init) {
            object.failure = effect
        }
    }
}
