import CommandModel

/// Reads a command request from the body of an HTTP request.
enum RequestText {
    /// What is wrong with the body, for its sender.
    struct Failure: Error {
        let message: String
    }

    static func request(_ bytes: some Sequence<UInt8>) throws(Failure) -> CommandRequest {
        // A path with a character put in for bytes that are none would be another path.
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(message: "it is not UTF-8")
        }
        let value: CommandValue
        do {
            value = try JSONReader.value(of: text)
        } catch {
            throw Failure(message: "at byte \(error.offset): \(error.message)")
        }
        guard let record = value.record else {
            throw Failure(message: "got a value, expected an object with 'command'")
        }
        guard let command = record["command"]?.text, !command.isEmpty else {
            throw Failure(message: "'command' is missing or no text")
        }
        let arguments: CommandRecord
        switch record["arguments"] {
        case nil, .some(.none): arguments = [:]
        case .record(let given): arguments = given
        default: throw Failure(message: "'arguments' is no object")
        }
        switch record["origin"] {
        case nil, .some(.none), .text: break
        default: throw Failure(message: "'origin' is no text")
        }
        return CommandRequest(
            command: command, arguments: arguments, origin: record["origin"]?.text ?? "")
    }
}
