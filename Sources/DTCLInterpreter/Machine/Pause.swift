public import DTCLSyntax

/// Why `Machine.run` came back, and what it needs to go on.
public enum Pause: Sendable {
    /// Carry it out, then `resume(returning:)` or `resume(failing:)`, then `run`.
    case command(CommandCall)
    /// The end, with the value of a RETURN at the top level; see `Machine.exitStatus`.
    case finished(ScriptValue)
    /// A slice of steps is used up; nothing is wrong. `run` goes on.
    case outOfSteps
    /// One line to print, without its end. `run` goes on.
    case write(String, toError: Bool)
    /// Sleep, then `run`. The steps are counted anew.
    case wait(seconds: Double)

    /// What `WAIT FOREVER` asks for, and the longest wait there is: a little over thirty years,
    /// which every clock can still count.
    public static let foreverSeconds = 1e9
}

/// A command to be carried out, with the values of its dynamic words.
public struct CommandCall: Sendable {
    /// Index into `Program.commandSites`.
    public var site: Int
    /// One for each of the site's `dynamicWords`, in that order.
    public var values: [ScriptValue]
    public var range: SourceRange
    public var onFailure: FailureEffect
}

/// What `resume(failing:)` will do.
public enum FailureEffect: Sendable, Hashable {
    /// The script goes on with the code as the value.
    case resultTaken
    /// A CATCH handles it.
    case caught
    /// The next `run` throws `commandFailed`.
    case stops
    /// `STRICT` is off: the script goes on, and the host says what went wrong.
    case goesOn
}

/// How a command failed.
public struct CommandFailure: Error, Sendable, Hashable {
    /// Negative.
    public var code: Int
    public var message: String

    public init(code: Int, message: String) {
        self.code = code < 0 ? code : -1
        self.message = message
    }
}

/// What `SET OPTION` has set so far.
public struct ScriptOptions: Sendable, Hashable {
    /// Whether a failed command whose result is not taken stops the script.
    public var isStrict = true
    public var isEcho = false
    /// Longest time for a command; nil for none. The host applies it.
    public var timeoutSeconds: Double?
    var waitsMilliseconds = false

    public init() {}
}
