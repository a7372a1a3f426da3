public import DTCLSyntax

/// How much a program tells while it runs. Compiled in, so that nothing is paid when it is off.
public enum Tracing: Sendable, Hashable {
    case off
    /// Where the script is: enough to count and to time lines.
    case lines
    /// The values of the variables that a statement reads or has set, too.
    case values
}

/// A place at which a traced program calls `Machine.tracer`.
public struct TraceSite: Sendable {
    public enum Kind: Sendable, Hashable {
        /// Before a statement; for a loop with a condition, before each time it is looked at.
        case statement
        /// After a variable was set; for FOR and FOREACH, at the start of each round.
        case assigned
    }

    public var kind: Kind
    public var source: SourceText
    /// A statement without the block that it holds: `IF $x > 1`.
    public var range: SourceRange
    /// From 1.
    public var line: Int
    /// Variables whose values come with a step, such as `$x`, in the order of the text.
    public var names: [String]

    /// Where the values are.
    var slots: [Slot]
    /// Words that are not to be shown.
    var hidden: [SourceRange] = []
    /// Commands of the program from here on may stand in the range.
    let firstCommand: Int

    enum Slot: Sendable {
        case register(Int)
        case global(Int)
        case argument(Int)
        case argumentCount
    }

    /// The text of the range as one line, secrets as `***`.
    public var text: String {
        var text: [UInt8] = []
        var offset = Int(range.lower)
        for secret in hidden {
            text += source.bytes[offset..<Int(secret.lower)] + Array("***".utf8)
            offset = Int(secret.upper)
        }
        text += source.bytes[offset..<Int(range.upper)]
        let parts = text.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        return parts.map { String(decoding: $0, as: UTF8.self).trimmedBlanks }
            .joined(separator: " ")
    }
}

/// One call of the tracer.
public struct TraceStep: Sendable, Hashable {
    /// Index into `Program.traceSites`.
    public var site: Int
    /// Procedures that are running.
    public var depth: Int
    /// One for each of the site's names, as a script would write it and cut off when it is long;
    /// nil for a variable that is not set. Empty with `Tracing.lines`.
    public var values: [String?]
}
