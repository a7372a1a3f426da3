// One function per statement.
extension Parser {
    mutating func parseStatement() -> Statement {
        productions.insert(.statement)
        let token = peek(.command)
        let kind: Statement.Kind
        switch token.kind {
        case .variable: kind = parseAssignment()
        case .word: kind = parseWordStatement(token)
        default:
            fail(.statementExpected, mode: .command)
            kind = .invalid
        }
        return Statement(kind: kind, range: range(from: token.lower))
    }

    private mutating func parseWordStatement(_ token: Token) -> Statement.Kind {
        switch keyword(.command) {
        case .if: return parseConditional()
        case .while: return parseWhile()
        case .for: return parseFor()
        case .forEach: return parseForEach()
        case .try: return parseAttempt()
        case .break: return parseLoopWord(.break, .breakLoop, .breakLoop)
        case .continue: return parseLoopWord(.continue, .continueLoop, .continueLoop)
        case .return:
            productions.insert(.returnStatement)
            return .returnValue(parseOptionalValue(.return))
        case .exit:
            productions.insert(.exitStatement)
            return .exit(parseOptionalValue(.exit))
        case .procedure: return parseProcedure()
        case .include: return parseInclude()
        case .write: return parseWrite()
        case .wait: return parseWait()
        case .set where isSetOption(token): return parseSetOption()
        case .rem:
            productions.insert(.remark)
            take(.rem, .command)
            lexer.skipLine()
            previousEnd = lexer.offset
            return .remark
        default: break
        }
        if isCall(token) {
            productions.insert(.callStatement)
            return .call(parseExpression())
        }
        return .command(parseCommand(isParenthesised: false))
    }

    /// A name directly followed by `(` is a call; anything else is a command word.
    func isCall(_ token: Token) -> Bool {
        guard token.upper < bytes.count, bytes[token.upper] == .ascii("("),
            bytes[token.lower].isNameStart
        else { return false }
        return bytes[token.lower..<token.upper].allSatisfy(\.isNamePart)
    }

    private mutating func parseLoopWord(
        _ word: Keyword, _ kind: Statement.Kind, _ production: Production
    ) -> Statement.Kind {
        productions.insert(production)
        let token = take(word, .command)
        if loopDepth == 0 { report(.loopWordOutside, token.range, text(token).uppercased()) }
        return kind
    }

    private mutating func parseOptionalValue(_ word: Keyword) -> Expression? {
        take(word, .command)
        return atStatementEnd() ? nil : parseExpression()
    }
}

// MARK: - Assignment

extension Parser {
    private mutating func parseAssignment() -> Statement.Kind {
        productions.insert(.assignment)
        let target = parseTarget()
        if isRecovering { return .invalid }
        guard eat(.equals, .expression) else {
            fail(.assignmentExpected, mode: .expression)
            return .invalid
        }
        return .assignment(target, parseResult())
    }

    private mutating func parseTarget() -> AssignmentTarget {
        productions.insert(.target)
        let start = peek(.expression).lower
        let name = parseVariableName()
        var path: [AssignmentTarget.Step] = []
        while !isRecovering {
            if atField() {
                take(.expression)
                path.append(.field(parseFieldName()))
            } else if atElement() {
                take(.expression)
                path.append(.element(parseExpression()))
                expect(.rightBracket, .expression)
            } else {
                break
            }
        }
        if path.count > Parser.depthMax {
            fail(.nestingTooDeep, range(from: start), "\(Parser.depthMax)")
        }
        return AssignmentTarget(name: name, path: path, range: range(from: start))
    }

    /// An expression, or a command whose result is the value.
    mutating func parseResult() -> Expression {
        let token = peek(.expression)
        guard token.kind == .identifier, startsCommand(token) else { return parseExpression() }
        let command = parseCommand(isParenthesised: false)
        return Expression(.command(command), command.range)
    }

