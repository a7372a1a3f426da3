/// A program's command line as data: what its manual page says and what a shell completes.
public struct ToolDescription: Sendable {
    /// What stands for a value or an argument.
    public enum Values: Sendable, Hashable {
        /// Nothing can be proposed.
        case any
        case files
        case scripts
        case folders
        case words([String])
        /// Words of the command table.
        case commandWords
    }

    public struct Option: Sendable {
        /// `-f`, `--json`; the shortest first.
        public var names: [String]
        /// What the manual calls the value; nil for an option without one.
        public var value: String?
        /// No full stop.
        public var summary: String
        public var values: Values

        public init(
            _ names: String..., value: String? = nil, values: Values = .any, says summary: String
        ) {
            self.names = names
            self.value = value
            self.values = values
            self.summary = summary
        }
    }

    /// A first word that is no script.
    public struct Job: Sendable {
        public var name: String
        /// What follows the name, for the manual.
        public var usage: String
        public var summary: String
        public var arguments: Values
        public var options: [Option]

        public init(
            _ name: String, _ usage: String, _ summary: String, _ arguments: Values = .any,
            options: [Option] = []
        ) {
            self.name = name
            self.usage = usage
            self.summary = summary
            self.arguments = arguments
            self.options = options
        }
    }

    public struct Section: Sendable {
        public var heading: String
        /// Paragraphs and examples, in order.
        public var content: [Manual.Block]

        public init(_ heading: String, _ content: [Manual.Block]) {
            self.heading = heading
            self.content = content
        }
    }

    public var name: String
    public var summary: String
    /// Ways to call it, without the name.
    public var usages: [String]
    public var options: [Option]
    public var jobs: [Job]
    /// What else may be the first word, and the words after a script.
    public var arguments: Values
    /// After the options, in the manual.
    public var sections: [Section]

    public init(
        name: String, summary: String, usages: [String], options: [Option], jobs: [Job] = [],
        arguments: Values = .any, sections: [Section] = []
    ) {
        self.name = name
        self.summary = summary
        self.usages = usages
        self.options = options
        self.jobs = jobs
        self.arguments = arguments
        self.sections = sections
    }
}
