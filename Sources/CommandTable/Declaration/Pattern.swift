public import CommandModel

/// What may follow the words of a command.
public indirect enum Pattern: Sendable, Hashable {
    /// A word that must stand there, such as TO.
    case word(CommandWord)
    /// A word that means a value, such as FORCE: `force` = TRUE.
    case setting(CommandWord, name: String, value: CommandValue)
    /// A word of data for the argument `name`; `shown` is what usage lines call it.
    case value(name: String, kind: ValueKind, shown: String)
    case sign(Sign)
    case sequence([Pattern])
    case optional(Pattern)
    /// The first that fits.
    case choice([Pattern])
    /// Each at most once, in any order, commas between them allowed.
    case options([Pattern])
    /// One or more with commas between them, gathered as records in the argument `name`.
    case list(name: String, of: Pattern)
    /// All words that are left, as typed, as a list of texts.
    case rest(name: String, shown: String)

    public enum Sign: String, Sendable, Hashable {
        case comma = ","
        case equals = "="
        case greater = ">"
        case less = "<"
    }

    /// Nothing may follow.
    public static let nothing = Pattern.sequence([])

    public static func value(_ name: String, _ kind: ValueKind) -> Pattern {
        .value(name: name, kind: kind, shown: kind.shownName(name))
    }

    public static func value(_ name: String, _ kind: ValueKind, shown: String) -> Pattern {
        .value(name: name, kind: kind, shown: shown)
    }

    /// A word that makes the argument TRUE.
    public static func flag(_ word: CommandWord, _ name: String) -> Pattern {
        .setting(word, name: name, value: .boolean(true))
    }

    /// `KEY = value`
    public static func assignment(_ word: CommandWord, _ value: Pattern...) -> Pattern {
        .sequence([.word(word), .sign(.equals)] + value)
    }

    /// One after the other.
    public static func all(_ parts: Pattern...) -> Pattern { .sequence(parts) }
    public static func maybe(_ parts: Pattern...) -> Pattern {
        .optional(parts.count == 1 ? parts[0] : .sequence(parts))
    }
    public static func either(_ parts: Pattern...) -> Pattern { .choice(parts) }
    public static func anyOrder(_ parts: Pattern...) -> Pattern { .options(parts) }
}

extension ValueKind {
    func shownName(_ name: String) -> String {
        switch self {
        case .connection: "CON"
        case .path, .file: "\"\(name)\""
        case .secret: "\"\(name)\""
        case .programArguments: "\"\(name)\""
        default: name
        }
    }
}

extension Pattern {
    /// As the reference page writes it.
    public var usage: String { usage(isInner: false) }

    private func usage(isInner: Bool) -> String {
        switch self {
        case .word(let word), .setting(let word, _, _):
            return ([word.text] + word.aliases).joined(separator: "|")
        case .value(_, _, let shown): return shown
        case .sign(let sign): return sign.rawValue
        case .sequence(let parts): return Pattern.joined(parts.map { $0.usage(isInner: true) })
        case .optional(let part): return "[\(part.usage(isInner: false))]"
        case .choice(let parts):
            let text = parts.map { $0.usage(isInner: false) }.joined(separator: " | ")
            return isInner ? "(\(text))" : text
        case .options(let parts):
            return parts.map { "[\($0.usage(isInner: false))]" }.joined(separator: " ")
        case .list(_, let part):
            let text = part.usage(isInner: false)
            return "\(text) {, \(text)}"
        case .rest(_, let shown): return "[\(shown)]"
        }
    }

    private static func joined(_ parts: [String]) -> String {
        var text = ""
        for part in parts where !part.isEmpty {
            if !text.isEmpty, part != "," { text += " " }
            text += part
        }
        return text
    }

    /// Every word of the pattern, for tests and completion.
    public var keywords: [CommandWord] {
        switch self {
        case .word(let word), .setting(let word, _, _): [word]
        case .value, .sign, .rest: []
        case .sequence(let parts), .choice(let parts), .options(let parts):
            parts.flatMap(\.keywords)
        case .optional(let part), .list(_, let part): part.keywords
        }
    }
}
