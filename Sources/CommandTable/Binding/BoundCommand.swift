public import CommandModel

/// An argument of a bound line: known already, or to be filled from a word when the script runs.
struct BoundArgument: Sendable, Hashable {
    indirect enum Content: Sendable, Hashable {
        case constant(CommandValue)
        /// The value of the word with this index; a time is multiplied by `factor`.
        case word(Int, ValueKind, factor: Double)
        case list([[BoundArgument]])
    }

    var name: String
    var content: Content
}

/// A command line whose words, options and argument kinds are right. Made when the script is
/// parsed, used any number of times.
public struct BoundCommand: Sendable {
    public let declaration: CommandDeclaration
    /// Whether the line ends in PLAN: say what would be done, do nothing.
    public let isPlan: Bool
    /// What the interpreter must do with some of the words.
    public let treatments: [Int: ValueKind.Treatment]
    let arguments: [BoundArgument]

    /// The request for a run.
    /// - Parameter values: what the words with variables hold now, by their index in the line.
    /// - Throws: `invalidParameter` when a variable holds what its place does not take.
    public func request(
        values: [Int: CommandValue] = [:], origin: String = ""
    ) throws(CommandError) -> CommandRequest {
        var record = try record(of: arguments, values)
        for field in declaration.defaults.fields where record[field.name] == nil {
            record[field.name] = field.value
        }
        if isPlan { record["plan"] = .boolean(true) }
        return CommandRequest(command: declaration.id, arguments: record, origin: origin)
    }

    private func record(
        of arguments: [BoundArgument], _ values: [Int: CommandValue]
    ) throws(CommandError) -> CommandRecord {
        var record = CommandRecord()
        for argument in arguments {
            switch argument.content {
            case .constant(let value): record[argument.name] = value
            case .word(let index, let kind, let factor):
                let value = try value(
                    values[index] ?? .none, as: kind, for: argument.name)
                if case .decimal(let number) = value {
                    record[argument.name] = .decimal(number * factor)
                } else {
                    record[argument.name] = value
                }
            case .list(let elements):
                var list: [CommandValue] = []
                for element in elements {
                    list.append(.record(try self.record(of: element, values)))
                }
                record[argument.name] = .list(list)
            }
        }
        return record
    }

    private func value(
        _ value: CommandValue, as kind: ValueKind, for name: String
    ) throws(CommandError) -> CommandValue {
        do {
            return try kind.convert(value)
        } catch {
            throw CommandError(
                .invalidParameter,
                "'\(declaration.name)' got \(kind == .secret ? "no text" : error.got) for "
                    + "'\(name)', expected \(kind.description)")
        }
    }
}
