internal import CommandModel

/// A request's arguments as a command reads them. The table has bound them already, but a request
/// may come from anybody who speaks to the control socket.
struct Arguments {
    private let record: CommandRecord
    private let command: String

    init(_ request: CommandRequest) {
        record = request.arguments
        command = request.command
    }

    var all: CommandRecord { record }

    /// nil where it is absent or none.
    func value(_ name: String) -> CommandValue? {
        guard let value = record[name], value != .none else { return nil }
        return value
    }

    func optionalText(_ name: String) -> String? { value(name)?.text }
    func boolean(_ name: String) -> Bool? { value(name)?.boolean }

    func text(_ name: String) throws(CommandError) -> String {
        guard let text = value(name)?.text, !text.isEmpty else { throw missing(name, "a text") }
        return text
    }

    func integer(_ name: String) throws(CommandError) -> Int64 {
        guard let number = value(name)?.integer else { throw missing(name, "a number") }
        return number
    }

    /// Seconds; nil: no limit was given.
    func seconds(_ name: String) throws(CommandError) -> Double? {
        switch value(name) {
        case nil: nil
        case .integer(let number)? where number >= 0: Double(number)
        case .decimal(let number)? where number >= 0: number
        case .text("forever")?: nil
        default: throw missing(name, "a time in seconds")
        }
    }

    private func missing(_ name: String, _ expected: String) -> CommandError {
        let got = record[name].map { "\($0)" } ?? "nothing"
        return CommandError(
            .invalidParameter, "\(command): got \(got) as '\(name)', expected \(expected)")
    }
}