    /// Whether a name in the place of a value begins a command rather than an expression.
    func startsCommand(_ token: Token) -> Bool {
        switch token.spelled {
        case .true, .false, .nothing, .not: return false
        case let word? where word.isBlockWord: return false
        default: return !isCall(token)
        }
    }
}

// MARK: - Procedures and includes

extension Parser {
    private mutating func parseProcedure() -> Statement.Kind {
        productions.insert(.procedure)
        let opener = take(.procedure, .command)
        checkTopLevel(opener)
        let name = peek(.expression)
        guard name.kind == .identifier else {
            fail(.tokenExpected, mode: .expression, "the name of the procedure")
            _ = parseBody(until: [.end])
            expectEnd(of: opener)
            return .invalid
        }
        take(.expression)
        let parameters = parseParameters()
        let outerLoops = loopDepth
        loopDepth = 0
        let body = parseBody(until: [.end])
        loopDepth = outerLoops
        expectEnd(of: opener)
        return .procedure(
            Procedure(name: Name(text(name), name.range), parameters: parameters, body: body))
    }

    private mutating func parseParameters() -> [Procedure.Parameter] {
        var parameters: [Procedure.Parameter] = []
        guard expect(.leftParenthesis, .expression) else { return [] }
        while !isRecovering, !at(.rightParenthesis, .expression) {
            productions.insert(.parameter)
            let name = parseVariableName()
            if isRecovering { break }
            if parameters.contains(where: { $0.name.text == name.text }) {
                report(.parameterRepeated, name.range, name.spelling)
            }
            let value = eat(.equals, .expression) ? parseExpression() : nil
            if value == nil, parameters.last?.defaultValue != nil {
                report(.parameterWithoutDefault, name.range, name.spelling)
            }
            parameters.append(Procedure.Parameter(name: name, defaultValue: value))
            if isRecovering || !eat(.comma, .expression) { break }
        }
        expect(.rightParenthesis, .expression)
        return parameters
    }

    private mutating func parseInclude() -> Statement.Kind {
        productions.insert(.include)
        let opener = take(.include, .command)
        checkTopLevel(opener)
        let token = peek(.expression)
        var path: String?
        switch token.kind {
        case .quotedText:
            path = TextPiece.staticText(textPieces(token))
        case .literalText: path = literal(token)
        default: break
        }
        guard let path, !path.isEmpty else {
            fail(.includePathExpected, mode: .expression)
            return .invalid
        }
        take(.expression)
        return .include(path: path, range: token.range)
    }

    private mutating func checkTopLevel(_ token: Token) {
        if blockDepth > 0 { report(.declarationNested, token.range, text(token).uppercased()) }
    }
}

// MARK: - WRITE, WAIT, SET OPTION

extension Parser {
    private mutating func parseWrite() -> Statement.Kind {
        productions.insert(.write)
        take(.write, .command)
        var toError = false
        if keyword(.expression) == .to, !isCall(peek(.expression)) {
            take(.to, .expression)
            expect(.error, .expression)
            toError = true
        }
        let first = gatheredValues.count
        if !isRecovering, !atStatementEnd() {
            repeat {
                gatheredValues.append(parseExpression())
            } while !isRecovering && eat(.comma, .expression)
        }
        return .write(gatheredValues.pop(from: first), toError: toError)
    }

    private mutating func parseWait() -> Statement.Kind {
        productions.insert(.wait)
        take(.wait, .command)
        if at(.identifier, .expression), text(peek(.expression)).uppercased() == "FOREVER",
            !isCall(peek(.expression))
        {
            take(.expression)
            return .wait(nil, unit: nil)
        }
        let duration = parseExpression()
        var unit: NumberLiteral.Unit?
        if !isRecovering, at(.identifier, .expression), !atStatementEnd() {
            unit = Parser.timeUnit(text(peek(.expression)))
            if unit == nil {
                let units = ["milliseconds", "seconds", "minutes", "hours", "days", "FOREVER"]
                fail(
                    .tokenExpected, mode: .expression, "seconds, minutes, hours or days",
                    notes: nearest(to: peek(.expression), among: units))
            } else {
                take(.expression)
            }
        }
        return .wait(duration, unit: unit)
    }

