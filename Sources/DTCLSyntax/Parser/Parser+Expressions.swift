// Expressions by precedence climbing.
extension Parser {
    mutating func parseExpression() -> Expression {
        productions.insert(.expression)
        return parseBinary(1)
    }

    private mutating func parseBinary(_ lowest: Int) -> Expression {
        let start = peek(.expression).lower
        var left = parseUnary(lowest)
        var hasCompared = false
        while !isRecovering, let found = binaryOperator(), found.precedence >= lowest {
            let token =
                keyword(.expression).map { take($0, .expression) } ?? take(.expression)
            if found.isComparison, hasCompared {
                report(.comparisonChained, token.range, text(token))
            }
            hasCompared = hasCompared || found.isComparison
            let right = parseBinary(found.precedence + 1)
            left = make(.binary(found, left, right), from: start)
        }
        return left
    }

    private mutating func binaryOperator() -> BinaryOperator? {
        switch peek(.expression).kind {
        case .equals, .doubleEquals: .equal
        case .notEquals: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .ampersand: .join
        case .plus: .add
        case .minus: .subtract
        case .star: .multiply
        case .slash: .divide
        case .percent: .remainder
        case .identifier:
            switch keyword(.expression) {
            case .or: .or
            case .and: .and
            case .in: .in
            case .like: .like
            default: nil
            }
        default: nil
        }
    }

    private mutating func parseUnary(_ lowest: Int) -> Expression {
        productions.insert(.unary)
        guard enter() else {
            leave()
            return invalid()
        }
        defer { leave() }
        let token = peek(.expression)
        if token.kind == .minus {
            take(.expression)
            return make(.unary(.negate, parseUnary(8)), from: token.lower)
        }
        if lowest <= 3, keyword(.expression) == .not {
            take(.not, .expression)
            return make(.unary(.not, parseBinary(3)), from: token.lower)
        }
        return parsePostfix()
    }

    private mutating func parsePostfix() -> Expression {
        productions.insert(.postfix)
        let start = peek(.expression).lower
        return parsePostfix(of: parsePrimary(), from: start)
    }

    /// Fields and elements that are attached without a blank.
    mutating func parsePostfix(of base: Expression, from start: Int) -> Expression {
        var base = base
        while !isRecovering {
            if atField() {
                take(.expression)
                base = make(.field(base, parseFieldName()), from: start)
            } else if atElement() {
                take(.expression)
                let index = parseExpression()
                expect(.rightBracket, .expression)
                base = make(.element(base, index), from: start)
            } else {
                break
            }
        }
        return base
    }

    /// A point directly followed by a name; in a command, `$dir.` and `$a./x` stay text.
    mutating func atField() -> Bool {
        let token = peek(.expression)
        guard token.kind == .dot, !token.followsGap, token.upper < bytes.count else {
            return false
        }
        return bytes[token.upper].isNameStart
    }

    mutating func atElement() -> Bool {
        let token = peek(.expression)
        return token.kind == .leftBracket && !token.followsGap
    }

    mutating func parseFieldName() -> Name {
        let token = take(.expression)
        return Name(text(token), token.range)
    }

    mutating func invalid() -> Expression {
        Expression(.invalid, SourceRange(previousEnd, previousEnd))
    }

    /// Bounds the tree: a chain of operators nests to the left without any bracket.
    mutating func make(_ kind: Expression.Kind, from start: Int) -> Expression {
        let expression = Expression(kind, range(from: start))
        if expression.depth <= Parser.treeDepthMax { return expression }
        fail(.nestingTooDeep, expression.range, "\(Parser.treeDepthMax)")
        return Expression(.invalid, expression.range)
    }
}

// MARK: - Primary expressions

