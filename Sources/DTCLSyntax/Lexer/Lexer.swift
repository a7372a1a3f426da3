/// Cuts a text into tokens, one at a time. The parser says which of the two dialects comes next,
/// because `/` divides in an expression and belongs to a path in a command. The bytes belong to
/// whoever parses and outlive the lexer.
struct Lexer {
    enum Mode: Sendable {
        /// Words of a command line; also right for the start of any statement.
        case command
        case expression
    }

    let bytes: UnsafeBufferPointer<UInt8>
    private let keywords = KeywordTable.shared
    var offset: Int
    /// While a bracket is open, a line end is a gap.
    var bracketDepth = 0
    /// After a comma too.
    var isAfterComma = false
    /// A gap up to the end of the text held a lone `\`.
    var sawContinuation = false
    var diagnostics: [Diagnostic] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        let hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        offset = hasByteOrderMark ? 3 : 0
    }

    /// The next token. At the end of the text this is `endOfText`, as often as it is asked for.
    mutating func next(_ mode: Mode) -> Token {
        let gapStart = offset
        skipGap()
        let start = offset
        let followsGap = start > gapStart || start == 0
        let kind = lex(mode)
        // A text is never longer than 32 bits can count.
        let range = SourceRange(
            UInt32(truncatingIfNeeded: start), UInt32(truncatingIfNeeded: offset))
        var token = Token(range: range, kind: kind, followsGap: followsGap)
        if kind == .word || kind == .identifier {
            token.spelled = keywords.find(bytes, start, offset)
        }
        return token
    }

    private mutating func lex(_ mode: Mode) -> TokenKind {
        guard let byte = current else { return .endOfText }
        switch Unicode.Scalar(byte) {
        case "\n": return single(.lineEnd)
        case ";": return single(.semicolon)
        case "\"": return quotedText()
        case "'": return literalText()
        case "$": return variable()
        case ",": return single(.comma)
        case "(": return single(.leftParenthesis)
        case ")": return single(.rightParenthesis)
        case "[": return single(.leftBracket)
        case "]": return single(.rightBracket)
        case "{": return single(.leftBrace)
        case "}": return single(.rightBrace)
        default: return mode == .command ? commandToken(byte) : expressionToken(byte)
        }
    }

    private mutating func commandToken(_ byte: UInt8) -> TokenKind {
        switch Unicode.Scalar(byte) {
        case "=": return single(.equals)
        case "<": return single(.less)
        case ">": return single(.greater)
        default: break
        }
        if byte.isWordPart {
            skipWord()
            return .word
        }
        return unknown()
    }

    private mutating func expressionToken(_ byte: UInt8) -> TokenKind {
        if byte.isDigit { return number() }
        if byte.isNameStart {
            skip(while: \.isNamePart)
            return .identifier
        }
        let following = peek(1).map { Unicode.Scalar($0) }
        switch (Unicode.Scalar(byte), following) {
        case ("=", "="): return double(.doubleEquals)
        case ("!", "="), ("<", ">"): return double(.notEquals)
        case ("<", "="): return double(.lessOrEqual)
        case (">", "="): return double(.greaterOrEqual)
        default: break
        }
        switch Unicode.Scalar(byte) {
        case "=": return single(.equals)
        case "<": return single(.less)
        case ">": return single(.greater)
        case "&": return single(.ampersand)
        case "+": return single(.plus)
        case "-": return single(.minus)
        case "*": return single(.star)
        case "/": return single(.slash)
        case "%": return single(.percent)
        case ":": return single(.colon)
        case ".": return single(.dot)
        default: return unknown()
        }
    }

    /// A number takes every letter, digit and point that is attached, so that `10.0.0.2` and
    /// `12apples` are one mistake each and not several.
    private mutating func number() -> TokenKind {
        let start = offset
        skip { $0.isNamePart || $0 == .ascii(".") }
        if bytes[offset - 1] | 0x20 == .ascii("e"), let sign = current,
            sign == .ascii("+") || sign == .ascii("-"), peek(1)?.isDigit == true,
            bytes[start..<offset].contains(.ascii("."))
        {
            offset += 1
            skip(while: \.isDigit)
        }
        let digits = UnsafeBufferPointer(rebasing: bytes[start..<offset])
        if case .failure(let error) = NumberLiteral.read(bytes: digits) {
            let spelling = String(decoding: digits, as: UTF8.self)
            let range = SourceRange(start, offset)
            switch error.problem {
            case .notANumber: report(.numberInvalid, range, spelling)
            case .unknownUnit(let unit): report(.unitUnknown, range, unit)
            case .tooLarge: report(.numberTooLarge, range, spelling)
            }
        }
        return .number
    }
}

// MARK: - Texts and variables

