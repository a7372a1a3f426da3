public import CommandModel
public import CommandTable

/// Where the host's commands go. A program that embeds the host gives one.
public protocol CommandRouter: Sendable {
    /// Carries a command out. Ends early when the task is cancelled.
    /// - Parameter progress: may be called from any thread.
    func execute(
        _ request: CommandRequest, of declaration: CommandDeclaration,
        progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandOutcome
}

/// What a command of a script led to.
public enum CommandOutcome: Sendable, Hashable {
    case result(CommandResult)
    /// The script or session ends with this status.
    case end(exitStatus: Int)
}