    /// `minutes` and the like, as people write them after a number.
    static func timeUnit(_ word: String) -> NumberLiteral.Unit? {
        switch word.lowercased() {
        case "millisecond", "milliseconds": .milliseconds
        case "second", "seconds": .seconds
        case "minute", "minutes": .minutes
        case "hour", "hours": .hours
        case "day", "days": .days
        default: nil
        }
    }

    private func isSetOption(_ token: Token) -> Bool {
        var probe = lexer
        probe.offset = token.upper
        let next = probe.next(.command)
        return next.kind == .word && next.spelled == .option
    }

    private mutating func parseSetOption() -> Statement.Kind {
        productions.insert(.setOption)
        take(.set, .command)
        take(.option, .command)
        guard at(.word, .command), !atStatementEnd() else {
            fail(.tokenExpected, mode: .command, "the name of an option")
            return .invalid
        }
        let name = take(.command)
        _ = eat(.equals, .command)
        guard at(.word, .command), !atStatementEnd() else {
            fail(.tokenExpected, mode: .command, "a value for the option")
            return .invalid
        }
        let value = take(.command)
        switch text(name).uppercased() {
        case "STRICT": return switchOption(value) { .strict($0) }
        case "ECHO": return switchOption(value) { .echo($0) }
        case "TIMEOUT": return timeoutOption(value)
        case "WAITUNIT": return waitUnitOption(value)
        default:
            report(
                .optionUnknown, name.range, text(name), "STRICT, ECHO, TIMEOUT or WAITUNIT",
                notes: nearest(to: name, among: ["STRICT", "ECHO", "TIMEOUT", "WAITUNIT"]))
            return .invalid
        }
    }

    private mutating func switchOption(
        _ value: Token, _ option: (Bool) -> ScriptOption
    ) -> Statement.Kind {
        switch text(value).uppercased() {
        case "ON", "TRUE", "1": return .setOption(option(true))
        case "OFF", "FALSE", "0": return .setOption(option(false))
        default:
            report(.optionValueInvalid, value.range, text(value), "ON or OFF")
            return .invalid
        }
    }

    private mutating func timeoutOption(_ value: Token) -> Statement.Kind {
        if text(value).uppercased() == "FOREVER" { return .setOption(.timeout(seconds: nil)) }
        guard case .success(let number) = NumberLiteral.read(text(value)),
            number.unit?.isTime ?? true
        else {
            report(.optionValueInvalid, value.range, text(value), "a time or FOREVER")
            return .invalid
        }
        var seconds = number.seconds
        if number.unit == nil, at(.word, .command), !atStatementEnd(),
            let unit = Parser.timeUnit(text(peek(.command)))
        {
            take(.command)
            seconds = unit == .milliseconds ? seconds / 1000 : seconds * Double(unit.factor)
        }
        guard seconds >= 0 else {
            report(.optionValueInvalid, value.range, text(value), "a time that is not negative")
            return .invalid
        }
        return .setOption(.timeout(seconds: seconds))
    }

    private mutating func waitUnitOption(_ value: Token) -> Statement.Kind {
        switch text(value).uppercased() {
        case "MS", "MILLISECONDS": return .setOption(.waitUnit(isMilliseconds: true))
        case "S", "SECONDS": return .setOption(.waitUnit(isMilliseconds: false))
        default:
            report(.optionValueInvalid, value.range, text(value), "MS or S")
            return .invalid
        }
    }
}

extension NumberLiteral {
    /// The value as seconds, whatever its kind.
    public var seconds: Double {
        switch value {
        case .integer(let number): Double(number)
        case .decimal(let number): number
        }
    }
}
