// Words of command lines, and the texts inside words and quotes.
extension Parser {
    /// The words up to the end of the statement, or up to `)`, which is left for the caller.
    mutating func parseCommand(isParenthesised: Bool) -> CommandWords {
        productions.insert(.command)
        let start = peek(.command).lower
        let first = gatheredWords.count
        while !isRecovering, !atStatementEnd() {
            let token = peek(.command)
            if token.kind == .rightParenthesis, isParenthesised { break }
            if !token.followsGap, gatheredWords.count > first, !gatheredWords.top.isSign,
                Parser.startsWord(token.kind)
            {
                report(.adjacentWords, token.range, describe(token))
            }
            if let word = parseWord() { gatheredWords.append(word) }
        }
        let words = gatheredWords.pop(from: first)
        if words.isEmpty, !isRecovering { fail(.valueExpected, mode: .command) }
        return CommandWords(words: words, range: range(from: start))
    }

    private static func startsWord(_ kind: TokenKind) -> Bool {
        switch kind {
        case .word, .variable, .quotedText, .literalText, .leftParenthesis, .leftBracket,
            .leftBrace:
            true
        default: false
        }
    }

    private mutating func parseWord() -> Word? {
        productions.insert(.word)
        let token = peek(.command)
        let kind: Word.Kind
        switch token.kind {
        case .word:
            take(.command)
            kind = bareWord(token)
        case .variable: kind = parseVariableWord()
        case .quotedText:
            take(.command)
            kind = .quoted(textPieces(token))
        case .literalText:
            take(.command)
            kind = .literal(literal(token))
        case .leftParenthesis: kind = nested { .parenthesised($0.parseParenthesised()) }
        case .leftBracket: kind = nested { .list($0.parseList()) }
        case .leftBrace: kind = nested { .record($0.parseRecord()) }
        case .equals, .comma, .less, .greater:
            take(.command)
            kind = Parser.sign(token.kind)
        default:
            fail(.characterUnexpected, mode: .command)
            return nil
        }
        let range = range(from: token.lower)
        return Word(kind: kind, range: range, raw: text(Int(range.lower), Int(range.upper)))
    }

    private static func sign(_ kind: TokenKind) -> Word.Kind {
        switch kind {
        case .comma: .comma
        case .less: .less
        case .greater: .greater
        default: .equals
        }
    }

    /// Brackets inside a command count as levels, as they may hold commands again.
    private mutating func nested(_ parse: (inout Parser) -> Word.Kind) -> Word.Kind {
        guard enter() else {
            leave()
            return .bare
        }
        defer { leave() }
        return parse(&self)
    }

    private mutating func bareWord(_ token: Token) -> Word.Kind {
        if bytes[token.lower..<token.upper].contains(.ascii("$")) {
            productions.insert(.joinedWord)
            return .joined(pieces(token.lower, token.upper, isQuoted: false))
        }
        let first = bytes[token.lower]
        guard first.isDigit || first == .ascii("-") else { return .bare }
        let spelling = UnsafeBufferPointer(rebasing: bytes[token.lower..<token.upper])
        if case .success(let number) = NumberLiteral.read(bytes: spelling) {
            return .number(number)
        }
        return .bare
    }

    /// `$x`, its fields and elements; more word characters attached make a joined word.
    private mutating func parseVariableWord() -> Word.Kind {
        let start = peek(.expression).lower
        let variable = parsePostfix(of: parseVariable(), from: start)
        guard !isRecovering, atAttachedPiece() else { return .variable(variable) }
        productions.insert(.joinedWord)
        var parts: [TextPiece] = [.expression(variable)]
        while !isRecovering, atAttachedPiece() {
            let token = take(.command)
            parts += pieces(token.lower, token.upper, isQuoted: false)
        }
        return .joined(parts)
    }

    private mutating func atAttachedPiece() -> Bool {
        let token = peek(.command)
        guard !token.followsGap, token.lower == previousEnd else { return false }
        return token.kind == .word || token.kind == .variable
    }
}

// MARK: - Texts

