import DTCLFormat
package import DTCLSyntax

/// What holds for the parser and the formatter, whatever bytes they are given. The answer is what
/// does not hold, in words, or nil.
package enum SyntaxCheck {
    package static func check(_ bytes: [UInt8]) -> String? {
        let source = SourceText(bytes: bytes, name: "fuzz")
        let script = Script.parse(source)
        if let problem = checkTokens(script) { return problem }
        for diagnostic in script.diagnostics {
            if Int(diagnostic.range.upper) > max(1, bytes.count) {
                return "the message '\(diagnostic.id)' lies outside the text"
            }
            if diagnostic.message.isEmpty || diagnostic.message.hasSuffix(".") {
                return "the message '\(diagnostic.id)' reads '\(diagnostic.message)'"
            }
        }
        return checkFormat(script)
    }

    // MARK: Tokens

    private static func checkTokens(_ script: Script) -> String? {
        let bytes = script.source.bytes
        var end = 0
        var isRemark = false
        for token in script.tokens {
            if token.lower < end {
                return "the token at \(token.lower) begins before the last ends"
            }
            if let place = badGap(bytes, end, token.lower, isRemark) {
                return "the gap before \(token.lower) holds more than blanks at \(place)"
            }
            isRemark = token.keyword == .rem
            end = token.upper
        }
        let isRefused = script.diagnostics.contains { $0.id == "text-invalid" }
        if end != bytes.count, !isRefused { return "the tokens end at \(end) of \(bytes.count)" }
        return nil
    }

    /// A gap holds blanks, comments, continued line ends and the text of a remark.
    private static func badGap(
        _ bytes: [UInt8], _ lower: Int, _ upper: Int, _ isRemark: Bool
    ) -> Int? {
        var isComment = isRemark
        var place = lower
        if lower == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
        while place < upper {
            let byte = bytes[place]
            if byte == 0x0A {
                isComment = false
            } else if byte == 0x23
                || (byte == 0x2F && place + 1 < upper && bytes[place + 1] == 0x2F)
            {
                isComment = true
            }
            let isBlank =
                byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A || byte == 0x5C
            if !isComment, !isBlank { return place }
            place += 1
        }
        return nil
    }

    // MARK: Layout

    /// The one layout of a text; nil when it has errors.
    package static func layout(of text: String) -> String? {
        ScriptFormatter.format(Script.parse(text)).map { String(decoding: $0, as: UTF8.self) }
    }

    package static func checkFormat(_ script: Script) -> String? {
        guard let laidOut = ScriptFormatter.format(script) else {
            return script.hasErrors ? nil : "a script without errors was not laid out"
        }
        if script.hasErrors { return "a script with errors was laid out" }
        let again = Script.parse(SourceText(bytes: laidOut, name: "fuzz"))
        if let problem = again.diagnostics.first(where: { $0.severity == .error }) {
            return "the layout brought about '\(problem.id)': \(problem.message)"
        }
        if ScriptFormatter.format(again) != laidOut { return "a second layout differs" }
        if !haveSameMeaning(script, again) { return "the layout changed the tree" }
        if comments(of: script) != comments(of: again) { return "the layout changed the comments" }
        return nil
    }

    private static func haveSameMeaning(_ left: Script, _ right: Script) -> Bool {
        TreeDump.dump(left.statements) == TreeDump.dump(right.statements)
            && words(of: left) == words(of: right)
    }

    /// Words of commands as typed, but for those that hold expressions.
    private static func words(of script: Script) -> [String] {
        script.commands.flatMap { command in
            command.words.compactMap { word in
                switch word.kind {
                case .variable, .joined, .parenthesised, .list, .record: nil
                default: word.raw
                }
            }
        }
    }

    private static func comments(of script: Script) -> [String] {
        var comments: [String] = []
        let bytes = script.source.bytes
        var end = 0
        var isRemark = false
        for token in script.tokens {
            var place = end
            while place < token.lower {
                let starts = bytes[place] == 0x23 || bytes[place] == 0x2F
                guard starts || (isRemark && place == end) else {
                    place += 1
                    continue
                }
                let lineEnd = bytes[place..<token.lower].firstIndex(of: 0x0A) ?? token.lower
                let text = String(decoding: bytes[place..<lineEnd], as: UTF8.self)
                let kept = text.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\r" }
                if !kept.isEmpty { comments.append(String(kept.reversed())) }
                place = lineEnd
            }
            isRemark = token.keyword == .rem
            end = token.upper
        }
        return comments
    }
}

extension Token {
    fileprivate var lower: Int { Int(range.lower) }
    fileprivate var upper: Int { Int(range.upper) }
}
