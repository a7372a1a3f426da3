public import CommandModel
public import DTCLInterpreter

extension ScriptValue {
    public init(_ value: CommandValue) {
        switch value {
        case .none: self = .none
        case .boolean(let truth): self = .boolean(truth)
        case .integer(let number): self = .integer(number)
        case .decimal(let number): self = .decimal(number)
        case .text(let text): self = .text(text)
        case .list(let list): self = .list(list.map { ScriptValue($0) })
        case .record(let record):
            self = .record(record.fields.map { ScriptField($0.name, ScriptValue($0.value)) })
        }
    }

    public var commandValue: CommandValue {
        switch self {
        case .none: .none
        case .boolean(let truth): .boolean(truth)
        case .integer(let number): .integer(number)
        case .decimal(let number): .decimal(number)
        case .text(let text): .text(text)
        case .list(let list): .list(list.map(\.commandValue))
        case .record(let fields):
            .record(
                CommandRecord(
                    fields: fields.map { .init(name: $0.name, value: $0.value.commandValue) }))
        }
    }
}
