// Blocks and the statements that hold them.
extension Parser {
    /// Statements up to one of the words, which is left for the caller, or up to a block word that
    /// belongs to nobody here, or the end of the text.
    mutating func gatherStatements(until words: KeywordSet) {
        productions.insert(.block)
        while true {
            while at(.lineEnd, .command) || at(.semicolon, .command) { take(.command) }
            if at(.endOfText, .command) { return }
            if let word = blockWord() {
                if words.contains(word) || blockDepth == 0 { return }
                fail(
                    .blockWordUnexpected, peek(.command).range, word.rawValue,
                    notes: misspeltOpener())
                take(.command)
                recover()
                continue
            }
            let start = previousEnd
            gatheredStatements.append(parseStatement())
            endStatement()
            // Proof of progress: a statement that took nothing would be met again for ever.
            if previousEnd == start, !at(.endOfText, .command) { take(.command) }
        }
    }

    /// The block word at this place, if the token is one.
    mutating func blockWord() -> Keyword? {
        let token = peek(.command)
        guard token.kind == .word, let word = token.spelled, word.isBlockWord else { return nil }
        return word
    }

    mutating func atStatementEnd() -> Bool {
        switch peek(.command).kind {
        case .lineEnd, .semicolon, .endOfText: true
        case .word: blockWord() != nil
        default: false
        }
    }

    private mutating func endStatement() {
        if !isRecovering, !atStatementEnd() { fail(.statementEndExpected, mode: .command) }
        if isRecovering { recover() }
    }

    /// A body between its opening word and the words that may follow it.
    mutating func parseBody(until words: KeywordSet, isLoop: Bool = false) -> [Statement] {
        if isRecovering { recoverHead(until: words) }
        guard enter() else {
            leave()
            recover()
            return []
        }
        blockDepth += 1
        if isLoop { loopDepth += 1 }
        let first = gatheredStatements.count
        gatherStatements(until: words)
        let body = gatheredStatements.pop(from: first)
        if isLoop { loopDepth -= 1 }
        blockDepth -= 1
        leave()
        return body
    }

    /// A broken head ends at its THEN or DO, or with its line.
    private mutating func recoverHead(until words: KeywordSet) {
        recover()
        if let word = blockWord(), word == .then || word == .do { take(word, .command) }
    }

    mutating func expectEnd(of opener: Token) {
        if blockWord() == .end {
            take(.end, .command)
            return
        }
        let token = peek(.command)
        if token.kind == .endOfText { isOpenAtEnd = true }
        var notes = [Diagnostic.Note(range: opener.range, message: "the block starts here")]
        if let splitElseIf {
            let hint = "'ELSE IF' opens a block with its own 'END'; 'ELSEIF' is one word"
            notes.append(Diagnostic.Note(range: splitElseIf, message: hint))
        }
        fail(
            .endMissing, token.range, text(opener).uppercased(), describe(token), notes: notes)
    }

    /// THEN and DO may start the next line; THEN may be left out at the end of the line.
    private mutating func parseOpening(_ word: Keyword, isOptional: Bool) {
        if isRecovering { return }
        if blockWord() == word {
            take(word, .command)
            return
        }
        guard at(.lineEnd, .command) || at(.endOfText, .command) else {
            let notes = nearest(to: peek(.command), among: [word.rawValue])
            fail(.tokenExpected, mode: .command, "'\(word.rawValue)'", notes: notes)
            return
        }
        if followsOnLaterLine(word) {
            while eat(.lineEnd, .command) {}
            take(word, .command)
        } else if !isOptional {
            if at(.endOfText, .command) { isOpenAtEnd = true }
            fail(.tokenExpected, mode: .command, "'\(word.rawValue)'")
        }
    }

    private mutating func followsOnLaterLine(_ word: Keyword) -> Bool {
        var probe = lexer
        probe.offset = previousEnd
        while true {
            let token = probe.next(.command)
            if token.kind == .lineEnd { continue }
            return token.kind == .word && token.spelled == word
        }
    }
}

