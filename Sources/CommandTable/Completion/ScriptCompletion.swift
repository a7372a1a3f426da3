public import DTCLSyntax

/// What can be typed at a place of a script: commands and their options, keywords, variables,
/// procedures, functions, and kinds of data whose names the caller may know. The same for a prompt
/// and for an editor.
public struct ScriptCompletion: Sendable {
    public struct Item: Sendable, Hashable {
        public enum Kind: String, Sendable {
            case command
            /// A word inside a command.
            case option
            case keyword
            case variable
            case procedure
            case function
            /// Data: `value` says of which kind, `text` is empty.
            case value
        }

        public var kind: Kind
        /// What replaces the range.
        public var text: String
        /// One line about it.
        public var detail: String
        public var value: ValueKind?
    }

    public struct Answer: Sendable, Hashable {
        public var items: [Item] = []
        /// The bytes that an item replaces, up to the cursor. An opening quote is not among them.
        public var range: SourceRange
        /// What is typed there already.
        public var typed: String
        /// Whether it stands in quotes.
        public var isQuoted = false
    }

    private let table: CommandTable
    private let variables: [String]
    private let procedures: [String]

    /// - Parameters:
    ///   - variables: names beside those of the script, such as earlier lines of a prompt made.
    ///   - procedures: the same, without `(`.
    public init(table: CommandTable, variables: [String] = [], procedures: [String] = []) {
        self.table = table
        self.variables = variables
        self.procedures = procedures
    }

    /// - Parameter offset: the cursor, in bytes; beyond the end counts as the end.
    public func complete(_ source: SourceText, at offset: Int) -> Answer {
        let offset = max(0, min(offset, source.bytes.count))
        let before = SourceText(bytes: Array(source.bytes[..<offset]), name: source.name)
        let context = CompletionContext(Script.parse(before))
        var answer = Answer(
            range: SourceRange(UInt32(offset), UInt32(offset)), typed: "")
        if let typed = context.typed {
            answer.range = typed.range
            answer.typed = before.text(in: typed.range)
            if typed.kind == .quotedText || typed.kind == .literalText {
                answer.isQuoted = true
                answer.range.lower += 1
                answer.typed.removeFirst()
            }
        }
        let found = CompletionSearch(
            table: table, symbols: ScriptSymbols(Script.parse(source)), source: source,
            offset: offset, variables: variables, procedures: procedures, context: context)
        return found.complete(answer)
    }

    public func complete(_ text: String, at offset: Int) -> Answer {
        complete(SourceText(text, name: "prompt"), at: offset)
    }
}