extension Parser {
    /// What stands between the quotes of a `"..."` token.
    mutating func textPieces(_ token: Token) -> [TextPiece] {
        productions.insert(.quotedText)
        return pieces(token.lower + 1, innerEnd(token, .ascii("\"")), isQuoted: true)
    }

    func literal(_ token: Token) -> String {
        let range = SourceRange(token.lower + 1, innerEnd(token, .ascii("'")))
        return text(Int(range.lower), Int(range.upper))
    }

    /// The closing quote is missing where the line ended first, which the lexer has reported.
    private func innerEnd(_ token: Token, _ quote: UInt8) -> Int {
        let hasEnd = token.upper - token.lower > 1 && bytes[token.upper - 1] == quote
        return hasEnd ? token.upper - 1 : token.upper
    }

    /// Splits text at its variables. In quotes `$5` is itself; in a word it is the argument.
    private mutating func pieces(_ lower: Int, _ upper: Int, isQuoted: Bool) -> [TextPiece] {
        let hasMarks = bytes[lower..<upper].contains { $0 == .ascii("$") || $0 == .ascii("\"") }
        if !hasMarks { return lower == upper ? [] : [.text(text(lower, upper))] }
        var parts: [TextPiece] = []
        var plain: [UInt8] = []
        var offset = lower
        while offset < upper {
            let byte = bytes[offset]
            let next = offset + 1 < upper ? bytes[offset + 1] : 0
            if byte == .ascii("\""), next == .ascii("\"") {
                plain.append(byte)
                offset += 2
            } else if byte == .ascii("$"), next == .ascii("$") {
                plain.append(byte)
                offset += 2
            } else if byte == .ascii("$"), let end = variableEnd(offset, upper, isQuoted) {
                if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
                plain = []
                parts.append(.expression(interpolation(offset, end)))
                offset = end
            } else {
                plain.append(byte)
                offset += 1
            }
        }
        if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
        return parts
    }

    /// Where the variable that starts at a `$` ends; nil when the `$` is itself.
    private func variableEnd(_ offset: Int, _ upper: Int, _ isQuoted: Bool) -> Int? {
        let bytes = self.bytes[(offset + 1)..<upper]
        guard let first = bytes.first else { return nil }
        if first == .ascii("{") {
            return bytes.firstIndex(of: .ascii("}")).map { $0 + 1 } ?? upper
        }
        if first.isNameStart { return bytes.prefix(while: \.isNamePart).endIndex }
        if first.isDigit, !isQuoted { return bytes.prefix(while: \.isDigit).endIndex }
        return nil
    }

    /// `$name`, `$1`, `${name}`, `${name.field.field}`.
    mutating func interpolation(_ lower: Int, _ upper: Int) -> Expression {
        productions.insert(.interpolation)
        let range = SourceRange(lower, upper)
        let spelling = source.text(in: range)
        guard bytes[lower + 1] == .ascii("{") else {
            return Expression(.variable(Name(String(spelling.dropFirst()), range)), range)
        }
        let inner = spelling.dropFirst(2).dropLast()
        let parts = inner.split(separator: ".", omittingEmptySubsequences: false)
        let isWhole =
            spelling.hasSuffix("}")
            && parts.enumerated().allSatisfy { index, part in
                let bytes = part.utf8
                if index == 0, let first = bytes.first, first.isDigit {
                    return bytes.allSatisfy(\.isDigit)
                }
                return bytes.first?.isNameStart == true && bytes.allSatisfy(\.isNamePart)
            }
        guard isWhole, let first = parts.first, parts.count < Parser.depthMax else {
            report(.interpolationInvalid, range, spelling)
            return Expression(.invalid, range)
        }
        var expression = Expression(.variable(Name(String(first), range)), range)
        for part in parts.dropFirst() {
            expression = Expression(.field(expression, Name(String(part), range)), range)
        }
        return expression
    }
}

extension Word {
    /// `=`, `,`, `<` or `>`.
    public var isSign: Bool {
        switch kind {
        case .equals, .comma, .less, .greater: true
        default: false
        }
    }
}
