/// A half-open piece of a source text, in bytes.
public struct SourceRange: Sendable, Hashable {
    public var lower: UInt32
    public var upper: UInt32

    public init(_ lower: UInt32, _ upper: UInt32) {
        self.lower = lower
        self.upper = max(lower, upper)
    }

    init(_ lower: Int, _ upper: Int) {
        self.init(UInt32(clamping: lower), UInt32(clamping: upper))
    }

    public var isEmpty: Bool { lower == upper }

    /// The smallest range that holds both.
    public func union(_ other: SourceRange) -> SourceRange {
        SourceRange(min(lower, other.lower), max(upper, other.upper))
    }
}

/// A place for people: both numbers start at 1, the column counts characters.
public struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public var description: String { "\(line):\(column)" }
}
