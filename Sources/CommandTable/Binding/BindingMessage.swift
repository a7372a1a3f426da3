import DTCLSyntax

/// The messages about command lines that do not fit: what was got, what was expected, what was
/// probably meant.
enum BindingMessage {
    /// The ids of the messages, sorted, and what they say.
    static let meanings = [
        ("argument-missing", "the line ends where something must follow"),
        ("argument-unexpected", "a word is not what may stand at its place"),
        ("command-incomplete", "the line holds the beginning of a command's words"),
        ("command-unknown", "no command begins with the words"),
        ("option-contradicts", "an option is given twice, or two that exclude each other"),
    ]

    /// More alternatives than this are counted instead of named.
    private static let alternativesMax = 12

    static func mismatch(
        at place: Int, in words: [Word], _ range: SourceRange, _ expectations: [Expectation],
        usage: String
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
        if place < words.count { notes = nearest(to: words[place], among: keywords) + notes }
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

    static func got(_ place: Int, in words: [Word]) -> String {
        guard place < words.count else { return "the command ends too early" }
        let word = words[place]
        return word.isQuoted ? "got \(word.raw)" : "got '\(word.raw)'"
    }

    /// The word, or the last character of a line that ends too early.
    static func place(of index: Int, in words: [Word], _ range: SourceRange) -> SourceRange {
        if index < words.count { return words[index].range }
        let end = words.last?.range.upper ?? range.upper
        return SourceRange(end, end + 1)
    }

    static func nearest(to word: Word, among keywords: [CommandWord]) -> [Diagnostic.Note] {
        guard word.isKeywordCandidate else { return [] }
        let spellings = keywords.flatMap { [$0.text] + $0.aliases }
        guard let nearest = NearestName.nearest(to: word.raw, among: spellings) else { return [] }
        return [Diagnostic.Note(message: "did you mean '\(nearest)'?")]
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
        if case .value(.name, _) = self { true } else { false }
    }
}

extension CommandTable {
    /// The ids of all diagnostics of `bind`, sorted, and what they mean.
    public static var messages: [(id: String, meaning: String)] {
        BindingMessage.meanings.map { (id: $0.0, meaning: $0.1) }
    }
}
