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
        let typed = typed.uppercased()
        var best = Match.none
        for spelling in spellings {
            if spelling.full == typed { return .exact }
            if typed.count >= spelling.shortestCount, spelling.full.hasPrefix(typed) {
                best = .short
            }
        }
        return best
    }
}

extension CommandWord: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(value) }
}
