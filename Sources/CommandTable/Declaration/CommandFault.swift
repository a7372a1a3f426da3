public import CommandModel

/// A way in which a command can fail, for help and the reference page.
public struct CommandFault: Sendable, Hashable {
    public var code: ErrorCode
    /// What it means; no full stop.
    public var meaning: String

    public init(_ code: ErrorCode, _ meaning: String) {
        self.code = code
        self.meaning = meaning
    }
}
