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
        let lookup = lookup(words)
        var found: [CompletionCandidate] = []
        if lookup.count == words.count {
            found = lookup.following.map { .word($0.text) }
        }
        for candidate in lookup.candidates {
            var matcher = PatternMatcher(words, end: words.count)
            let start = MatchState(position: candidate.count)
            _ = matcher.matchLine(candidate.declaration.pattern, from: start)
            guard matcher.furthest == words.count else { continue }
            for expectation in matcher.expectations {
                switch expectation {
                case .word(let word): found.append(.word(word.text))
                case .sign(let sign): found.append(.word(sign.rawValue))
                case .value(let kind, let shown): found.append(.value(kind, shown: shown))
                case .end, .other: break
                }
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
}
