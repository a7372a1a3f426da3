/// Every kind of token, in the order in which `Grammar/tokens.txt` lists them.
public enum TokenKind: String, Sendable, CaseIterable {
    case endOfText
    case lineEnd
    case semicolon
    /// A run of word characters in a command line, with `$name` and `${name}` inside.
    case word
    /// A name in an expression: a keyword, or a name that is called.
    case identifier
    case number
    /// `"..."`
    case quotedText
    /// `'...'`
    case literalText
    /// `$name`, `$1`, `${name.field}`
    case variable
    case equals
    case doubleEquals
    case notEquals
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual
    case ampersand
    case plus
    case minus
    case star
    case slash
    case percent
    case comma
    case colon
    case dot
    case leftParenthesis
    case rightParenthesis
    case leftBracket
    case rightBracket
    case leftBrace
    case rightBrace
    /// A character that starts nothing; always with a diagnostic.
    case unknown

    /// Whether the lexer cuts it alike in a command and in an expression.
    var isSameInBothModes: Bool {
        switch self {
        case .endOfText, .lineEnd, .semicolon, .quotedText, .literalText, .variable, .comma,
            .leftParenthesis, .rightParenthesis, .leftBracket, .rightBracket, .leftBrace,
            .rightBrace:
            true
        default: false
        }
    }

    /// How the token is written, for those that are always written alike.
    public var spelling: String? {
        switch self {
        case .semicolon: ";"
        case .equals: "="
        case .doubleEquals: "=="
        case .notEquals: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .ampersand: "&"
        case .plus: "+"
        case .minus: "-"
        case .star: "*"
        case .slash: "/"
        case .percent: "%"
        case .comma: ","
        case .colon: ":"
        case .dot: "."
        case .leftParenthesis: "("
        case .rightParenthesis: ")"
        case .leftBracket: "["
        case .rightBracket: "]"
        case .leftBrace: "{"
        case .rightBrace: "}"
        case .endOfText, .lineEnd, .word, .identifier, .number, .quotedText, .literalText,
            .variable, .unknown:
            nil
        }
    }
}

/// A piece of the text. Blanks, comments and continued line ends are the gaps between tokens.
public struct Token: Sendable, Hashable {
    public var range: SourceRange
    public var kind: TokenKind
    /// Whether a gap lies between this token and the one before.
    public var followsGap: Bool
    /// Set where the parser has read the token as a word of the language. The same letters may be a
    /// word of a command, a field or a key elsewhere.
    public internal(set) var keyword: Keyword?
    /// The keyword that a word or name spells, whether it is read as one or not.
    var spelled: Keyword?

    var lower: Int { Int(range.lower) }
    var upper: Int { Int(range.upper) }
}