// MARK: - IF, WHILE, FOR, FOREACH, TRY

extension Parser {
    mutating func parseConditional() -> Statement.Kind {
        productions.insert(.conditional)
        let opener = take(.if, .command)
        var branches = [parseBranch()]
        var otherwise: [Statement] = []
        var hasElse = false
        while let word = blockWord(), word == .elseIf || word == .else {
            if hasElse { report(.elseRepeated, peek(.command).range, word.rawValue) }
            let branch = take(word, .command)
            if word == .else, keyword(.command) == .if { splitElseIf = branch.range }
            if word == .elseIf {
                branches.append(parseBranch())
            } else {
                hasElse = true
                otherwise = parseBody(until: [.elseIf, .else, .end])
            }
        }
        expectEnd(of: opener)
        return .conditional(branches, otherwise: otherwise)
    }

    private mutating func parseBranch() -> ConditionalBranch {
        let condition = parseExpression()
        parseOpening(.then, isOptional: true)
        let body = parseBody(until: [.elseIf, .else, .end])
        return ConditionalBranch(condition: condition, body: body)
    }

    mutating func parseWhile() -> Statement.Kind {
        productions.insert(.whileLoop)
        let opener = take(.while, .command)
        let condition = parseExpression()
        parseOpening(.do, isOptional: false)
        let body = parseBody(until: [.end], isLoop: true)
        expectEnd(of: opener)
        return .whileLoop(condition: condition, body: body)
    }

    mutating func parseFor() -> Statement.Kind {
        productions.insert(.forLoop)
        let opener = take(.for, .command)
        let variable = parseVariableName()
        expect(.equals, .expression)
        let from = parseExpression()
        expect(.to, .expression)
        let to = parseExpression()
        let step = !isRecovering && eat(.step, .expression) ? parseExpression() : nil
        parseOpening(.do, isOptional: false)
        let body = parseBody(until: [.end], isLoop: true)
        expectEnd(of: opener)
        return .forLoop(
            ForLoop(variable: variable, from: from, to: to, step: step, body: body))
    }

    mutating func parseForEach() -> Statement.Kind {
        productions.insert(.forEachLoop)
        let opener = take(.forEach, .command)
        let first = parseVariableName()
        let second = !isRecovering && eat(.comma, .expression) ? parseVariableName() : nil
        expect(.in, .expression)
        let sequence = parseExpression()
        parseOpening(.do, isOptional: false)
        let body = parseBody(until: [.end], isLoop: true)
        expectEnd(of: opener)
        return .forEachLoop(
            ForEachLoop(first: first, second: second, sequence: sequence, body: body))
    }

    mutating func parseAttempt() -> Statement.Kind {
        productions.insert(.attempt)
        let opener = take(.try, .command)
        let body = parseBody(until: [.catch, .end])
        guard blockWord() == .catch else {
            let token = peek(.command)
            if token.kind == .endOfText { isOpenAtEnd = true }
            fail(.catchMissing, token.range, describe(token))
            if eat(.end, .command) { isRecovering = true }
            return .attempt(body: body, errorName: nil, handler: [])
        }
        take(.catch, .command)
        var name: Name?
        if at(.variable, .command) {
            name = parseVariableName()
            if !isRecovering {
                switch peek(.command).kind {
                case .lineEnd, .semicolon, .endOfText: break
                default: fail(.catchVariableEnd, mode: .command)
                }
            }
        }
        let handler = parseBody(until: [.end])
        expectEnd(of: opener)
        return .attempt(body: body, errorName: name, handler: handler)
    }

    /// `$name` in a place where it is set: no fields, no `${}`, no script argument.
    mutating func parseVariableName() -> Name {
        if isRecovering { return Name("", range(from: previousEnd)) }
        let token = peek(.expression)
        let spelling = String(text(token).dropFirst())
        guard token.kind == .variable, spelling.utf8.first?.isNameStart == true else {
            fail(.tokenExpected, mode: .expression, "a variable")
            return Name("", token.range)
        }
        take(.expression)
        return Name(spelling, token.range)
    }
}
