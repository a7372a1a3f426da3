/// Recursive descent over tokens that are cut on demand. Five verbs: `peek`, `at`, `take`, `eat`,
/// `expect`. After an error the parser is *recovering*: it stays silent until the statement, or the
/// head of the block, is over, so that one mistake gives one message.
struct Parser {
    /// Levels of blocks, brackets and unary operators.
    static let depthMax = 256
    /// Levels of one expression's tree; a chain of operators is a level each.
    static let treeDepthMax = 512

    let source: SourceText
    /// The bytes of the source, for as long as it is parsed.
    let bytes: UnsafeBufferPointer<UInt8>
    var lexer: Lexer
    var tokens: [Token] = []
    var diagnostics: [Diagnostic] = []
    var productions = ProductionSet()
    /// Where the last taken token ended.
    var previousEnd = 0
    var isRecovering = false
    var depth = 0
    var loopDepth = 0
    var blockDepth = 0
    let gatheredStatements = GatherStack<Statement>()
    let gatheredWords = GatherStack<Word>()
    let gatheredValues = GatherStack<Expression>()
    private var peeked: (token: Token, mode: Lexer.Mode)?
    private var lexerDiagnosticCount = 0
    /// The end of the text was met inside a block, a bracket or a continued line.
    var isOpenAtEnd = false
    /// Where `ELSE IF` was written in two words, which opens a block of its own.
    var splitElseIf: SourceRange?

    init(_ source: SourceText, _ bytes: UnsafeBufferPointer<UInt8>) {
        self.source = source
        self.bytes = bytes
        lexer = Lexer(bytes)
        previousEnd = lexer.offset
        tokens.reserveCapacity(min(bytes.count, SourceText.bytesMax) / 4 + 4)
    }

    mutating func parseScript() -> Script {
        productions.insert(.script)
        if source.bytes.count > SourceText.bytesMax {
            report(.textTooLong, SourceRange(0, 0), "\(SourceText.bytesMax)")
            return finish([])
        }
        if let offset = source.firstInvalidByte() {
            report(.textInvalid, SourceRange(offset, offset + 1))
            return finish([])
        }
        while true {
            gatherStatements(until: [])
            guard let word = blockWord() else { break }
            fail(
                .blockWordUnexpected, peek(.command).range, word.rawValue, notes: misspeltOpener())
            take(.command)
            recover()
        }
        take(.command)
        return finish(gatheredStatements.pop(from: 0))
    }

    private func finish(_ statements: [Statement]) -> Script {
        let all = Set(diagnostics + lexer.diagnostics).sorted {
            ($0.range.lower, $0.range.upper, $0.id) < ($1.range.lower, $1.range.upper, $1.id)
        }
        let end = tokens.last?.range.lower ?? 0
        let isOnlyOpen = all.allSatisfy { $0.severity != .error || $0.range.lower >= end }
        return Script(
            source: source, statements: statements, diagnostics: all, tokens: tokens,
            needsMoreInput: isOpenAtEnd && isOnlyOpen, productions: productions)
    }
}

// MARK: - The verbs

extension Parser {
    /// The next token in the given dialect, cut again when it was looked at in the other one.
    mutating func peek(_ mode: Lexer.Mode) -> Token {
        if let peeked, peeked.mode == mode || peeked.token.kind.isSameInBothModes {
            return peeked.token
        }
        rewind()
        let token = lexer.next(mode)
        peeked = (token, mode)
        if token.kind == .endOfText,
            lexer.bracketDepth > 0 || lexer.isAfterComma || lexer.sawContinuation
        {
            isOpenAtEnd = true
        }
        return token
    }

    mutating func at(_ kind: TokenKind, _ mode: Lexer.Mode) -> Bool {
        peek(mode).kind == kind
    }

    @discardableResult
    mutating func take(_ mode: Lexer.Mode) -> Token {
        let token = peek(mode)
        tokens.append(token)
        peeked = nil
        previousEnd = token.upper
        lexerDiagnosticCount = lexer.diagnostics.count
        lexer.isAfterComma = token.kind == .comma
        switch token.kind {
        case .leftParenthesis, .leftBracket, .leftBrace: lexer.bracketDepth += 1
        case .rightParenthesis, .rightBracket, .rightBrace:
            lexer.bracketDepth = max(0, lexer.bracketDepth - 1)
        default: break
        }
        return token
    }

