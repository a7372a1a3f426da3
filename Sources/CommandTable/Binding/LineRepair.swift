import DTCLSyntax

/// A line in which a mistake is put right as it was probably meant, so that the next one can be
/// found. Nobody runs what comes of it.
struct LineRepair {
    private(set) var words: [Word]
    /// For each word its index in the line as typed; nil for one that was put in.
    private(set) var origins: [Int?]
    /// The word that was put right last.
    private(set) var place = 0

    init(_ words: [Word]) {
        self.words = words
        origins = Array(words.indices)
    }

    /// - Returns: whether it is plain enough what was meant.
    mutating func repair(_ failure: BindingFailure) -> Bool {
        place = failure.place
        if let meant = failure.meant {
            replace(0..<meant.count, with: meant.words)
            place = meant.words.count - 1
            return true
        }
        guard place < words.count else { return false }
        let word = words[place]
        var keywords: [CommandWord] = []
        for case .word(let keyword) in failure.expectations { keywords.append(keyword) }
        if let near = WordConfusions.suggestion(for: word, among: keywords) {
            replace(place..<(place + 1), with: [near])
            return true
        }
        if let text = word.staticText, word.isQuoted,
            let keyword = keywords.first(where: { $0.match(text) != .none })
        {
            replace(place..<(place + 1), with: [keyword.text])
            return true
        }
        let takesValue = failure.expectations.contains {
            if case .value = $0 { true } else { false }
        }
        switch word.kind {
        case .comma, .equals, .less, .greater: return false
        default: break
        }
        if takesValue {
            // Any kind takes what is known only when the script runs.
            words[place].kind = .joined([])
            return true
        }
        guard failure.expectations.count == 1, keywords.count == 1, word.isKeywordCandidate
        else { return false }
        insert(keywords[0].text)
        return true
    }

    private mutating func replace(_ range: Range<Int>, with texts: [String]) {
        let first = words[range.lowerBound]
        var new: [Word] = []
        for (index, text) in texts.enumerated() {
            var word = index < range.count ? words[range.lowerBound + index] : first
            word.kind = .bare
            word.raw = text
            new.append(word)
        }
        words.replaceSubrange(range, with: new)
        origins.replaceSubrange(
            range,
            with: new.indices.map { index in
                index < range.count ? origins[range.lowerBound + index] : nil
            })
    }

    /// Before the word at the place, which may be right there.
    private mutating func insert(_ text: String) {
        var word = words[place]
        word.kind = .bare
        word.raw = text
        word.range.upper = word.range.lower
        words.insert(word, at: place)
        origins.insert(nil, at: place)
    }
}
