/// What is known of an event beforehand: for people who write hooks, and for finding misspelt ones.
public struct EventDeclaration: Sendable, Hashable {
    public struct Field: Sendable, Hashable {
        public var name: String
        /// What it holds, and in which unit.
        public var summary: String

        public init(_ name: String, _ summary: String) {
            self.name = name
            self.summary = summary
        }
    }

    public var name: String
    /// One sentence without a full stop.
    public var summary: String
    public var fields: [Field]

    public init(_ name: String, summary: String, fields: [Field] = []) {
        self.name = name
        self.summary = summary
        self.fields = fields
    }
}
