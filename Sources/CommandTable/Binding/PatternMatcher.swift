import CommandModel
import DTCLSyntax

/// What could have stood at a place.
enum Expectation: Hashable {
    case word(CommandWord)
    case sign(Pattern.Sign)
    case value(ValueKind, shown: String)
    case end
    /// The option at this place is already given or contradicts one that is.
    case other(than: String)
}

/// Where a match stands and what it has found.
struct MatchState {
    /// Index of the next word.
    var position: Int
    var arguments: [BoundArgument] = []
    var treatments: [Int: ValueKind.Treatment] = [:]
}

/// Fits the words of a line to a pattern: alternatives in order, the first that fits is kept. It
/// remembers the furthest word that nothing fitted and what could have stood there; that is what
/// messages and completion are made of.
struct PatternMatcher {
    let words: [Word]
    /// Words before this index belong to the line; the rest (a PLAN) does not.
    let end: Int
    private(set) var furthest = 0
    private(set) var expectations: [Expectation] = []
    /// Treatments on the way to the furthest place, so that secrets stay secret in a wrong line.
    private(set) var furthestTreatments: [Int: ValueKind.Treatment] = [:]

    init(_ words: [Word], end: Int) {
        self.words = words
        self.end = end
    }

    /// The whole rest of the line from `state`, or nil.
    mutating func matchLine(_ pattern: Pattern, from state: MatchState) -> MatchState? {
        var state = state
        guard match(pattern, &state) else { return nil }
        guard state.position == end else {
            expect(.end, state)
            return nil
        }
        // Kept for completion: at the end of a finished line nothing more is needed.
        expect(.end, state)
        return state
    }

    /// Changes `state` only when the pattern fits.
    private mutating func match(_ pattern: Pattern, _ state: inout MatchState) -> Bool {
        switch pattern {
        case .word(let word): return matchWord(word, &state)
        case .setting(let word, let name, let value):
            guard matchWord(word, &state) else { return false }
            state.arguments.append(BoundArgument(name: name, content: .constant(value)))
            return true
        case .value(let name, let kind, let shown):
            return matchValue(name, kind, shown: shown, &state)
        case .sign(let sign): return matchSign(sign, &state)
        case .sequence(let parts): return matchSequence(parts, &state)
        case .optional(let part):
            _ = match(part, &state)
            return true
        case .choice(let parts):
            for part in parts where match(part, &state) { return true }
            return false
        case .options(let parts):
            matchOptions(parts, &state)
            return true
        case .list(let name, let part): return matchList(name, part, &state)
        case .rest(let name, _):
            var texts: [CommandValue] = []
            for index in state.position..<end {
                texts.append(.text(words[index].unfilledText))
                if words[index].isDynamic { state.treatments[index] = .raw }
            }
            state.position = end
            state.arguments.append(BoundArgument(name: name, content: .constant(.list(texts))))
            return true
        }
    }

    private mutating func expect(_ expectation: Expectation, _ state: MatchState) {
        if state.position > furthest {
            furthest = state.position
            expectations = []
            furthestTreatments = [:]
        }
        guard state.position == furthest else { return }
        furthestTreatments.merge(state.treatments) { old, _ in old }
        if !expectations.contains(expectation) { expectations.append(expectation) }
    }

    private func word(at position: Int) -> Word? { position < end ? words[position] : nil }

    private mutating func matchWord(_ word: CommandWord, _ state: inout MatchState) -> Bool {
        guard let typed = self.word(at: state.position), typed.isKeywordCandidate,
            word.match(typed.raw) != .none
        else {
            expect(.word(word), state)
            return false
        }
        state.position += 1
        return true
    }

    private mutating func matchSign(_ sign: Pattern.Sign, _ state: inout MatchState) -> Bool {
        let isThere =
            switch (sign, word(at: state.position)?.kind) {
            case (.comma, .comma), (.equals, .equals), (.greater, .greater), (.less, .less): true
            default: false
            }
        guard isThere else {
            expect(.sign(sign), state)
            return false
        }
        state.position += 1
        return true
    }

