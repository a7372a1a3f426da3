import CommandTable
import DTCLSyntax

/// Where variables and procedures are named in a script, in texts as well.
struct Mentions {
    struct Mention: Hashable {
        enum Kind: Hashable {
            case variable
            case call
        }

        var kind: Kind
        /// In small letters.
        var name: String
        /// The name alone, without `$`.
        var range: SourceRange
    }

    let all: [Mention]

    init(_ script: Script) {
        var found: [Mention] = []
        let bytes = script.source.bytes
        for token in script.tokens {
            switch token.kind {
            case .variable, .word, .quotedText:
                found += Mentions.variables(in: token.range, bytes)
            case .identifier where token.keyword == nil:
                let end = Int(token.range.upper)
                let isCall = end < bytes.count && bytes[end] == UInt8(ascii: "(")
                let before = script.source.text(
                    in: SourceRange(
                        token.range.lower &- min(10, token.range.lower), token.range.lower))
                let isDeclared =
                    before.uppercased().split(whereSeparator: \.isWhitespace).last
                    == "PROCEDURE"
                guard isCall || isDeclared else { continue }
                let name = script.source.text(in: token.range).lowercased()
                found.append(Mention(kind: .call, name: name, range: token.range))
            default: break
            }
        }
        all = found
    }

    /// `$name` and `${name…}`; `$$` is a dollar.
    private static func variables(in range: SourceRange, _ bytes: [UInt8]) -> [Mention] {
        var found: [Mention] = []
        var place = Int(range.lower)
        let end = min(Int(range.upper), bytes.count)
        while place < end {
            guard bytes[place] == UInt8(ascii: "$") else {
                place += 1
                continue
            }
            place += 1
            if place < end, bytes[place] == UInt8(ascii: "$") {
                place += 1
                continue
            }
            if place < end, bytes[place] == UInt8(ascii: "{") { place += 1 }
            let start = place
            while place < end, isNamePart(bytes[place]) { place += 1 }
            guard place > start, !(48...57).contains(bytes[start]) else { continue }
            let name = String(decoding: bytes[start..<place], as: UTF8.self).lowercased()
            found.append(
                Mention(
                    kind: .variable, name: name,
                    range: SourceRange(UInt32(start), UInt32(place))))
        }
        return found
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// What is named at the place.
    func mention(at offset: Int) -> Mention? {
        all.first { mention in
            // The dollar counts, too.
            let lower = Int(mention.range.lower) - (mention.kind == .variable ? 1 : 0)
            return lower <= offset && offset <= Int(mention.range.upper)
        }
    }

    /// Everything that means the same: a procedure's own variable in it only, one of the top level
    /// wherever no procedure has one of that name.
    func same(as mention: Mention, _ symbols: ScriptSymbols) -> [Mention] {
        let alike = all.filter { $0.kind == mention.kind && $0.name == mention.name }
        guard mention.kind == .variable else { return alike }
        let owner = Mentions.owner(of: mention, symbols)
        return alike.filter { Mentions.owner(of: $0, symbols) == owner }
    }

    /// The procedure that a variable belongs to, nil for the top level.
    static func owner(of mention: Mention, _ symbols: ScriptSymbols) -> String? {
        guard let procedure = symbols.procedure(around: mention.range.lower) else { return nil }
        let isOwn = symbols.variables.contains {
            $0.procedure == procedure.name.text && $0.name.text == mention.name
        }
        return isOwn ? procedure.name.text : nil
    }
}
