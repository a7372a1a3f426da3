public import DTCLSyntax

/// What became of a command line.
public struct Binding: Sendable {
    /// nil where there is an error.
    public var command: BoundCommand?
    public var diagnostics: [Diagnostic]
    /// What the interpreter must do with words; also for a wrong line, as far as it is understood.
    public var treatments: [Int: ValueKind.Treatment]
}

extension CommandTable {
    /// Recognises a line and checks its words, options and kinds of arguments.
    public func bind(_ line: CommandWords) -> Binding {
        bind(line.words, range: line.range)
    }

    /// - Parameter range: of the whole line, for messages about its end.
    public func bind(_ words: [Word], range: SourceRange) -> Binding {
        let lookup = lookup(words)
        guard !lookup.candidates.isEmpty else { return unknown(words, lookup, range) }
        var failures: [(declaration: CommandDeclaration, matcher: PatternMatcher)] = []
        for candidate in lookup.candidates {
            var plain = PatternMatcher(words, end: words.count)
            let start = MatchState(position: candidate.count)
            if candidate.declaration.changes, let plan = withoutPlan(words, after: candidate.count)
            {
                var matcher = PatternMatcher(words, end: plan)
                if let state = matcher.matchLine(candidate.declaration.pattern, from: start) {
                    return Binding(candidate.declaration, state, isPlan: true)
                }
            }
            if let state = plain.matchLine(candidate.declaration.pattern, from: start) {
                return Binding(candidate.declaration, state, isPlan: false)
            }
            failures.append((candidate.declaration, plain))
        }
        return failed(words, lookup, failures, range)
    }

    private func withoutPlan(_ words: [Word], after count: Int) -> Int? {
        guard words.count > count, let last = words.last, last.isKeywordCandidate,
            last.raw.uppercased() == "PLAN"
        else { return nil }
        return words.count - 1
    }

    private func unknown(
        _ words: [Word], _ lookup: CommandLookup, _ range: SourceRange
    ) -> Binding {
        let place = BindingMessage.place(of: lookup.count, in: words, range)
        let known = words.prefix(lookup.count).map { $0.raw.uppercased() }.joined(separator: " ")
        let expected =
            lookup.count == 0
            ? "a command"
            : BindingMessage.alternatives(lookup.following.map { "'\($0.text)'" })
                + " after '\(known)'"
        let got = BindingMessage.got(lookup.count, in: words)
        var notes: [Diagnostic.Note] = []
        if lookup.count < words.count {
            notes = BindingMessage.nearest(to: words[lookup.count], among: lookup.following)
        }
        let diagnostic = Diagnostic(
            id: lookup.count < words.count ? "command-unknown" : "command-incomplete",
            range: place, message: "\(got), expected \(expected)", notes: notes)
        return Binding(command: nil, diagnostics: [diagnostic], treatments: [:])
    }

    /// Speaks of the declaration that understood most of the line.
    private func failed(
        _ words: [Word], _ lookup: CommandLookup,
        _ failures: [(declaration: CommandDeclaration, matcher: PatternMatcher)],
        _ range: SourceRange
    ) -> Binding {
        var best = failures[0]
        for failure in failures where failure.matcher.furthest > best.matcher.furthest {
            best = failure
        }
        let place = max(best.matcher.furthest, lookup.count)
        var expectations = best.matcher.furthest >= place ? best.matcher.expectations : [.end]
        if place == lookup.count, !lookup.following.isEmpty {
            expectations = lookup.following.map { .word($0) } + expectations
        }
        let diagnostic = BindingMessage.mismatch(
            at: place, in: words, range, expectations, usage: best.declaration.usage)
        return Binding(
            command: nil, diagnostics: [diagnostic], treatments: best.matcher.furthestTreatments)
    }
}

extension Binding {
    fileprivate init(_ declaration: CommandDeclaration, _ state: MatchState, isPlan: Bool) {
        command = BoundCommand(
            declaration: declaration, isPlan: isPlan, treatments: state.treatments,
            arguments: state.arguments)
        diagnostics = []
        treatments = state.treatments
    }
}
