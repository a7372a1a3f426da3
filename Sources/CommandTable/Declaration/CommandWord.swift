/// A word of the command language as its declaration spells it: the capitals at the start are the
/// shortest form that is accepted (`CONNection` may be typed `conn`, `connec`, …), and `|` parts
/// other spellings (`LOGIN|LOGON`).
public struct CommandWord: Sendable, Hashable {
    struct Spelling: Sendable, Hashable {
        /// In capitals.
        var full: String
        var shortestCount: Int
    }

    let spellings: [Spelling]

    public init(_ notation: String) {
        spellings = notation.split(separator: "|").map { part in
            let capitals = part.prefix { !$0.isLowercase }.count
            return Spelling(full: part.uppercased(), shortestCount: capitals)
        }
    }

    /// The full word in capitals.
    public var text: String { spellings.first?.full ?? "" }
    /// Other full spellings.
    public var aliases: [String] { spellings.dropFirst().map(\.full) }
    /// The shortest form of the first spelling, in capitals.
    public var shortest: String {
        spellings.first.map { String($0.full.prefix($0.shortestCount)) } ?? ""
    }

    public enum Match: Int, Sendable, Comparable {
        case none, short, exact
        public static func < (left: Match, right: Match) -> Bool { left.rawValue < right.rawValue }
    }

    /// How a typed word fits. Case does not count.
    public func match(_ typed: String) -> Match {
        var best = Match.none
        for spelling in spellings {
            switch spelling.match(typed) {
            case .exact: return .exact
            case .short: best = .short
            case .none: break
            }
        }
        return best
    }
}

extension CommandWord.Spelling {
    /// Asked for every word of a table at every line, so that no text is made for it.
    fileprivate func match(_ typed: String) -> CommandWord.Match {
        let count = typed.utf8.count
        guard count <= full.utf8.count else { return .none }
        var letters = full.utf8.makeIterator()
        for byte in typed.utf8 {
            guard byte < 0x80, let letter = letters.next(), letter < 0x80 else {
                return matchAnyLetters(typed)
            }
            let isSmall = UInt8(ascii: "a") <= byte && byte <= UInt8(ascii: "z")
            guard letter == (isSmall ? byte - 0x20 : byte) else { return .none }
        }
        if count == full.utf8.count { return .exact }
        return count >= shortestCount ? .short : .none
    }

    /// For letters that other languages have.
    private func matchAnyLetters(_ typed: String) -> CommandWord.Match {
        let typed = typed.uppercased()
        if typed == full { return .exact }
        return typed.count >= shortestCount && full.hasPrefix(typed) ? .short : .none
    }
}

extension CommandWord: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(value) }
}
