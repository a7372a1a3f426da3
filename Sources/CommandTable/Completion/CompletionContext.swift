import DTCLSyntax

/// What stands before a place in a script, as far as it decides what can be typed there.
struct CompletionContext {
    enum Place {
        /// At the start of a statement, `startsWord` or nothing of it typed.
        case statement
        /// After at least one word of a command that began at this byte.
        case command(start: Int)
        /// After `=` or `(`, where an expression or a command can begin.
        case value
        /// In an expression: whether an operand is due, else an operator; and the keywords that may
        /// follow it.
        case expression(isOperandDue: Bool, following: [Keyword])
        /// After SET OPTION and so many words.
        case option(words: [String])
        /// After INCLUDE.
        case file
        /// Only these can follow.
        case keywords([Keyword])
        /// Names of one's own, comments, remarks.
        case nothing
    }

    /// Keywords that have opened a block, outermost first; ELSE and CATCH replace theirs.
    var blocks: [Keyword] = []
    var place = Place.statement
    /// What is typed of the word at the cursor: the token that ends there.
    var typed: Token?

    /// One pair of brackets, or what is outside of all.
    fileprivate struct Frame {
        var place: Place
        var start: Int
        var count = 0
        /// The keyword that began it, for what follows its expression.
        var opener: Keyword?
        var last: TokenKind?
        var hasDirection = false
    }

    private var frames = [Frame(place: .statement, start: 0)]

    /// - Parameter script: the text up to the cursor, which stands at its end.
    init(_ script: Script) {
        let end = script.source.bytes.count
        let tokens = script.tokens.filter { $0.kind != .endOfText }
        for token in tokens {
            let isAtCursor = Int(token.range.upper) == end && CompletionContext.canGrow(token.kind)
            if isAtCursor, isUnfinished(token, script.source) {
                typed = token
                break
            }
            take(token, script.source)
        }
        if typed == nil, let gap = tokens.last, isComment(Int(gap.range.upper), script.source) {
            frames = [Frame(place: .nothing, start: end)]
        } else if tokens.isEmpty, isComment(0, script.source) {
            frames = [Frame(place: .nothing, start: end)]
        }
        place = frames[frames.count - 1].resolved
    }

    private static func canGrow(_ kind: TokenKind) -> Bool {
        switch kind {
        case .word, .identifier, .number, .quotedText, .literalText, .variable, .unknown: true
        default: false
        }
    }

    /// A text that has its closing quote is over.
    private func isUnfinished(_ token: Token, _ source: SourceText) -> Bool {
        switch token.kind {
        case .quotedText, .literalText:
            let text = source.text(in: token.range)
            let quote: Character = token.kind == .quotedText ? "\"" : "'"
            return text.filter { $0 == quote }.count % 2 == 1
        case .unknown: return source.text(in: token.range) == "$"
        default: return true
        }
    }

    /// Whether the gap at the end of the text is a comment.
    private func isComment(_ start: Int, _ source: SourceText) -> Bool {
        let gap = source.bytes[start...]
        guard
            let line = gap.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .last
        else { return false }
        let text = line.drop { $0 == 0x20 || $0 == 0x09 }
        return text.first == UInt8(ascii: "#") || text.starts(with: [0x2F, 0x2F])
    }

    // MARK: - Tokens

    private mutating func take(_ token: Token, _ source: SourceText) {
        let start = Int(token.range.upper)
        switch token.kind {
        case .lineEnd, .semicolon:
            frames = [Frame(place: .statement, start: start)]
            return
        case .leftParenthesis:
            // The arguments of a call are no commands.
            let isCall = !token.followsGap && frames[frames.count - 1].last == .identifier
            push(isCall ? .expression(isOperandDue: true, following: []) : .value, start)
        case .leftBracket: push(.expression(isOperandDue: true, following: []), start)
        case .leftBrace: push(.nothing, start)
        case .rightParenthesis, .rightBracket, .rightBrace:
            if frames.count > 1 { frames.removeLast() }
            note(token)
        case .comma where frames.count > 1 && frames[frames.count - 1].isCommandlessValue:
            // Another argument.
            frames[frames.count - 1].count = 0
            frames[frames.count - 1].start = start
        case .colon:
            frames[frames.count - 1].place = .expression(isOperandDue: true, following: [])
            note(token)
        default:
            if let keyword = token.keyword {
                take(keyword, token)
            } else {
                takeWord(token, source)
            }
        }
    }

