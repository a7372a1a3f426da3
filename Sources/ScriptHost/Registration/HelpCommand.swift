public import CommandModel
public import CommandTable

/// HELP for a program's own commands.
public enum HelpCommand: HostCommand {
    public static let declaration = CommandDeclaration(
        "help", "HELP", .rest(name: "topic", shown: "words"), permission: .none, to: .local,
        group: "Help",
        summary: "lists the commands, or explains those that begin with the words after it",
        examples: [.init("help")])

    public static func run(_ call: HostCall) async throws(CommandError) -> CommandResult {
        let words = (call.arguments["topic"]?.list ?? []).compactMap(\.text)
        guard let first = words.first else { return CommandResult(lines: call.table.overview()) }
        let lines = call.table.help(on: words)
        guard lines.isEmpty else { return CommandResult(lines: lines) }
        let hint = call.table.nearestCommand(to: first).map { ", did you mean '\($0)'?" } ?? ""
        throw CommandError(.invalidParameter, "there is no command '\(first)'\(hint)")
    }
}
