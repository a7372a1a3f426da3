import CommandModel

/// What a word of data must be. The kind decides how a bare word is read, and what a variable may
/// hold when the script runs.
public enum ValueKind: Sendable, Hashable {
    case text
    /// A new name that people give, such as a replication set's: no `. ? < > : " \ / * |`, at most
    /// 255 bytes.
    case name
    /// The name of something that is there: `sort` says what, such as "replication set", with which
    /// completion can find the names.
    case existing(sort: String)
    /// The number of something that is there, from 1: `sort` says what, such as "hook".
    case numbered(sort: String)
    /// A server by name or address.
    case machine
    /// A path on a server, from the root.
    case path
    /// A file of the machine where the command is typed; may be relative.
    case file
    /// Without a unit.
    case integer(ClosedRange<Int64>)
    /// Bytes, with or without a unit: `64KB`, `10MB`.
    case size(ClosedRange<Int64>)
    /// `20%`; becomes an integer from 0 to 100.
    case percent
    /// `mm/dd/yyyy` or `yyyy-mm-dd`; becomes a text of the second form.
    case date
    /// `hh:mm` or `hh:mm:ss`; becomes integer seconds of the day.
    case timeOfDay
    /// `mon-fri`, `sat`, `weekdays`, `"mon wed"`; becomes a list of `mon` … `sun`.
    case weekdays
    /// A script, program or function of a hook file: a path from the root or `LUA:function`.
    case script
    /// The name of an event, or a pattern such as `mirror.*`.
    case event
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
        case .existing(let sort): "the name of a \(sort)"
        case .numbered(let sort): "the number of a \(sort)"
        case .machine: "a machine"
        case .path: "a path from the root ('/…')"
        case .file: "a file"
        case .integer(let range):
            range.upperBound == .max
                ? "a whole number, at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .size(let range):
            range.upperBound == .max
                ? "a size such as '64KB' or '10MB', at least \(range.lowerBound)"
                : "a size from \(range.lowerBound) to \(range.upperBound) bytes"
        case .percent: "a percentage such as '20%'"
        case .date: "a date such as '12/31/2026' or '2026-12-31'"
        case .timeOfDay: "a time of day such as '23:30'"
        case .weekdays: "days such as 'mon-fri', 'sat' or \"mon wed\""
        case .script: "a script ('/…' or 'LUA:function')"
        case .event: "an event such as 'mirror.completed' or 'mirror.*'"
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
        case (.integer, .integer), (.numbered, .integer), (.connection, .integer),
            (.size, .integer), (.percent, .integer), (.timeOfDay, .integer):
            return try checked(value)
        case (.integer, .text(let text)), (.numbered, .text(let text)),
            (.connection, .text(let text)), (.size, .text(let text)):
            guard let number = Int64(text) else { throw ValueProblem(got: "'\(text)'") }
            return try checked(.integer(number))
        case (.duration, .integer(let number)): return try checked(.decimal(Double(number)))
        case (.duration, .decimal): return try checked(value)
        case (.percent, .text(let text)):
            guard text.hasSuffix("%"), let number = Int64(text.dropLast()) else {
                throw ValueProblem(got: "'\(text)'")
            }
            return try checked(.integer(number))
        case (.date, .text(let text)), (.timeOfDay, .text(let text)):
            let read = self == .date ? Calendar.date(text) : Calendar.timeOfDay(text)
            guard let read else { throw ValueProblem(got: "'\(text)'") }
            return read
        case (.weekdays, .text(let text)):
            guard let days = Calendar.weekdays(text) else { throw ValueProblem(got: "'\(text)'") }
            return days
        case (.weekdays, .list(let days)) where days.allSatisfy(Calendar.isWeekday): return value
        case (.integer, _), (.numbered, _), (.connection, _), (.duration, _),
            (.programArguments, _), (.size, _),
            (.percent, _), (.date, _), (.timeOfDay, _), (.weekdays, _):
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
            case (.name, .text(let text)), (.existing, .text(let text)): ValueKind.isName(text)
            case (.script, .text(let text)): ValueKind.isScript(text)
            case (.event, .text(let text)): ValueKind.isEvent(text)
            case (.machine, .text(let text)): !text.isEmpty && text.utf8.count <= 255
            case (.path, .text(let text)):
                text.utf8.first == UInt8(ascii: "/") && text.utf8.count < 4096
                    && !text.utf8.contains(0)
            case (.file, .text(let text)): !text.isEmpty && !text.utf8.contains(0)
            case (.integer(let range), .integer(let number)): range.contains(number)
            case (.size(let range), .integer(let number)): range.contains(number)
            case (.percent, .integer(let number)): (0...100).contains(number)
            case (.timeOfDay, .integer(let number)): (0..<86_400).contains(number)
            case (.numbered, .integer(let number)), (.connection, .integer(let number)): number > 0
            case (.duration, .decimal(let seconds)): seconds >= 0 && seconds.isFinite
            default: true
            }
        guard isGood else { throw ValueProblem(got: value.quoted) }
        return value
    }

    private static func isScript(_ text: String) -> Bool {
        guard !text.utf8.contains(0), text.utf8.count < 4096 else { return false }
        return text.hasPrefix("/") || text.uppercased().hasPrefix("LUA:") && text.utf8.count > 4
    }

    private static func isEvent(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".*_-?".utf8.contains(byte)
                }
            }
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