extension Lexer {
    private mutating func quotedText() -> TokenKind {
        let start = offset
        offset += 1
        while let byte = current, byte != .ascii("\n") {
            offset += 1
            guard byte == .ascii("\"") else { continue }
            if current != .ascii("\"") { return .quotedText }
            offset += 1
        }
        report(.quoteMissing, SourceRange(start, offset), "'\"'")
        return .quotedText
    }

    private mutating func literalText() -> TokenKind {
        let start = offset
        offset += 1
        while let byte = current, byte != .ascii("\n") {
            offset += 1
            if byte == .ascii("'") { return .literalText }
        }
        report(.quoteMissing, SourceRange(start, offset), "\"'\"")
        return .literalText
    }

    /// `$name`, `$1`, `${...}` up to the closing brace of the same line.
    private mutating func variable() -> TokenKind {
        let start = offset
        skipVariable()
        if offset == start + 1 {
            let got = current.map {
                $0 == .ascii("\n") ? "the end of the line" : "'\(character())'"
            }
            report(.variableNameExpected, SourceRange(start, offset), got ?? "the end of the text")
            return .unknown
        }
        return .variable
    }

    private mutating func skipVariable() {
        offset += 1
        guard let byte = current else { return }
        if byte == .ascii("{") {
            while let inner = current, inner != .ascii("\n") {
                offset += 1
                if inner == .ascii("}") { return }
            }
        } else if byte.isDigit {
            skip(while: \.isDigit)
        } else if byte.isNameStart {
            skip(while: \.isNamePart)
        }
    }

    /// Word characters with variables between them; a `$` that starts no variable is itself.
    private mutating func skipWord() {
        while let byte = current {
            if byte.isWordPart {
                offset += 1
            } else if byte == .ascii("$") {
                skipVariable()
            } else {
                return
            }
        }
    }
}

// MARK: - Gaps

extension Lexer {
    private mutating func skipGap() {
        while let byte = current {
            if byte.isBlank {
                offset += 1
            } else if byte == .ascii("\n"), bracketDepth > 0 || isAfterComma {
                offset += 1
            } else if startsComment(byte) {
                skip { $0 != .ascii("\n") }
            } else if let end = continuationEnd(byte) {
                sawContinuation = end == bytes.count
                offset = end
            } else {
                return
            }
        }
    }

    /// `#` or `//` at the start of a word.
    private func startsComment(_ byte: UInt8) -> Bool {
        let isMark = byte == .ascii("#") || (byte == .ascii("/") && peek(1) == .ascii("/"))
        guard isMark else { return false }
        guard offset > 0 else { return true }
        let previous = bytes[offset - 1]
        switch Unicode.Scalar(previous) {
        case "\n", ";", ",", "(", "[", "{", "=", ")": return true
        default: return previous.isBlank || (offset == 3 && previous == 0xBF)
        }
    }

    /// Where the next line starts when a lone `\` after a blank ends this one.
    private func continuationEnd(_ byte: UInt8) -> Int? {
        guard byte == .ascii("\\"), offset == 0 || bytes[offset - 1].isBlank else { return nil }
        var end = offset + 1
        while end < bytes.count, bytes[end].isBlank { end += 1 }
        if end == bytes.count { return end }
        return bytes[end] == .ascii("\n") ? end + 1 : nil
    }

    /// The rest of the line is a remark.
    mutating func skipLine() {
        skip { $0 != .ascii("\n") }
    }
}

// MARK: - Steps

extension Lexer {
    @inline(__always)
    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func peek(_ distance: Int) -> UInt8? {
        offset + distance < bytes.count ? bytes[offset + distance] : nil
    }

    private mutating func single(_ kind: TokenKind) -> TokenKind {
        offset += 1
        return kind
    }

    private mutating func double(_ kind: TokenKind) -> TokenKind {
        offset += 2
        return kind
    }

    @inline(__always)
    private mutating func skip(while condition: (UInt8) -> Bool) {
        while offset < bytes.count, condition(bytes[offset]) { offset += 1 }
    }

    private mutating func unknown() -> TokenKind {
        let start = offset
        let text = character()
        offset += 1
        while let byte = current, byte & 0xC0 == 0x80 { offset += 1 }
        report(.characterUnexpected, SourceRange(start, offset), "'\(text)'")
        return .unknown
    }

    /// The character at the offset, for a message. Control characters are shown by number.
    private func character() -> String {
        guard let byte = current else { return "" }
        if byte < 0x20 || byte == 0x7F { return "\\" + String(byte, radix: 16) }
        var end = offset + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return String(decoding: bytes[offset..<end], as: UTF8.self)
    }

    private mutating func report(
        _ message: SyntaxMessage, _ range: SourceRange, _ first: String = ""
    ) {
        diagnostics.append(message.diagnostic(at: range, first))
    }
}
