public import DTCLSyntax

/// What could be typed next.
public enum CompletionCandidate: Sendable, Hashable {
    case word(String)
    /// Data of a kind; the caller may know names of sets, machines and connections.
    case value(ValueKind, shown: String)
}

extension CommandTable {
    /// - Parameters:
    ///   - words: the finished words before the cursor.
    ///   - prefix: what is typed of the next one.
    public func completions(after words: [Word], prefix: String = "") -> [CompletionCandidate] {
        let next = continuations(after: words)
        var found: [CompletionCandidate] = next.commands.map { .word($0.word.text) }
        for expectation in next.expectations {
            switch expectation {
            case .word(let word): found.append(.word(word.text))
            case .sign(let sign): found.append(.word(sign.rawValue))
            case .value(let kind, let shown): found.append(.value(kind, shown: shown))
            case .end, .other: break
            }
        }
        var seen: Set<CompletionCandidate> = []
        return found.filter { candidate in
            if case .word(let word) = candidate, !word.hasPrefix(prefix.uppercased()) {
                return false
            }
            return seen.insert(candidate).inserted
        }
    }

    struct Continuations {
        /// Command words that may follow, with what is said about them.
        var commands: [(word: CommandWord, detail: String)] = []
        /// What else may follow, without repetition.
        var expectations: [Expectation] = []
        /// Whether PLAN may be the next and last word.
        var takesPlan = false
    }

    /// What is not available is proposed only where nothing else is.
    func continuations(after words: [Word]) -> Continuations {
        let lookup = lookup(words)
        var next = Continuations()
        if lookup.count == words.count {
            next.commands = lookup.following.map { word in
                (word, summary(of: lookup, followedBy: word))
            }
        }
        let available = lookup.candidates.filter(\.declaration.isAvailable)
        for candidate in available.isEmpty ? lookup.candidates : available {
            var matcher = PatternMatcher(words, end: words.count)
            let start = MatchState(position: candidate.count)
            let isWhole = matcher.matchLine(candidate.declaration.pattern, from: start) != nil
            guard matcher.furthest == words.count else { continue }
            if isWhole, candidate.declaration.changes { next.takesPlan = true }
            for expectation in matcher.expectations where !next.expectations.contains(expectation) {
                next.expectations.append(expectation)
            }
        }
        return next
    }

    /// Of the command that the word completes; of a group, how many there are.
    private func summary(of lookup: CommandLookup, followedBy word: CommandWord) -> String {
        let below = declarations(below: lookup, word)
        let here = below.filter { $0.words.count == lookup.count + 1 }
        if let first = here.first(where: \.isAvailable) ?? here.first { return first.summary }
        var names: [String] = []
        for declaration in below where declaration.isAvailable {
            let name = declaration.words[lookup.count + 1].text
            if !names.contains(name) { names.append(name) }
        }
        return names.joined(separator: ", ")
    }
}

extension CompletionSearch {
    /// Command words, at the start of a command.
    func commandItems(before words: [Word]) -> [Item] {
        table.continuations(after: words).commands.flatMap { command in
            items(for: command.word, .command, command.detail)
        }
    }

    /// What may follow in a command that began at the byte.
    func continuation(from start: Int) -> [Item] {
        let end = context.typed.map { Int($0.range.lower) } ?? offset
        let words = words(from: start, to: end)
        // What stands behind the cursor is given already.
        let later = self.words(from: start, to: min(source.bytes.count, offset + laterBytesMax))
            .filter { start + Int($0.range.lower) >= offset }.map(\.raw)
        let next = table.continuations(after: words)
        var items = commandItems(before: words)
        for expectation in next.expectations {
            switch expectation {
            case .word(let word):
                guard !later.contains(where: { word.match($0) != .none }) else { continue }
                items += self.items(for: word, .option, "")
            case .sign(let sign) where sign != .comma:
                items.append(Item(kind: .option, text: sign.rawValue, detail: ""))
            case .value(let kind, let shown):
                items.append(
                    Item(
                        kind: .value, text: "", detail: "\(shown): \(kind.description)", value: kind
                    ))
            case .sign, .end, .other: break
            }
        }
        if next.takesPlan, later.isEmpty {
            items.append(
                Item(
                    kind: .option, text: "PLAN",
                    detail: "says what would be done, does nothing"))
        }
        return items
    }

    /// How far behind the cursor words of the same command are looked for.
    private var laterBytesMax: Int { 4_096 }

    private func words(from start: Int, to end: Int) -> [Word] {
        guard start < end else { return [] }
        return Script.parse(SourceText(bytes: Array(source.bytes[start..<end]), name: ""))
            .commands.first { $0.range.lower == 0 }?.words ?? []
    }

    /// Its first spelling, and another one when that is what is being typed.
    private func items(for word: CommandWord, _ kind: Item.Kind, _ detail: String) -> [Item] {
        let typed = context.typed.map { source.text(in: $0.range).uppercased() } ?? ""
        let spellings = ([word.text] + word.aliases).filter { $0.hasPrefix(typed) }.prefix(1)
        return spellings.map { Item(kind: kind, text: $0, detail: detail) }
    }
}