    mutating func eat(_ kind: TokenKind, _ mode: Lexer.Mode) -> Bool {
        guard at(kind, mode) else { return false }
        take(mode)
        return true
    }

    @discardableResult
    mutating func expect(_ kind: TokenKind, _ mode: Lexer.Mode) -> Bool {
        if eat(kind, mode) { return true }
        fail(.tokenExpected, mode: mode, "'\(kind.spelling ?? kind.rawValue)'")
        return false
    }

    /// The keyword at this place, if the token is one.
    mutating func keyword(_ mode: Lexer.Mode) -> Keyword? {
        peek(mode).spelled
    }

    mutating func eat(_ keyword: Keyword, _ mode: Lexer.Mode) -> Bool {
        guard self.keyword(mode) == keyword else { return false }
        take(keyword, mode)
        return true
    }

    /// Takes a token that is read as a word of the language.
    @discardableResult
    mutating func take(_ keyword: Keyword, _ mode: Lexer.Mode) -> Token {
        let token = take(mode)
        tokens[tokens.count - 1].keyword = keyword
        return token
    }

    mutating func expect(_ keyword: Keyword, _ mode: Lexer.Mode) {
        if eat(keyword, mode) { return }
        let notes = nearest(to: peek(mode), among: [keyword.rawValue])
        fail(.tokenExpected, mode: mode, "'\(keyword.rawValue)'", notes: notes)
    }

    private mutating func rewind() {
        peeked = nil
        lexer.offset = previousEnd
        lexer.sawContinuation = false
        if lexer.diagnostics.count > lexerDiagnosticCount {
            lexer.diagnostics.removeLast(lexer.diagnostics.count - lexerDiagnosticCount)
        }
    }
}

// MARK: - Errors

extension Parser {
    /// Reports without starting to recover: the tree is whole all the same.
    mutating func report(
        _ message: SyntaxMessage, _ range: SourceRange, _ first: String = "",
        _ second: String = "", notes: [Diagnostic.Note] = []
    ) {
        guard !isRecovering else { return }
        diagnostics.append(message.diagnostic(at: range, first, second, notes: notes))
    }

    /// Reports, unless already recovering, and starts to recover.
    mutating func fail(
        _ message: SyntaxMessage, _ range: SourceRange, _ first: String = "",
        _ second: String = "", notes: [Diagnostic.Note] = []
    ) {
        report(message, range, first, second, notes: notes)
        isRecovering = true
    }

    /// Fails at the next token: `%1` is what was got there, `%2` what was expected. A token the
    /// lexer has already complained about is not complained about twice.
    mutating func fail(
        _ message: SyntaxMessage, mode: Lexer.Mode, _ expected: String = "",
        notes: [Diagnostic.Note] = []
    ) {
        let token = peek(mode)
        if token.kind == .unknown {
            take(mode)
            isRecovering = true
        } else {
            fail(message, token.range, describe(token), expected, notes: notes)
        }
    }

    func describe(_ token: Token) -> String {
        switch token.kind {
        case .endOfText: "the end of the text"
        case .lineEnd: "the end of the line"
        default: "'\(text(token))'"
        }
    }

    func text(_ token: Token) -> String { text(token.lower, token.upper) }

    func text(_ lower: Int, _ upper: Int) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[lower..<upper]), as: UTF8.self)
    }

    /// Skips to the end of the statement and speaks again.
    mutating func recover() {
        lexer.bracketDepth = 0
        lexer.isAfterComma = false
        rewind()
        while !atStatementEnd() {
            take(.command)
            lexer.bracketDepth = 0
            lexer.isAfterComma = false
        }
        isRecovering = false
    }

    /// One level deeper; false, with a message, when that is too deep.
    mutating func enter() -> Bool {
        depth += 1
        if depth <= Parser.depthMax { return true }
        fail(.nestingTooDeep, peek(.command).range, "\(Parser.depthMax)")
        return false
    }

    mutating func leave() { depth -= 1 }

    func range(from start: Int) -> SourceRange {
        SourceRange(start, max(start, previousEnd))
    }
}
