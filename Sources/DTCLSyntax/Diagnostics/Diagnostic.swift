/// One message about a text: the same shape from the lexer, the parser and the compiler.
public struct Diagnostic: Sendable, Hashable {
    public enum Severity: String, Sendable {
        case error
        case warning
    }

    /// A further place or hint that belongs to the message.
    public struct Note: Sendable, Hashable {
        public var range: SourceRange?
        public var message: String

        public init(range: SourceRange? = nil, message: String) {
            self.range = range
            self.message = message
        }
    }

    /// Stable name such as `missing-end`; tests and editors rely on it.
    public var id: String
    public var severity: Severity
    public var range: SourceRange
    /// Lower case, no full stop: what was got and what was expected.
    public var message: String
    public var notes: [Note]

    public init(
        id: String, severity: Severity = .error, range: SourceRange, message: String,
        notes: [Note] = []
    ) {
        self.id = id
        self.severity = severity
        self.range = range
        self.message = message
        self.notes = notes
    }
}
