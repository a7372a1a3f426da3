import DTCLSyntax

/// One pass over the tokens of a script without errors. Line breaks are written late, when it is
/// known what follows them: a comment may still belong to the line before.
struct Layout {
    /// Columns that a block may take when it was written on one line and is to stay there.
    static let columnsMax = 100
    static let indentation = 4

    /// Everything but what is written; a copy of it undoes an attempt.
    struct State {
        /// The next token.
        var index = 0
        /// Where the last token or remark ended.
        var end = 0
        /// Open blocks.
        var level = 0
        /// A line break is due before the next thing that is written.
        var isBreakDue = false
        /// The text had an empty line here, which is kept but for the edges of blocks.
        var isBlankDue = false
        /// Nothing of the block, or of the file, has been written yet.
        var isBlockStart = true
        /// Something of the line of the text that is being read has been written.
        var lineHasContent = false
        /// The last token of the statement that is being written; nil before its first.
        var previous: Token?
        /// The last token was the sign of what follows rather than between two values.
        var isUnary = false
        /// THEN or DO, while the head of a block waits for it.
        var awaited: Keyword?
        /// A THEN or DO that has been written before its time, by its index.
        var skipped = -1
        /// The block of a procedure begins where the brackets of its head end.
        var isProcedureHead = false
        /// For each open bracket the level of the line that it stands on.
        var bracketLevels: [Int] = []
        var lineLevel = 0
    }

    let bytes: UnsafeBufferPointer<UInt8>
    let tokens: UnsafeBufferPointer<Token>
    var output: [UInt8] = []
    var state = State()

    init(bytes: UnsafeBufferPointer<UInt8>, tokens: UnsafeBufferPointer<Token>) {
        self.bytes = bytes
        self.tokens = tokens
        output.reserveCapacity(bytes.count + bytes.count / 4 + 64)
    }

    mutating func run() {
        while state.index < tokens.count {
            let token = tokens[state.index]
            state.index += 1
            switch token.kind {
            case .lineEnd: endLine(token)
            case .semicolon:
                endStatement()
                writeComments(before: token)
            case .endOfText: endText(token)
            default: place(token)
            }
            state.end = max(state.end, token.upper)
        }
        if !output.isEmpty { output.append(0x0A) }
    }

    private mutating func endText(_ token: Token) {
        endStatement()
        writeComments(before: token)
    }

    private mutating func endLine(_ token: Token) {
        if let word = state.awaited { openEarly(word) }
        endStatement()
        let hasComment = writeComments(before: token)
        if !hasComment, !state.lineHasContent { state.isBlankDue = true }
        state.lineHasContent = false
    }

    /// THEN may be missing, and THEN or DO may stand on a later line: both end up on the first.
    private mutating func openEarly(_ word: Keyword) {
        write(" ")
        write(word.rawValue)
        var next = state.index
        while next < tokens.count, tokens[next].kind == .lineEnd { next += 1 }
        if next < tokens.count, tokens[next].keyword == word { state.skipped = next }
        openBlock()
    }

    private mutating func place(_ token: Token) {
        if state.index - 1 == state.skipped { return }
        defer { state.lineHasContent = true }
        switch token.keyword {
        case .else?, .elseIf?, .catch?, .end?:
            // After a comma a comment may stand before the end of the block.
            endStatement()
            writeComments(before: token)
        default: break
        }
        switch token.keyword {
        case .then?, .do?:
            writeSpaced(token)
            openBlock()
        case .else?:
            closeBlock()
            begin(token)
            openBlock()
        case .elseIf?:
            closeBlock()
            begin(token)
            state.awaited = .then
        case .catch?:
            closeBlock()
            begin(token)
            placeErrorVariable()
            openBlock()
        case .end?:
            closeBlock()
            begin(token)
            endStatement()
        default:
            if state.previous == nil { start(token) } else { goOn(token) }
        }
    }

    private mutating func placeErrorVariable() {
        guard state.index < tokens.count, tokens[state.index].kind == .variable else { return }
        writeSpaced(tokens[state.index])
        state.end = tokens[state.index].upper
        state.index += 1
    }

    /// The first token of a statement.
    private mutating func start(_ token: Token) {
        guard let word = token.keyword else {
            begin(token)
            return
        }
        if word == .rem {
            placeRemark(token)
        } else if !word.opensBlock {
            begin(token)
        } else if !keepsOnOneLine() {
            begin(token)
            switch word {
            case .try: openBlock()
            case .if: state.awaited = .then
            case .procedure: state.isProcedureHead = true
            default: state.awaited = .do
            }
        }
    }

    private mutating func goOn(_ token: Token) {
        if token.followsGap, hasLineBreak(state.end, token.lower) {
            continueLine(token)
        } else {
            writeSpaced(token)
        }
        if state.isProcedureHead, state.bracketLevels.isEmpty, token.kind == .rightParenthesis {
            state.isProcedureHead = false
            openBlock()
        }
    }
}

// MARK: - Blocks and statements

extension Layout {
    mutating func openBlock() {
        state.awaited = nil
        endStatement()
        state.level += 1
        state.isBlockStart = true
    }

    private mutating func closeBlock() {
        endStatement()
        state.level = max(0, state.level - 1)
        state.isBlankDue = false
    }

    mutating func endStatement() {
        // At the end of a line these would join it with the next one.
        if let last = state.previous, joinsNextLine(last) { write(";") }
        state.previous = nil
        state.isUnary = false
        if !state.bracketLevels.isEmpty { state.bracketLevels.removeAll(keepingCapacity: true) }
        if !output.isEmpty { state.isBreakDue = true }
    }

    /// Starts a line with the first token of a statement.
    mutating func begin(_ token: Token) {
        // A byte order mark that is a letter of the first word would not be one any more.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if output.isEmpty, bytes[token.lower..<token.upper].starts(with: mark) { output += mark }
        beginLine()
        write(token)
    }

    mutating func beginLine() {
        if state.isBreakDue {
            output.append(0x0A)
            if state.isBlankDue, !state.isBlockStart { output.append(0x0A) }
        }
        state.isBreakDue = false
        state.isBlankDue = false
        state.isBlockStart = false
        state.lineLevel = state.level
        indent(state.level)
    }

    mutating func indent(_ level: Int) {
        for _ in 0..<(level * Layout.indentation) { output.append(0x20) }
    }

    func isLoneBackslash(_ token: Token) -> Bool {
        token.upper - token.lower == 1 && bytes[token.lower] == UInt8(ascii: "\\")
    }

    private func joinsNextLine(_ token: Token) -> Bool {
        token.kind == .comma || isLoneBackslash(token)
    }
}

extension Keyword {
    var opensBlock: Bool {
        switch self {
        case .if, .while, .for, .forEach, .try, .procedure: true
        default: false
        }
    }
}

extension Token {
    var lower: Int { Int(range.lower) }
    var upper: Int { Int(range.upper) }
}
