import DTCLSyntax

// Tokens and the blanks between them.
extension Layout {
    mutating func writeSpaced(_ token: Token) {
        if let previous = state.previous, needsBlank(previous, token) { output.append(0x20) }
        noteSign(token)
        write(token)
    }

    mutating func write(_ token: Token) {
        if let word = token.keyword {
            write(word.rawValue)
        } else {
            write(token.lower..<token.upper)
        }
        switch token.kind {
        case .leftParenthesis, .leftBracket, .leftBrace:
            state.bracketLevels.append(state.lineLevel)
        case .rightParenthesis, .rightBracket, .rightBrace: _ = state.bracketLevels.popLast()
        default: break
        }
        state.previous = token
    }

    mutating func write(_ range: Range<Int>) {
        output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[range]))
    }

    mutating func write(_ text: String) {
        output.append(contentsOf: text.utf8)
    }

    /// A minus where a value must begin is the sign of that value.
    mutating func noteSign(_ token: Token) {
        state.isUnary = token.kind == .minus && !(state.previous?.endsValue ?? false)
    }

    private func needsBlank(_ left: Token, _ right: Token) -> Bool {
        if right.kind.closesBracket || left.kind.opensBracket { return false }
        switch (left.kind, right.kind) {
        case (_, .comma), (_, .colon), (_, .dot), (.dot, _): return false
        case (.comma, _), (.colon, _), (.semicolon, _): return true
        case (.minus, _) where state.isUnary: return false
        case (.less, .word), (.greater, .word):
            // With a blank, `//` would begin a comment.
            return right.followsGap || !startsWithSlashes(right)
        case (_, .leftParenthesis), (_, .leftBracket), (_, .leftBrace):
            return right.followsGap || !left.endsValue
        default: break
        }
        if left.isWordOfLanguage || right.isWordOfLanguage { return true }
        if left.kind.isOperator || right.kind.isOperator { return true }
        return right.followsGap || right.kind == .identifier
    }

    private func startsWithSlashes(_ token: Token) -> Bool {
        bytes[token.lower] == UInt8(ascii: "/") && token.upper - token.lower > 1
            && bytes[token.lower + 1] == UInt8(ascii: "/")
    }
}

extension Token {
    /// A keyword that is no value.
    var isWordOfLanguage: Bool {
        switch keyword {
        case nil, .true, .false, .nothing: false
        default: true
        }
    }

    /// Whether a value may end here, so that what follows continues or joins it.
    var endsValue: Bool {
        switch kind {
        case .number, .quotedText, .literalText, .variable, .rightParenthesis, .rightBracket,
            .rightBrace:
            true
        case .word, .identifier: !isWordOfLanguage
        default: false
        }
    }
}

extension TokenKind {
    var opensBracket: Bool {
        self == .leftParenthesis || self == .leftBracket || self == .leftBrace
    }

    var closesBracket: Bool {
        self == .rightParenthesis || self == .rightBracket || self == .rightBrace
    }

    /// Stands between two values with a blank on either side.
    var isOperator: Bool {
        switch self {
        case .equals, .doubleEquals, .notEquals, .less, .lessOrEqual, .greater, .greaterOrEqual,
            .ampersand, .plus, .minus, .star, .slash, .percent:
            true
        default: false
        }
    }
}