extension Parser {
    mutating func parsePrimary() -> Expression {
        productions.insert(.primary)
        if isRecovering { return invalid() }
        let token = peek(.expression)
        switch token.kind {
        case .number:
            take(.expression)
            return Expression(number(token), token.range)
        case .quotedText:
            take(.expression)
            return Expression(.text(textPieces(token)), token.range)
        case .literalText:
            take(.expression)
            return Expression(.text([.text(literal(token))]), token.range)
        case .variable: return parseVariable()
        case .identifier: return parseNamed(token)
        case .leftParenthesis: return parseParenthesised()
        case .leftBracket: return parseList()
        case .leftBrace: return parseRecord()
        default:
            fail(.valueExpected, mode: .expression)
            return invalid()
        }
    }

    private func number(_ token: Token) -> Expression.Kind {
        let spelling = UnsafeBufferPointer(rebasing: bytes[token.lower..<token.upper])
        if case .success(let number) = NumberLiteral.read(bytes: spelling) {
            return .number(number)
        }
        return .invalid
    }

    /// `$name` or `${name.field}`.
    mutating func parseVariable() -> Expression {
        let token = take(.expression)
        let range = token.range
        guard bytes[token.lower + 1] == .ascii("{") else {
            let name = Name(text(token.lower + 1, token.upper), range)
            return Expression(.variable(name), range)
        }
        return interpolation(token.lower, token.upper)
    }

    private mutating func parseNamed(_ token: Token) -> Expression {
        guard let word = token.spelled else { return parseCallOrWord(token) }
        switch word {
        case .true, .false:
            take(word, .expression)
            return Expression(.boolean(word == .true), token.range)
        case .nothing:
            take(word, .expression)
            return Expression(.none, token.range)
        case _ where word.isBlockWord:
            fail(.valueExpected, mode: .expression)
            return invalid()
        default: return parseCallOrWord(token)
        }
    }

    private mutating func parseCallOrWord(_ token: Token) -> Expression {
        guard isCall(token) else {
            fail(.wordWithoutQuotes, token.range, text(token))
            return invalid()
        }
        productions.insert(.call)
        take(.expression)
        take(.expression)
        let arguments = parseElements(until: .rightParenthesis)
        return make(.call(Name(text(token), token.range), arguments), from: token.lower)
    }

    private mutating func parseElements(until end: TokenKind) -> [Expression] {
        let first = gatheredValues.count
        while !isRecovering, !at(end, .expression) {
            gatheredValues.append(parseExpression())
            if isRecovering || !eat(.comma, .expression) { break }
        }
        expect(end, .expression)
        return gatheredValues.pop(from: first)
    }

    /// An expression, or a command, in parentheses.
    mutating func parseParenthesised() -> Expression {
        let start = take(.expression).lower
        let token = peek(.expression)
        let inner: Expression
        if token.kind == .identifier, startsCommand(token) {
            let command = parseCommand(isParenthesised: true)
            inner = Expression(.command(command), command.range)
        } else {
            inner = parseExpression()
        }
        expect(.rightParenthesis, .expression)
        return Expression(inner.kind, range(from: start))
    }

    mutating func parseList() -> Expression {
        productions.insert(.list)
        let start = take(.expression).lower
        let elements = parseElements(until: .rightBracket)
        return make(.list(elements), from: start)
    }

    mutating func parseRecord() -> Expression {
        productions.insert(.record)
        let start = take(.expression).lower
        var entries: [RecordEntry] = []
        var keys: Set<String> = []
        while !isRecovering, !at(.rightBrace, .expression) {
            productions.insert(.recordEntry)
            let token = peek(.expression)
            guard let key = recordKey(token) else {
                fail(.tokenExpected, mode: .expression, "a key")
                break
            }
            take(.expression)
            if !keys.insert(key).inserted { report(.recordKeyRepeated, token.range, key) }
            expect(.colon, .expression)
            entries.append(RecordEntry(key: key, range: token.range, value: parseExpression()))
            if isRecovering || !eat(.comma, .expression) { break }
        }
        expect(.rightBrace, .expression)
        return make(.record(entries), from: start)
    }

    private mutating func recordKey(_ token: Token) -> String? {
        switch token.kind {
        case .identifier: text(token)
        case .literalText: literal(token)
        case .quotedText: TextPiece.staticText(textPieces(token))
        default: nil
        }
    }
}
