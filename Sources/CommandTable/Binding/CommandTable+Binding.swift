public import DTCLSyntax

/// What became of a command line.
public struct Binding: Sendable {
    /// nil where there is an error.
    public var command: BoundCommand?
    /// Sorted by place; only warnings where there is a command. Behind a mistake whose correction
    /// is plain the rest of the line is looked at as well.
    public var diagnostics: [Diagnostic]
    /// What the interpreter must do with words; also for a wrong line, as far as it is understood.
    public var treatments: [Int: ValueKind.Treatment]
}

/// Why a line does not fit, and where.
struct BindingFailure {
    var diagnostic: Diagnostic
    /// Index of the word that is wrong; the number of words where one is missing.
    var place: Int
    var expectations: [Expectation]
    var treatments: [Int: ValueKind.Treatment]
    /// The words of a command that several words from the first on probably mean.
    var meant: CommandMeant?
}

extension CommandTable {
    /// Mistakes told of one line at most.
    static let diagnosticsMax = 5

    /// Recognises a line and checks its words, options and kinds of arguments.
    public func bind(_ line: CommandWords) -> Binding {
        bind(line.words, range: line.range)
    }

    /// - Parameter range: of the whole line, for messages about its end.
    public func bind(_ words: [Word], range: SourceRange) -> Binding {
        var failure: BindingFailure
        switch attempt(words, range) {
        case .success(let binding): return binding
        case .failure(let first): failure = first
        }
        var binding = Binding(
            command: nil, diagnostics: [failure.diagnostic], treatments: failure.treatments)
        var repair = LineRepair(words)
        while binding.diagnostics.count < CommandTable.diagnosticsMax, repair.repair(failure) {
            let place = repair.place
            let next = attempt(repair.words, range)
            let treatments =
                switch next {
                case .success(let bound): bound.treatments
                case .failure(let next): next.treatments
                }
            // A secret stays one in a line with a mistake before it.
            for (index, treatment) in treatments {
                if let origin = repair.origins[index] { binding.treatments[origin] = treatment }
            }
            guard case .failure(let following) = next, following.place > place,
                following.diagnostic.range.lower > failure.diagnostic.range.lower
            else { break }
            binding.diagnostics.append(following.diagnostic)
            failure = following
        }
        return binding
    }

    private func attempt(
        _ words: [Word], _ range: SourceRange
    ) -> Result<Binding, BindingFailure> {
        let lookup = lookup(words)
        guard !lookup.candidates.isEmpty else { return .failure(unknown(words, lookup, range)) }
        var failures: [(declaration: CommandDeclaration, matcher: PatternMatcher)] = []
        for candidate in lookup.candidates {
            var plain = PatternMatcher(words, end: words.count)
            let start = MatchState(position: candidate.count)
            if candidate.declaration.changes, let plan = withoutPlan(words, after: candidate.count)
            {
                var matcher = PatternMatcher(words, end: plan)
                if let state = matcher.matchLine(candidate.declaration.pattern, from: start) {
                    return .success(Binding(candidate, state, isPlan: true, words))
                }
            }
            if let state = plain.matchLine(candidate.declaration.pattern, from: start) {
                return .success(Binding(candidate, state, isPlan: false, words))
            }
            failures.append((candidate.declaration, plain))
        }
        return .failure(failed(words, lookup, failures, range))
    }

    private func withoutPlan(_ words: [Word], after count: Int) -> Int? {
        guard words.count > count, let last = words.last, last.isKeywordCandidate,
            last.raw.uppercased() == "PLAN"
        else { return nil }
        return words.count - 1
    }

    private func unknown(
        _ words: [Word], _ lookup: CommandLookup, _ range: SourceRange
    ) -> BindingFailure {
        var place = BindingMessage.place(of: lookup.count, in: words, range)
        let known = words.prefix(lookup.count).map { $0.raw.uppercased() }.joined(separator: " ")
        let expected =
            lookup.count == 0
            ? "a command"
            : BindingMessage.alternatives(lookup.following.map { "'\($0.text)'" })
                + " after '\(known)'"
        var notes: [Diagnostic.Note] = []
        let meant = lookup.count == 0 ? commandMeant(by: words) : nil
        if let meant {
            notes = [Diagnostic.Note(message: "did you mean '\(meant.name)'?")]
            place = place.union(words[meant.count - 1].range)
        } else if lookup.count < words.count {
            notes = BindingMessage.hints(about: words[lookup.count], lookup.following)
            if notes.isEmpty, lookup.count == 0 { notes = BindingMessage.statementHint(words[0]) }
        }
        let got = BindingMessage.got(lookup.count, meant?.count ?? 1, in: words)
        let diagnostic = Diagnostic(
            id: lookup.count < words.count ? "command-unknown" : "command-incomplete",
            range: place, message: "\(got), expected \(expected)", notes: notes)
        return BindingFailure(
            diagnostic: diagnostic, place: lookup.count,
            expectations: lookup.following.map { .word($0) }, treatments: [:], meant: meant)
    }

    /// Speaks of the declaration that understood most of the line; of those that understood as
    /// much, of one that is available.
    private func failed(
        _ words: [Word], _ lookup: CommandLookup,
        _ failures: [(declaration: CommandDeclaration, matcher: PatternMatcher)],
        _ range: SourceRange
    ) -> BindingFailure {
        var best = failures[0]
        for failure in failures {
            let isFurther = failure.matcher.furthest > best.matcher.furthest
            let isAsFar = failure.matcher.furthest == best.matcher.furthest
            if isFurther
                || isAsFar && failure.declaration.isAvailable && !best.declaration.isAvailable
            {
                best = failure
            }
        }
        let place = max(best.matcher.furthest, lookup.count)
        var expectations = best.matcher.furthest >= place ? best.matcher.expectations : [.end]
        if place == lookup.count, !lookup.following.isEmpty {
            expectations = lookup.following.map { .word($0) } + expectations
        }
        var diagnostic = BindingMessage.mismatch(
            at: place, in: words, range, expectations, usage: best.declaration.usage,
            isFirst: place == lookup.count)
        // `log in alpha`: LOG is a command, and nothing of the rest belongs to it.
        let glued = place == lookup.count && place == 1 ? commandGlued(from: words) : nil
        if let glued { diagnostic = BindingMessage.glued(glued, words) }
        return BindingFailure(
            diagnostic: diagnostic, place: place, expectations: expectations,
            treatments: best.matcher.furthestTreatments, meant: glued)
    }
}

extension BindingFailure: Error {}

extension Binding {
    fileprivate init(
        _ candidate: (declaration: CommandDeclaration, count: Int), _ state: MatchState,
        isPlan: Bool, _ words: [Word]
    ) {
        let declaration = candidate.declaration
        command = BoundCommand(
            declaration: declaration, isPlan: isPlan, treatments: state.treatments,
            arguments: state.arguments)
        diagnostics =
            declaration.isAvailable
            ? [] : [BindingMessage.unavailable(declaration, words.prefix(candidate.count))]
        treatments = state.treatments
    }
}
