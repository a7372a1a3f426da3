/// A parsed text: always a tree, with whatever was wrong beside it.
public struct Script: Sendable {
    public let source: SourceText
    public let statements: [Statement]
    /// Sorted by place.
    public let diagnostics: [Diagnostic]
    /// Tokens and the gaps between them add up to the text.
    public let tokens: [Token]
    /// For a prompt: nothing is wrong but a block, a bracket or a line is still open at the end.
    public let needsMoreInput: Bool
    /// Which rules of the grammar were used; for tests.
    let productions: ProductionSet

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// Never fails: what cannot be read becomes diagnostics.
    public static func parse(_ source: SourceText) -> Script {
        source.bytes.withUnsafeBufferPointer { bytes in
            var parser = Parser(source, bytes)
            return parser.parseScript()
        }
    }

    public static func parse(_ text: String, name: String = "script") -> Script {
        parse(SourceText(text, name: name))
    }

    /// Every command of the tree in the order of the text, those in expressions too.
    public var commands: [CommandWords] {
        var collector = CommandCollector()
        collector.visit(statements)
        return collector.commands.sorted { $0.range.lower < $1.range.lower }
    }
}
