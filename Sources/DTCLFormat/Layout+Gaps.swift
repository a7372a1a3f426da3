import DTCLSyntax

// What stands between tokens: comments, remarks and line breaks inside a statement.
extension Layout {
    /// Writes the comments before the end of a line or of the text: behind what stands on the line,
    /// or on lines of their own. Whether there were any.
    @discardableResult
    mutating func writeComments(before token: Token) -> Bool {
        guard token.followsGap else { return false }
        var hasComment = false
        var place = state.end
        while place < token.lower {
            guard startsComment(bytes[place]) else {
                if bytes[place] == UInt8(ascii: "\n") { state.lineHasContent = false }
                place += 1
                continue
            }
            let end = lineEnd(place, token.lower)
            if state.lineHasContent {
                write("  ")
            } else {
                endStatement()
                beginLine()
            }
            write(place..<trimmedEnd(place, end))
            state.isBreakDue = true
            hasComment = true
            place = end
        }
        return hasComment
    }

    private func lineEnd(_ lower: Int, _ upper: Int) -> Int {
        var end = lower
        while end < upper, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        return end
    }

    private func startsComment(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "#") || byte == UInt8(ascii: "/")
    }

    private func trimmedEnd(_ lower: Int, _ upper: Int) -> Int {
        var end = upper
        while end > lower, isBlank(bytes[end - 1]) { end -= 1 }
        return end
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private func hasComment(_ lower: Int, _ upper: Int) -> Bool {
        bytes[lower..<upper].contains { startsComment($0) }
    }

    func hasLineBreak(_ lower: Int, _ upper: Int) -> Bool {
        var place = lower
        while place < upper {
            if bytes[place] == UInt8(ascii: "\n") { return true }
            place += 1
        }
        return false
    }

    /// REM and the rest of its line, as it is. The text is no token but the gap that follows.
    mutating func placeRemark(_ token: Token) {
        begin(token)
        guard state.index < tokens.count else { return }
        let lower = token.upper
        let upper = tokens[state.index].lower
        write(lower..<trimmedEnd(lower, upper))
        state.end = upper
        state.previous = nil
    }

    // MARK: Continued lines

    /// A statement goes on after a line break of the text, which is kept, and its comments too.
    mutating func continueLine(_ token: Token) {
        // At the end of a line this word would be no word any more.
        let isBackslash = state.previous.map(isLoneBackslash) ?? false
        if isBackslash, !hasComment(state.end, token.lower) {
            writeSpaced(token)
            return
        }
        if state.bracketLevels.isEmpty, state.previous?.kind != .comma { write(" \\") }
        let outer = state.bracketLevels.last ?? state.level
        let base = token.kind.closesBracket ? outer : outer + 1
        var isFirstLine = true
        var isFirstComment = true
        var place = state.end
        while place < token.lower {
            if startsComment(bytes[place]) {
                let end = lineEnd(place, token.lower)
                if isFirstLine || (isFirstComment && isBackslash) {
                    write("  ")
                } else {
                    output.append(UInt8(ascii: "\n"))
                    indent(outer + 1)
                }
                write(place..<trimmedEnd(place, end))
                place = end
                isFirstComment = false
            }
            if bytes[place] == UInt8(ascii: "\n") { isFirstLine = false }
            place += 1
        }
        output.append(UInt8(ascii: "\n"))
        state.lineLevel = base
        indent(base)
        noteSign(token)
        write(token)
    }

    // MARK: Blocks on one line

    /// Writes a block that stands on one line of the text on one line again, unless that is too
    /// long. The token at hand is its first.
    mutating func keepsOnOneLine() -> Bool {
        let first = state.index - 1
        guard let last = endOnSameLine(first) else { return false }
        let before = state
        let start = output.count
        beginLine()
        let lineStart = output.count - state.level * Layout.indentation
        write(tokens[first])
        for place in (first + 1)...last {
            let token = tokens[place]
            if token.kind != .semicolon {
                writeSpaced(token)
            } else if keepsSemicolon(place) {
                write(";")
                state.previous = token
            }
            if output.count - lineStart > Layout.columnsMax {
                output.removeSubrange(start...)
                state = before
                return false
            }
        }
        state.index = last + 1
        state.end = tokens[last].upper
        endStatement()
        return true
    }

    /// The END of a block, when no line ends before it.
    private func endOnSameLine(_ first: Int) -> Int? {
        var depth = 1
        var end = tokens[first].upper
        for place in (first + 1)..<min(tokens.count, first + Layout.columnsMax) {
            let token = tokens[place]
            if token.kind == .lineEnd || token.kind == .endOfText { return nil }
            if token.followsGap, hasLineBreak(end, token.lower) { return nil }
            end = token.upper
            guard let word = token.keyword else { continue }
            if word.opensBlock { depth += 1 }
            if word == .end { depth -= 1 }
            if depth == 0 { return place }
        }
        return nil
    }

    /// Between two statements, and after CATCH, where a variable could be taken for the error's.
    private func keepsSemicolon(_ place: Int) -> Bool {
        guard let previous = state.previous, previous.kind != .semicolon else { return false }
        if previous.keyword == .catch { return true }
        if previous.kind == .variable, place > 1, tokens[place - 2].keyword == .catch {
            return true
        }
        switch previous.keyword {
        case .then, .do, .else, .try: return false
        default: break
        }
        var next = place + 1
        while tokens[next].kind == .semicolon { next += 1 }
        return tokens[next].keyword?.isBlockWord != true
    }
}
