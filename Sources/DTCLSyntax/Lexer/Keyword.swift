/// The words of the language itself. They are written in full; command words belong to the
/// command table and may be shortened there.
public enum Keyword: String, Sendable, CaseIterable {
    case and = "AND"
    case `break` = "BREAK"
    case `catch` = "CATCH"
    case `continue` = "CONTINUE"
    case `do` = "DO"
    case `else` = "ELSE"
    case elseIf = "ELSEIF"
    case end = "END"
    case error = "ERROR"
    case exit = "EXIT"
    case `false` = "FALSE"
    case `for` = "FOR"
    case forEach = "FOREACH"
    case `if` = "IF"
    case `in` = "IN"
    case include = "INCLUDE"
    case like = "LIKE"
    case not = "NOT"
    case nothing = "NONE"
    case option = "OPTION"
    case or = "OR"
    case procedure = "PROCEDURE"
    case rem = "REM"
    case `return` = "RETURN"
    case set = "SET"
    case step = "STEP"
    case then = "THEN"
    case to = "TO"
    case `true` = "TRUE"
    case `try` = "TRY"
    case wait = "WAIT"
    case `while` = "WHILE"
    case write = "WRITE"

    /// The keyword that a word spells, in any case.
    public init?(word: some StringProtocol) {
        guard word.utf8.count <= Keyword.lengthMax else { return nil }
        self.init(rawValue: word.uppercased())
    }

    /// A number for the words that `KeywordSet` holds, which are block words.
    var ordinal: Int {
        switch self {
        case .then: 1
        case .do: 2
        case .else: 3
        case .elseIf: 4
        case .end: 5
        case .catch: 6
        default: 0
        }
    }

    /// Ends the statement before it, wherever that stands.
    public var isBlockWord: Bool {
        switch self {
        case .then, .do, .else, .elseIf, .end, .catch: true
        default: false
        }
    }
}
