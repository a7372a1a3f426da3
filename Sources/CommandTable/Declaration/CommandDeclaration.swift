public import CommandModel

/// Everything known about a command in one place: how it is written, what it needs, where it goes,
/// and what people are told about it.
public struct CommandDeclaration: Sendable {
    /// What the caller must be allowed to do on the server that carries the command out.
    public enum Permission: String, Sendable {
        case none
        case monitor
        case full
    }

    /// Who carries the command out.
    public enum Destination: Sendable, Hashable {
        /// The machine named by SOURCE.
        case source
        /// The machine named by TARGET.
        case target
        /// The machine that the argument of this name holds.
        case machine(argument: String)
        /// The program that runs the script; it may ask servers.
        case client
        /// The script host itself, without any server.
        case local
    }

    public struct Example: Sendable, Hashable {
        public var line: String
        public var explanation: String

        public init(_ line: String, _ explanation: String = "") {
            self.line = line
            self.explanation = explanation
        }
    }

    /// The command of a request, such as `repset.rule.add`. Declarations that share it are ways to
    /// write one command: `PAUSE TARGET beta` and `TARGET PAUSE beta`.
    public var id: String
    public var words: [CommandWord]
    public var pattern: Pattern
    /// Arguments that are there when the line does not give them.
    public var defaults: CommandRecord
    public var permission: Permission
    public var destination: Destination
    /// Whether it changes something, so that PLAN as last word has a meaning.
    public var changes: Bool
    /// A command that is declared but not built yet is bound like any other and refused when run.
    public var isAvailable: Bool
    /// Heading in the list of commands.
    public var group: String
    /// One sentence without a full stop.
    public var summary: String
    public var details: String
    /// What the value of the command is.
    public var answer: String
    public var examples: [Example]
    /// How it can fail, beside arguments that do not fit and servers that are not reached.
    public var faults: [CommandFault]
    /// What it would do, see `plan`; empty for a sentence made of the arguments.
    public var planTemplate: String

    /// Whether a declaration with the same words can be used; a table says so.
    var hasAvailableForm = false

    /// - Parameter words: the words with their shortest forms in capitals, such as `REPSet CREate`.
    public init(
        _ id: String, _ words: String, _ pattern: Pattern = .nothing,
        defaults: CommandRecord = [:], permission: Permission = .full,
        to destination: Destination = .source, changes: Bool = false, isAvailable: Bool = true,
        group: String, summary: String, details: String = "", answer: String = "",
        examples: [Example] = [], faults: [CommandFault] = [], plan: String = ""
    ) {
        self.id = id
        self.words = words.split(separator: " ").map { CommandWord(String($0)) }
        self.pattern = pattern
        self.defaults = defaults
        self.permission = permission
        self.destination = destination
        self.changes = changes
        self.isAvailable = isAvailable
        self.group = group
        self.summary = summary
        self.details = details
        self.answer = answer
        self.examples = examples
        self.faults = faults
        planTemplate = plan
    }

    /// The words in full capitals: `REPSET RULE ADD`.
    public var name: String { words.map(\.text).joined(separator: " ") }

    /// What is said of a command that cannot be used.
    public var unavailableMessage: String {
        (hasAvailableForm ? "this form of " : "") + "'\(name)' is not available in this version"
    }

    /// As the reference page writes it.
    public var usage: String {
        let words = words.map { ([$0.text] + $0.aliases).joined(separator: "|") }
        let arguments = pattern.usage
        return (words + (arguments.isEmpty ? [] : [arguments])).joined(separator: " ")
            + (changes ? " [PLAN]" : "")
    }
}
