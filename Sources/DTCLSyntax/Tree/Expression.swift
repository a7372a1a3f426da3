/// A value to be worked out when the script runs.
public struct Expression: Sendable, Hashable {
    /// Leaves are kept in place: most expressions are leaves.
    public enum Kind: Sendable, Hashable {
        case none
        case boolean(Bool)
        case number(NumberLiteral)
        /// Text with what is filled in; plain text is a single piece or none.
        case text([TextPiece])
        case variable(Name)
        case list([Expression])
        case record([RecordEntry])
        indirect case unary(UnaryOperator, Expression)
        indirect case binary(BinaryOperator, Expression, Expression)
        indirect case call(Name, [Expression])
        indirect case field(Expression, Name)
        indirect case element(Expression, Expression)
        case command(CommandWords)
        /// What could not be read; always with a diagnostic.
        case invalid
    }

    public var kind: Kind
    public var range: SourceRange
    /// Levels of the tree below and with this node; bounded by the parser.
    var depth: Int { Int(levels) }
    private let levels: UInt32

    init(_ kind: Kind, _ range: SourceRange) {
        self.kind = kind
        self.range = range
        levels = UInt32(truncatingIfNeeded: 1 + Expression.depthBelow(kind))
    }

    private static func depthBelow(_ kind: Kind) -> Int {
        switch kind {
        case .none, .boolean, .number, .variable, .invalid: 0
        case .text(let pieces): TextPiece.depth(of: pieces)
        case .list(let elements): elements.reduce(0) { max($0, $1.depth) }
        case .record(let entries): entries.reduce(0) { max($0, $1.value.depth) }
        case .unary(_, let operand): operand.depth
        case .binary(_, let left, let right): max(left.depth, right.depth)
        case .call(_, let arguments): arguments.reduce(0) { max($0, $1.depth) }
        case .field(let base, _): base.depth
        case .element(let base, let index): max(base.depth, index.depth)
        case .command(let command): command.words.reduce(0) { max($0, $1.depth) }
        }
    }
}

/// A name: `text` in lower case for comparing, `spelling` as written.
public struct Name: Sendable, Hashable {
    public let spelling: String
    public let range: SourceRange
    private let isLower: Bool

    public var text: String { isLower ? spelling : spelling.lowercased() }

    init(_ spelling: String, _ range: SourceRange) {
        self.spelling = spelling
        self.range = range
        isLower = spelling.utf8.allSatisfy { $0 < 0x80 && !(0x41...0x5A ~= $0) }
    }
}

/// One `name: value` of a record as written. Keys keep their case.
public struct RecordEntry: Sendable, Hashable {
    public var key: String
    public var range: SourceRange
    public var value: Expression
}

/// A part of a quoted text or of a joined word.
public enum TextPiece: Sendable, Hashable {
    case text(String)
    case expression(Expression)

    static func depth(of pieces: [TextPiece]) -> Int {
        pieces.reduce(0) { depth, piece in
            if case .expression(let expression) = piece { return max(depth, expression.depth) }
            return depth
        }
    }
}

public enum UnaryOperator: String, Sendable, CaseIterable {
    case negate = "-"
    case not = "NOT"
}

public enum BinaryOperator: String, Sendable, CaseIterable {
    case or = "OR"
    case and = "AND"
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in` = "IN"
    case like = "LIKE"
    case join = "&"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    /// Higher binds tighter. `NOT` stands between AND (2) and the comparisons (4).
    var precedence: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in, .like: 4
        case .join: 5
        case .add, .subtract: 6
        case .multiply, .divide, .remainder: 7
        }
    }

    var isComparison: Bool { precedence == 4 }
}
