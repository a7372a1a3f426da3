/// What a command answers when it succeeded.
public struct CommandResult: Sendable, Hashable, Codable {
    /// What `$x = command` puts in the variable: a number that is not negative, or data.
    public var value: CommandValue
    /// What the prompt prints, without indent. Nothing where there is nothing to say.
    public var lines: [String]

    public init(value: CommandValue = .integer(1), lines: [String] = []) {
        self.value = value
        self.lines = lines
    }
}

/// Why a command failed. The code is what a script finds in the variable.
public struct CommandError: Error, Sendable, Hashable, Codable {
    public var code: Int
    /// What was got, what was expected, what to do next; lower case, no full stop.
    public var message: String

    public init(_ code: ErrorCode, _ message: String) {
        self.code = code.rawValue
        self.message = message
    }
}

/// How far a long command is.
public struct CommandProgress: Sendable, Hashable, Codable {
    /// One line for people.
    public var line: String
    /// The same as data.
    public var data: CommandRecord
    /// Whether the line is part of what the command shows, such as what a script prints or an event
    /// that is followed; otherwise the next one takes its place.
    public var stays: Bool

    public init(line: String, data: CommandRecord = [:], stays: Bool = false) {
        self.line = line
        self.data = data
        self.stays = stays
    }

    private enum Key: String, CodingKey { case line, data, stays }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        line = try container.decode(String.self, forKey: .line)
        data = try container.decodeIfPresent(CommandValue.self, forKey: .data)?.record ?? [:]
        stays = try container.decodeIfPresent(Bool.self, forKey: .stays) ?? false
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(line, forKey: .line)
        try container.encode(CommandValue.record(data), forKey: .data)
        if stays { try container.encode(stays, forKey: .stays) }
    }
}

/// Carries out commands: a server itself, or a client of one.
public protocol CommandExecutor: Sendable {
    /// - Parameter progress: called now and then while a long command runs, from any thread.
    func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult
}