    private mutating func push(_ place: Place, _ start: Int) {
        note(.leftParenthesis)
        frames.append(Frame(place: place, start: start))
    }

    private mutating func note(_ token: Token) { note(token.kind) }

    private mutating func note(_ kind: TokenKind) {
        frames[frames.count - 1].count += 1
        frames[frames.count - 1].last = kind
    }

    private mutating func take(_ keyword: Keyword, _ token: Token) {
        let start = Int(token.range.upper)
        switch keyword {
        case .if, .while, .for, .forEach, .procedure, .try: blocks.append(keyword)
        case .end: _ = blocks.popLast()
        case .catch: replaceBlock(.catch)
        case .else: replaceBlock(.else)
        default: break
        }
        switch keyword {
        case .then, .do, .else, .end, .try: frames = [Frame(place: .statement, start: start)]
        case .if, .elseIf, .while, .write, .return, .exit, .wait:
            frames = [
                Frame(
                    place: .expression(isOperandDue: true, following: []), start: start,
                    opener: keyword)
            ]
        case .for, .forEach, .procedure, .catch, .break, .continue, .rem:
            frames = [Frame(place: .nothing, start: start, opener: keyword)]
        case .include: frames = [Frame(place: .file, start: start)]
        case .set: frames = [Frame(place: .keywords([.option]), start: start)]
        case .option: frames = [Frame(place: .option(words: []), start: start)]
        case .true, .false, .nothing, .error: note(.identifier)
        case .and, .or, .not, .like: note(.plus)
        case .in where frames[0].opener == .forEach, .to, .step:
            frames[frames.count - 1].place = .expression(isOperandDue: true, following: [])
            frames[frames.count - 1].hasDirection = true
            note(.plus)
        case .in: note(.plus)
        }
    }

    private mutating func replaceBlock(_ keyword: Keyword) {
        if !blocks.isEmpty { blocks[blocks.count - 1] = keyword }
    }

    /// A name directly before `(` is called.
    private func startsCommand(_ token: Token, _ frame: Frame, _ source: SourceText) -> Bool {
        let end = Int(token.range.upper)
        guard frame.count == 0, token.kind == .word || token.kind == .identifier else {
            return false
        }
        return end >= source.bytes.count || source.bytes[end] != UInt8(ascii: "(")
    }

    private mutating func takeWord(_ token: Token, _ source: SourceText) {
        let index = frames.count - 1
        switch frames[index].place {
        case .statement where startsCommand(token, frames[index], source),
            .value where startsCommand(token, frames[index], source):
            frames[index].place = .command(start: Int(token.range.lower))
        case .statement where token.kind == .equals:
            // `$x = …`
            frames[index] = Frame(place: .value, start: Int(token.range.upper))
            return
        case .value:
            frames[index].place = .expression(isOperandDue: true, following: [])
        case .nothing where frames[index].opener == .for && token.kind == .equals:
            frames[index].place = .expression(isOperandDue: true, following: [])
        case .option(let words):
            frames[index].place = .option(words: words + [source.text(in: token.range)])
        default: break
        }
        note(token)
    }
}

extension CompletionContext.Frame {
    /// Brackets that hold values, apart by commas.
    fileprivate var isCommandlessValue: Bool {
        switch place {
        case .value, .expression: true
        default: false
        }
    }

    private var isOperandDue: Bool {
        switch last {
        case nil: true
        case .word?, .identifier?, .number?, .quotedText?, .literalText?, .variable?,
            .rightParenthesis?, .rightBracket?, .rightBrace?, .leftParenthesis?:
            false
        default: true
        }
    }

    fileprivate var resolved: CompletionContext.Place {
        switch place {
        case .expression:
            let following: [Keyword] =
                switch opener {
                case .if?, .elseIf?: [.then]
                case .while?, .forEach?: [.do]
                case .for?: hasDirection ? [.step, .do] : [.to]
                default: []
                }
            return .expression(isOperandDue: isOperandDue, following: following)
        case .nothing where opener == .forEach && count > 0: return .keywords([.in])
        case .statement where count > 0: return .nothing
        case .value where count > 0: return .expression(isOperandDue: false, following: [])
        case .file where count > 0: return .nothing
        default: return place
        }
    }
}
