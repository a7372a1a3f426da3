/// A command with its arguments, ready to be carried out by a server: what a script, a tool, the
/// console and a hook all send.
public struct CommandRequest: Sendable, Hashable, Codable {
    /// The command's id in its table, such as `repset.rule.add`.
    public var command: String
    /// Bound arguments by their names in the table.
    public var arguments: CommandRecord
    /// Who asks: `prompt`, `script:nightly.dtcl`, `console` …; for the audit and for messages.
    public var origin: String

    public init(command: String, arguments: CommandRecord = [:], origin: String = "") {
        self.command = command
        self.arguments = arguments
        self.origin = origin
    }

    private enum Key: String, CodingKey { case command, arguments, origin }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        command = try container.decode(String.self, forKey: .command)
        arguments =
            try container.decodeIfPresent(CommandValue.self, forKey: .arguments)?.record ?? [:]
        origin = try container.decodeIfPresent(String.self, forKey: .origin) ?? ""
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(command, forKey: .command)
        try container.encode(CommandValue.record(arguments), forKey: .arguments)
        try container.encode(origin, forKey: .origin)
    }
}
