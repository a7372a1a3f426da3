/// Something that happened, as hooks, scripts and consoles see it: `mirror.completed` with what is
/// known about it. Which events there are is no matter of this type: whoever tells of one names it.
public struct RuntimeEvent: Sendable, Hashable {
    /// Words with dots between them, from the general to the particular: `mirror.completed`. Those
    /// that begin with `before.` ask and wait for a decision.
    public var name: String
    /// The facts. The names `name`, `sequence` and `time` are taken, see `value`.
    public var record: CommandRecord
    /// Counts up from 1 in the order in which a process tells its events; 0 before it is told.
    public var sequence: Int64
    /// When it happened, in seconds since 1970; 0 before it is told.
    public var seconds: Double

    public init(
        _ name: String, _ record: CommandRecord = [:], sequence: Int64 = 0, seconds: Double = 0
    ) {
        self.name = name
        self.record = record
        self.sequence = sequence
        self.seconds = seconds
    }

    /// Whether somebody waits for a decision about it.
    public var isGate: Bool { name.hasPrefix("before.") }

    /// What a script finds in `event`: the facts and, before them, `name`, `sequence` and `time`.
    public var value: CommandRecord {
        var fields: [CommandRecord.Field] = []
        fields.reserveCapacity(record.fields.count + 3)
        fields.append(.init(name: "name", value: .text(name)))
        fields.append(.init(name: "sequence", value: .integer(sequence)))
        fields.append(.init(name: "time", value: .decimal(seconds)))
        for field in record.fields where !RuntimeEvent.isTaken(field.name) { fields.append(field) }
        return CommandRecord(distinct: fields)
    }

    /// nil where the value is no event.
    public init?(value: CommandRecord) {
        guard let name = value["name"]?.text else { return nil }
        self.init(name, sequence: value["sequence"]?.integer ?? 0)
        if case .decimal(let seconds)? = value["time"] { self.seconds = seconds }
        record = CommandRecord(
            distinct: value.fields.filter { !RuntimeEvent.isTaken($0.name) })
    }

    /// What every event has; a fact by such a name is hidden.
    public static let ownNames = ["name", "sequence", "time"]

    private static func isTaken(_ name: String) -> Bool {
        name == "name" || name == "sequence" || name == "time"
    }
}
