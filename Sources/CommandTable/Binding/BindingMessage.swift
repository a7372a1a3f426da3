import DTCLSyntax

/// The messages about command lines that do not fit: what was got, what was expected, what was
/// probably meant.
enum BindingMessage {
    /// The ids of the messages, sorted, and what they say.
    static let meanings = [
        ("argument-missing", "the line ends where something must follow"),
        ("argument-unexpected", "a word is not what may stand at its place"),
        ("command-incomplete", "the line holds the beginning of a command's words"),
        ("command-unavailable", "a warning: the command does nothing in this version but fail"),
        ("command-unknown", "no command begins with the words"),
        ("option-contradicts", "an option is given twice, or two that exclude each other"),
    ]

    /// More alternatives than this are counted instead of named.
    private static let alternativesMax = 12

    static func mismatch(
        at place: Int, in words: [Word], _ range: SourceRange, _ expectations: [Expectation],
        usage: String, isFirst: Bool
    ) -> Diagnostic {
        var notes = [Diagnostic.Note(message: "usage: \(usage)")]
        for case .other(let given) in expectations {
            return Diagnostic(
                id: "option-contradicts", range: self.place(of: place, in: words, range),
                message: "got '\(given)', which is given already or contradicts what is",
                notes: notes)
        }
        var keywords: [CommandWord] = []
        for case .word(let word) in expectations { keywords.append(word) }
        if place < words.count {
            var hints = hints(about: words[place], keywords)
            if hints.isEmpty, !isFirst {
                hints = quoteHints(at: place, in: words, expectations, usage)
            }
            notes = hints + notes
        }
        var expected = alternatives(expectations.map(describe))
        if place < words.count, expectations.contains(where: \.isName),
            let text = words[place].staticText
        {
            let wrong = ValueKind.charactersNotInNames.filter { text.contains($0) }
            if !wrong.isEmpty { expected += " without '\(wrong.map(String.init).joined())'" }
        }
        return Diagnostic(
            id: place < words.count ? "argument-unexpected" : "argument-missing",
            range: self.place(of: place, in: words, range),
            message: "\(got(place, in: words)), expected \(expected)", notes: notes)
    }

    /// The line is right; running it would fail.
    static func unavailable(
        _ declaration: CommandDeclaration, _ words: some Collection<Word>
    ) -> Diagnostic {
        var range = SourceRange(0, 0)
        for (index, word) in words.enumerated() {
            range = index == 0 ? word.range : range.union(word.range)
        }
        return Diagnostic(
            id: "command-unavailable", severity: .warning, range: range,
            message: declaration.unavailableMessage)
    }

    /// A command's first word that was typed as several.
    static func glued(_ meant: CommandMeant, _ words: [Word]) -> Diagnostic {
        Diagnostic(
            id: "command-unknown", range: words[0].range.union(words[meant.count - 1].range),
            message: "\(got(0, meant.count, in: words)), expected a command",
            notes: [Diagnostic.Note(message: "did you mean '\(meant.name)'?")])
    }

    /// - Parameter count: of words from the place on.
    static func got(_ place: Int, _ count: Int = 1, in words: [Word]) -> String {
        guard place < words.count else { return "the command ends too early" }
        let text = words[place...].prefix(count).map(\.raw).joined(separator: " ")
        return words[place].isQuoted ? "got \(text)" : "got '\(text)'"
    }

    /// The word, or the last character of a line that ends too early.
    static func place(of index: Int, in words: [Word], _ range: SourceRange) -> SourceRange {
        if index < words.count { return words[index].range }
        let end = words.last?.range.upper ?? range.upper
        return SourceRange(end, end + 1)
    }

    /// What was probably meant instead of a word, or what is odd about it.
    static func hints(about word: Word, _ keywords: [CommandWord]) -> [Diagnostic.Note] {
        if let suggestion = WordConfusions.suggestion(for: word, among: keywords) {
            return [Diagnostic.Note(message: "did you mean '\(suggestion)'?")]
        }
        let longer = WordConfusions.lengthened(word, among: keywords)
        if !longer.isEmpty {
            let list = alternatives(longer.map { "'\($0)'" })
            return [Diagnostic.Note(message: "'\(word.raw)' is too short for \(list)")]
        }
        guard !keywords.isEmpty else { return [] }
        if word.isQuoted, let text = word.staticText,
            keywords.contains(where: { $0.match(text) != .none })
        {
            return [Diagnostic.Note(message: "a word in quotes is data; leave the quotes out")]
        }
        if case .variable = word.kind {
            return [Diagnostic.Note(message: "a variable is data, never a word of a command")]
        }
        return []
    }

    /// A statement of the language whose first word was misspelt looks like a command.
    static func statementHint(_ word: Word) -> [Diagnostic.Note] {
        let names = LanguageReference.statements.map(\.name).filter { $0.allSatisfy(\.isLetter) }
        guard word.isKeywordCandidate, let name = NearestName.nearest(to: word.raw, among: names)
        else { return [] }
        return [Diagnostic.Note(message: "did you mean '\(name)'?")]
    }

    /// Data of several words without quotes, and signs that do not belong there.
    private static func quoteHints(
        at place: Int, in words: [Word], _ expectations: [Expectation], _ usage: String
    ) -> [Diagnostic.Note] {
        if case .equals = words[place].kind, !expectations.contains(.sign(.equals)) {
            return [Diagnostic.Note(message: "there is no '=' here")]
        }
        let endsThere = expectations.contains(.end)
        guard endsThere, place > 0, words[place].isKeywordCandidate,
            words[place - 1].kind == .bare, !words[place - 1].raw.isEmpty
        else { return [] }
        // A word of the command before it is no data.
        let keyword = words[place - 1].raw.uppercased()
        guard !usage.split(whereSeparator: { !$0.isLetter }).contains(where: { $0 == keyword })
        else { return [] }
        let both = words[place - 1].raw + " " + words[place].raw
        return [Diagnostic.Note(message: "data of several words needs quotes: \"\(both)\"")]
    }

    static func alternatives(_ texts: [String]) -> String {
        guard texts.count <= alternativesMax else {
            let rest = texts.count - alternativesMax
            return texts.prefix(alternativesMax).joined(separator: ", ") + " or one of \(rest) more"
        }
        guard let last = texts.last, texts.count > 1 else { return texts.first ?? "nothing" }
        return texts.dropLast().joined(separator: ", ") + " or " + last
    }

    private static func describe(_ expectation: Expectation) -> String {
        switch expectation {
        case .word(let word): "'\(word.text)'"
        case .sign(let sign): "'\(sign.rawValue)'"
        case .value(let kind, let shown):
            switch kind {
            case .name, .text, .machine, .file:
                shown == "name" || shown == "machine"
                    ? kind.description : "\(kind.description) (\(shown))"
            default: kind.description
            }
        case .end: "the end of the command"
        case .other: "another option"
        }
    }
}

extension Expectation {
    fileprivate var isName: Bool {
        switch self {
        case .value(.name, _), .value(.existing, _): true
        default: false
        }
    }
}

extension CommandTable {
    /// The ids of all diagnostics of `bind`, sorted, and what they mean.
    public static var messages: [(id: String, meaning: String)] {
        BindingMessage.meanings.map { (id: $0.0, meaning: $0.1) }
    }
}
