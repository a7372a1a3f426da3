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
    public static let statements: [(usage: String, summary: String)] = [
        ("$name = expression | command", "keeps a value"),
        ("IF condition THEN … {ELSEIF condition THEN …} [ELSE …] END", "chooses"),
        ("WHILE condition DO … END", "repeats while the condition holds"),
        ("FOR $i = a TO b [STEP s] DO … END", "counts"),
        ("FOREACH $x IN list DO … END", "goes through a list or a record"),
        ("BREAK | CONTINUE | RETURN [value]", "leaves a round, a loop, a procedure"),
        ("PROCEDURE name($a, $b = default) … END", "names a piece of script"),
        ("TRY … CATCH [$error] … END", "goes on after a failure"),
        ("INCLUDE \"file\"", "reads another script, once"),
        ("WRITE [TO ERROR] value {, value}", "prints one line"),
        ("WAIT time", "does nothing for a while"),
        ("SET OPTION STRICT|ECHO|TIMEOUT …", "changes how the script runs"),
        ("EXIT [status]", "ends the script or the session"),
    ]
}
