import CommandModel

/// What a word of data must be. The kind decides how a bare word is read, and what a variable may
/// hold when the script runs.
public enum ValueKind: Sendable, Hashable {
    case text
    /// A name people give, such as a replication set's: no `. ? < > : " \ / * |`, at most 255
    /// bytes.
    case name
    /// A server by name or address.
    case machine
    /// A path on a server, from the root.
    case path
    /// A file of the machine where the command is typed; may be relative.
    case file
    case integer(ClosedRange<Int64>)
    /// An integer id, or `*` for all where that is allowed.
    case connection(allowsAll: Bool)
    /// `10s`, `10 minutes`, `FOREVER` (leaves the argument out), `0`; becomes decimal seconds.
    case duration
    /// Never filled in, shown or kept.
    case secret
    /// Words for a program: only quoted text or a variable; split at blanks before filling in.
    case programArguments

    /// With its article, for messages.
    public var description: String {
        switch self {
        case .text: "a text"
        case .name: "a name"
        case .machine: "a machine"
        case .path: "a path from the root ('/…')"
        case .file: "a file"
        case .integer(let range):
            range.upperBound == .max
                ? "a whole number, at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .connection(let allowsAll):
            allowsAll ? "a connection id or '*'" : "a connection id"
        case .duration: "a time such as '10s', '10 minutes', '0' or 'FOREVER'"
        case .secret: "a quoted text"
        case .programArguments: "arguments in quotes"
        }
    }

    /// What the interpreter must do with the word before it reaches the command.
    public enum Treatment: Sendable, Hashable {
        case raw
        case split
    }

    var treatment: Treatment? {
        switch self {
        case .secret: .raw
        case .programArguments: .split
        default: nil
        }
    }
}

/// A word cannot be what its place needs; `got` describes it.
struct ValueProblem: Error, Hashable {
    var got: String
}

extension ValueKind {
    /// Reads a value that a variable gave while the script runs. Text never becomes `*` or a unit.
    func convert(_ value: CommandValue) throws(ValueProblem) -> CommandValue {
        switch (self, value) {
        case (.programArguments, .list(let parts)):
            for part in parts where part.text == nil { throw ValueProblem(got: part.kindName) }
            return value
        case (.programArguments, .text(let text)):
            return .list(text.split(separator: " ").map { .text(String($0)) })
        case (.integer, .integer), (.connection, .integer): return try checked(value)
        case (.integer, .text(let text)), (.connection, .text(let text)):
            guard let number = Int64(text) else { throw ValueProblem(got: "'\(text)'") }
            return try checked(.integer(number))
        case (.duration, .integer(let number)): return try checked(.decimal(Double(number)))
        case (.duration, .decimal): return try checked(value)
        case (.integer, _), (.connection, _), (.duration, _), (.programArguments, _):
            throw ValueProblem(got: value.kindName)
        case (_, .text): return try checked(value)
        case (_, .integer(let number)): return try checked(.text(String(number)))
        default: throw ValueProblem(got: value.kindName)
        }
    }

    /// The limits of a kind, for a value of the right sort.
    func checked(_ value: CommandValue) throws(ValueProblem) -> CommandValue {
        let isGood =
            switch (self, value) {
            case (.name, .text(let text)): ValueKind.isName(text)
            case (.machine, .text(let text)): !text.isEmpty && text.utf8.count <= 255
            case (.path, .text(let text)):
                text.utf8.first == UInt8(ascii: "/") && text.utf8.count < 4096
                    && !text.utf8.contains(0)
            case (.file, .text(let text)): !text.isEmpty && !text.utf8.contains(0)
            case (.integer(let range), .integer(let number)): range.contains(number)
            case (.connection, .integer(let number)): number > 0
            case (.duration, .decimal(let seconds)): seconds >= 0 && seconds.isFinite
            default: true
            }
        guard isGood else { throw ValueProblem(got: value.quoted) }
        return value
    }

    static let charactersNotInNames = ".?<>:\"\\/*|"

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && !text.contains { charactersNotInNames.contains($0) }
            && !text.unicodeScalars.contains { $0.value < 0x20 }
    }
}

extension CommandValue {
    /// With its article, for messages.
    var kindName: String {
        switch self {
        case .none: "none"
        case .boolean: "a boolean"
        case .integer: "an integer"
        case .decimal: "a decimal"
        case .text: "a text"
        case .list: "a list"
        case .record: "a record"
        }
    }

    var quoted: String {
        switch self {
        case .text(let text): "'\(text)'"
        case .integer(let number): "\(number)"
        case .decimal(let number): "\(number)"
        default: kindName
        }
    }
}