    private mutating func matchSequence(_ parts: [Pattern], _ state: inout MatchState) -> Bool {
        guard let part = parts.first else { return true }
        let rest = Array(parts.dropFirst())
        var attempt = state
        guard match(part, &attempt) else { return false }
        if matchSequence(rest, &attempt) {
            state = attempt
            return true
        }
        // `TDU ["file"] MAP …`: what was taken for the file may be the word after it.
        guard case .optional = part, attempt.position > state.position else { return false }
        return matchSequence(rest, &state)
    }

    private mutating func matchValue(
        _ name: String, _ kind: ValueKind, shown: String, _ state: inout MatchState
    ) -> Bool {
        guard let word = word(at: state.position),
            let content = kind.content(of: word, at: state.position)
        else {
            expect(.value(kind, shown: shown), state)
            return false
        }
        if let treatment = kind.treatment(of: word) { state.treatments[state.position] = treatment }
        state.position += 1
        var argument = BoundArgument(name: name, content: content)
        if kind == .duration { matchUnit(&argument, &state) }
        if argument.content != .constant(.none) { state.arguments.append(argument) }
        return true
    }

    /// `minutes` after a number without a unit of its own.
    private mutating func matchUnit(_ argument: inout BoundArgument, _ state: inout MatchState) {
        guard argument.content != .constant(.none) else { return }
        if case .number(let literal) = words[state.position - 1].kind, literal.unit != nil {
            return
        }
        guard let unit = word(at: state.position), unit.isKeywordCandidate,
            let factor = TimeUnit.seconds(unit.raw)
        else {
            for unit in TimeUnit.words { expect(.word(unit), state) }
            return
        }
        state.position += 1
        switch argument.content {
        case .constant(.decimal(let number)):
            argument.content = .constant(.decimal(number * factor))
        case .word(let index, let kind, _):
            argument.content = .word(index, kind, factor: factor)
        default: break
        }
    }

    private mutating func matchOptions(_ parts: [Pattern], _ state: inout MatchState) {
        var unused = Array(parts.indices)
        repeat {
            var found: Int?
            for (place, index) in unused.enumerated() where found == nil {
                if matchAfterComma(parts[index], &state) { found = place }
            }
            guard let found else { break }
            unused.remove(at: found)
        } while true
        var place = state
        if case .comma? = word(at: place.position)?.kind { place.position += 1 }
        guard let next = word(at: place.position) else { return }
        for index in parts.indices where !unused.contains(index) {
            // A part given already is looked for, and not offered.
            var probe = PatternMatcher(words, end: end)
            var repeated = place
            if probe.match(parts[index], &repeated) { expect(.other(than: next.raw), place) }
        }
    }

    private mutating func matchAfterComma(_ part: Pattern, _ state: inout MatchState) -> Bool {
        if match(part, &state) { return true }
        var attempt = state
        guard case .comma? = word(at: attempt.position)?.kind else { return false }
        attempt.position += 1
        guard match(part, &attempt) else { return false }
        state = attempt
        return true
    }

    private mutating func matchList(
        _ name: String, _ part: Pattern, _ state: inout MatchState
    ) -> Bool {
        let outer = state.arguments
        var elements: [[BoundArgument]] = []
        var attempt = state
        repeat {
            var next = attempt
            next.arguments = []
            if !elements.isEmpty, !matchSign(.comma, &next) { break }
            guard match(part, &next) else { break }
            elements.append(next.arguments)
            attempt = next
        } while true
        guard !elements.isEmpty else { return false }
        state = attempt
        state.arguments = outer + [BoundArgument(name: name, content: .list(elements))]
        return true
    }
}

/// Units of time as words.
enum TimeUnit {
    static let words: [CommandWord] = ["SECONDS", "MINUTES", "HOURS", "DAYS"]

    static func seconds(_ word: String) -> Double? {
        switch word.lowercased() {
        case "second", "seconds": 1
        case "minute", "minutes": 60
        case "hour", "hours": 3_600
        case "day", "days": 86_400
        default: nil
        }
    }
}
