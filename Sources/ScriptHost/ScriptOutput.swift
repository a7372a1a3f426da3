public import CommandModel
public import CommandTable

/// What a script shows while it runs. Lines come without their ends.
public protocol ScriptOutput: Sendable {
    /// A WRITE statement.
    func write(_ line: String, toError: Bool)
    /// A command has succeeded.
    /// - Parameter isTaken: the script keeps the result, so there is nothing to show.
    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool)
    /// A command has failed and the script goes on without looking at it.
    func failed(_ error: CommandError, of declaration: CommandDeclaration)
    /// A command is about to run and the script wants to see it; secrets are hidden.
    func echo(_ command: String)
    /// From any thread, while a command runs.
    func progress(_ progress: CommandProgress)
    /// The command that showed progress has ended.
    func progressEnded()
}
