import DTCLSyntax

/// Changes the layout of a script without errors and nothing else: blanks, comments, line breaks
/// where they are gaps, letters of keywords.
package enum Scrambler {
    package static func scramble(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
        let script = Script.parse(text)
        if script.hasErrors { return Array(text.utf8) }
        var output: [UInt8] = []
        var end = 0
        var depth = 0
        for token in script.tokens {
            let isGap = token.followsGap || token.kind == .lineEnd || token.kind == .semicolon
            if isGap || (depth > 0 && end > 0 && isBracket(token.kind)) {
                let gap = script.source.bytes[end..<Int(token.range.lower)]
                let isComment = gap.contains { $0 == 0x23 || $0 == 0x2F }
                output += isComment ? Array(gap) : blanks(token, depth, isGap, &random)
            }
            output += spelling(script.source.text(in: token.range), token, &random).utf8
            if isOpening(token.kind) { depth += 1 }
            if isBracket(token.kind), !isOpening(token.kind) { depth -= 1 }
            end = Int(token.range.upper)
        }
        return output
    }

    private static func isOpening(_ kind: TokenKind) -> Bool {
        kind == .leftParenthesis || kind == .leftBracket || kind == .leftBrace
    }

    private static func isBracket(_ kind: TokenKind) -> Bool {
        isOpening(kind) || kind == .rightParenthesis || kind == .rightBracket
            || kind == .rightBrace
    }

    private static func blanks(
        _ token: Token, _ depth: Int, _ isNeeded: Bool, _ random: inout SeededGenerator
    ) -> [UInt8] {
        // What is attached must stay attached: an opening bracket may be that of a call.
        if !isNeeded, isOpening(token.kind) { return [] }
        if token.kind == .lineEnd {
            return Array(
                ["", " ", "  # said", " // a, b", "\t", " \\\n", "\n\n", " ;"][random.below(8)].utf8
            )
        }
        if token.kind == .semicolon { return random.below(2) == 0 ? [] : [0x20] }
        if depth > 0, random.below(6) == 0 {
            return Array(["\n", " # in\n  ", "\n\n \t", " \\\n"][random.below(4)].utf8)
        }
        if random.below(20) == 0 { return Array(" \\\n ".utf8) }
        return Array([" ", "  ", "\t", " "][random.below(4)].utf8)
    }

    private static func spelling(
        _ text: String, _ token: Token, _ random: inout SeededGenerator
    ) -> String {
        guard token.keyword != nil else { return text }
        return random.below(2) == 0 ? text.lowercased() : text
    }
}
