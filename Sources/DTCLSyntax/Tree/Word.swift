/// A command as written: its words belong to the command table, which knows what they mean.
public struct CommandWords: Sendable, Hashable {
    public var words: [Word]
    public var range: SourceRange
}

/// One word of a command line, with everything the table may ask about it.
public struct Word: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Unquoted: a command word, name, path, address, date. The text is `raw`.
        case bare
        /// A bare word that reads as a number, with or without a unit.
        case number(NumberLiteral)
        /// `"..."`
        case quoted([TextPiece])
        /// `'...'`
        case literal(String)
        /// `$x`, `$x.field`, `$x[0]`: always one data word.
        indirect case variable(Expression)
        /// `/copy/$set`
        case joined([TextPiece])
        /// `(1 + 2)`, `(status connection 1)`
        indirect case parenthesised(Expression)
        indirect case list(Expression)
        indirect case record(Expression)
        case equals
        case comma
        case less
        case greater
    }

    public var kind: Kind
    public var range: SourceRange
    /// Exactly as typed, quotes included.
    public var raw: String

    public var isQuoted: Bool {
        switch kind {
        case .quoted, .literal: true
        default: false
        }
    }

    /// Whether the value is known only while the script runs.
    public var isDynamic: Bool {
        switch kind {
        case .bare, .number, .literal, .equals, .comma, .less, .greater: false
        case .quoted(let pieces): TextPiece.staticText(pieces) == nil
        case .variable, .joined, .parenthesised, .list, .record: true
        }
    }

    /// Only an unquoted word without variables can be a command word or `*`.
    public var isKeywordCandidate: Bool {
        switch kind {
        case .bare, .number: true
        default: false
        }
    }

    /// The text, when it is known before the script runs; nil for signs and dynamic words.
    public var staticText: String? {
        switch kind {
        case .bare, .number: raw
        case .literal(let text): text
        case .quoted(let pieces): TextPiece.staticText(pieces)
        case .variable, .joined, .parenthesised, .list, .record, .equals, .comma, .less, .greater:
            nil
        }
    }

    /// For an argument that is never filled in, such as a password: what stands between the quotes,
    /// `""` read as `"` and every `$` as typed. Other words as typed.
    public var unfilledText: String {
        switch kind {
        case .literal(let text): return text
        case .quoted:
            var inner = raw.unicodeScalars.dropFirst()
            if raw.utf8.count > 1, inner.last == "\"" { inner = inner.dropLast() }
            var text = String.UnicodeScalarView()
            var isSecondQuote = false
            for scalar in inner {
                if scalar == "\"", isSecondQuote {
                    isSecondQuote = false
                } else {
                    text.append(scalar)
                    isSecondQuote = scalar == "\""
                }
            }
            return String(text)
        default: return raw
        }
    }

    /// Levels of the deepest expression in the word.
    var depth: Int {
        switch kind {
        case .bare, .number, .literal, .equals, .comma, .less, .greater: 0
        case .quoted(let pieces), .joined(let pieces): TextPiece.depth(of: pieces)
        case .variable(let expression), .parenthesised(let expression), .list(let expression),
            .record(let expression):
            expression.depth
        }
    }
}

extension TextPiece {
    /// The text of pieces without variables; nil when there is one.
    public static func staticText(_ pieces: [TextPiece]) -> String? {
        var text = ""
        for piece in pieces {
            guard case .text(let part) = piece else { return nil }
            text += part
        }
        return text
    }
}
