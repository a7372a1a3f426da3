import CommandModel
public import CommandTable

/// The commands of this product, group by group. A new command is one declaration here and its work
/// in the server.
public enum UnderstudyCommands {
    public static let table = CommandTable(
        ServerCommands.all + ReplicationSetCommands.all + ConnectionCommands.all
            + MirrorCommands.all + MountCommands.all + OrphanCommands.all
            + TransmissionCommands.all + FailoverCommands.all + ScriptCommands.all
            + JobCommands.all + StatisticsCommands.all + VolumeCommands.all)

    /// Statements of the language itself, for HELP: they are no commands of the table.
    public static let statements = LanguageReference.statements.map {
        (usage: $0.usage, summary: $0.summary)
    }
}
