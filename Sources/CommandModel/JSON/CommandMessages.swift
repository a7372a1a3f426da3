// The requests and answers of commands as values, for whatever carries values, such as JSON lines.

extension CommandRequest {
    public var value: CommandValue {
        .record([
            "command": .text(command), "arguments": .record(arguments), "origin": .text(origin),
        ])
    }

    /// nil where the value is no request.
    public init?(value: CommandValue) {
        guard let record = value.record, let command = record["command"]?.text else { return nil }
        self.init(
            command: command, arguments: record["arguments"]?.record ?? [:],
            origin: record["origin"]?.text ?? "")
    }
}

/// One line of the answer to a command: any number of `progress`, then one of the others.
public enum CommandAnswer: Sendable, Hashable {
    case progress(CommandProgress)
    case result(CommandResult)
    case error(CommandError)

    public var value: CommandValue {
        switch self {
        case .progress(let progress):
            var fields: CommandRecord = [
                "line": .text(progress.line), "data": .record(progress.data),
            ]
            if progress.stays { fields["stays"] = .boolean(true) }
            return .record(["progress": .record(fields)])
        case .result(let result):
            let fields: CommandRecord = [
                "value": result.value, "lines": .list(result.lines.map { .text($0) }),
            ]
            return .record(["result": .record(fields)])
        case .error(let error):
            let fields: CommandRecord = [
                "code": .integer(Int64(error.code)), "message": .text(error.message),
            ]
            return .record(["error": .record(fields)])
        }
    }

    /// nil where the value is no answer.
    public init?(value: CommandValue) {
        guard let record = value.record else { return nil }
        if let error = record["error"]?.record, let code = error["code"]?.integer {
            self = .error(
                CommandError(
                    ErrorCode(rawValue: Int(clamping: code)), error["message"]?.text ?? ""))
        } else if let result = record["result"]?.record {
            let lines = (result["lines"]?.list ?? []).compactMap(\.text)
            self = .result(CommandResult(value: result["value"] ?? .none, lines: lines))
        } else if let progress = record["progress"]?.record {
            self = .progress(
                CommandProgress(
                    line: progress["line"]?.text ?? "", data: progress["data"]?.record ?? [:],
                    stays: progress["stays"] == .boolean(true)))
        } else {
            return nil
        }
    }
}
