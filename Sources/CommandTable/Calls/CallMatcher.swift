import CommandModel
import DTCLSyntax

/// Why a call does not fit a declaration.
struct CallFailure: Error {
    /// Continues `'repset.create' …`.
    var message: String
    /// How many arguments had fitted before; the failure that came furthest is told.
    var given: Int
}

/// Where a match stands and what it has found.
struct CallState {
    /// Index of the next positional argument.
    var position = 0
    /// Names that were taken.
    var used: Set<String> = []
    var arguments: CommandRecord = [:]
    /// Arguments taken so far, named or not.
    var given: Int { position + used.count }
}

/// Fits the arguments of a call to a declaration's pattern. Words of the pattern need not be given;
/// an option or alternative counts when an argument of the call belongs to it.
struct CallMatcher {
    private let declaration: CommandDeclaration
    private let positional: [CommandValue]
    private let named: CommandRecord
    let isPlan: Bool
    private var failure = CallFailure(message: "cannot be called so", given: -1)

    init(_ declaration: CommandDeclaration, positional: [CommandValue], named: CommandRecord) {
        self.declaration = declaration
        self.positional = positional
        isPlan = declaration.changes && named["plan"] == .boolean(true)
        self.named = CommandRecord(
            fields: named.fields.filter {
                $0.value != .none && !(declaration.changes && $0.name == "plan")
            })
    }

    mutating func match() -> Result<CommandRecord, CallFailure> {
        let names = declaration.pattern.callNames
        for field in named.fields where !names.contains(field.name) {
            return .failure(unknown(field.name, among: names))
        }
        var state = CallState()
        guard matchLine(declaration.pattern, &state) else { return .failure(failure) }
        guard state.position >= positional.count else {
            // An argument that was tried somewhere and did not fit there tells more.
            guard failure.given <= state.given else { return .failure(failure) }
            let counts = "got \(positional.count) arguments, expected \(state.position) at most"
            return .failure(CallFailure(message: counts, given: state.given))
        }
        for field in named.fields {
            if state.used.contains(field.name) {
                // An option's word may have set something else since.
                guard let value = state.arguments[field.name], case .text = value,
                    case .text = field.value, declaration.pattern.isSetting(field.name),
                    value != field.value
                else { continue }
            } else if isDefault(field) {
                continue
            }
            return .failure(contradiction(field.name, state))
        }
        return .success(state.arguments)
    }

    /// The parts of the line itself: a word that means a value must be given there, as it is what
    /// tells this command from another with the same words.
    private mutating func matchLine(_ pattern: Pattern, _ state: inout CallState) -> Bool {
        guard case .sequence(let parts) = pattern else {
            return match(pattern, keyword: nil, isLine: true, &state)
        }
        return matchSequence(parts, isLine: true, &state)
    }

    private mutating func match(
        _ pattern: Pattern, keyword: String?, isLine: Bool = false, _ state: inout CallState
    ) -> Bool {
        switch pattern {
        case .word(let word):
            take(flag: word.callName, &state)
            return true
        case .sign: return true
        case .setting(let word, let name, let value):
            return matchSetting(word, name, value, mustBeGiven: isLine, &state)
        case .value(let name, let kind, _):
            return matchValue(name, keyword, kind, &state)
        case .sequence(let parts): return matchSequence(parts, keyword: keyword, &state)
        case .optional(let part):
            if !matchGiven(part, keyword: keyword, &state), position(state) == CommandValue.none,
                part.hasValue
            {
                state.position += 1
            }
            return true
        case .choice(let parts): return matchChoice(parts, keyword, &state)
        case .options(let parts):
            for part in parts { _ = matchGiven(part, keyword: nil, &state) }
            return true
        case .list(let name, let part): return matchList(name, keyword, part, &state)
        case .rest(let name, _): return matchRest(name, &state)
        }
    }

    private mutating func matchSequence(
        _ parts: [Pattern], keyword: String? = nil, isLine: Bool = false, _ state: inout CallState
    ) -> Bool {
        var attempt = state
        // The word before a part names what stands in it; alone it is a flag.
        var before = keyword
        for part in parts {
            if part.isSign { continue }
            if case .word(let word) = part {
                if let before { take(flag: before, &attempt) }
                before = word.callName
            } else {
                guard match(part, keyword: before, isLine: isLine, &attempt) else { return false }
                if let before { take(flag: before, &attempt) }
                before = nil
            }
        }
        if let before { take(flag: before, &attempt) }
        state = attempt
        return true
    }

    /// A part that counts only when an argument of the call belongs to it.
    private mutating func matchGiven(
        _ part: Pattern, keyword: String?, _ state: inout CallState
    ) -> Bool {
        var attempt = state
        guard match(part, keyword: keyword, &attempt), attempt.given > state.given else {
            return false
        }
        state = attempt
        return true
    }

    private mutating func matchSetting(
        _ word: CommandWord, _ name: String, _ value: CommandValue, mustBeGiven: Bool,
        _ state: inout CallState
    ) -> Bool {
        if named[name] == value {
            state.used.insert(name)
        } else if !take(flag: word.callName, &state), mustBeGiven {
            // Told only when no command with the same words says something better.
            fail("misses '\(word.callName)=true'", state, -1)
            return false
        }
        state.arguments[name] = value
        return true
    }

    private mutating func matchValue(
        _ name: String, _ keyword: String?, _ kind: ValueKind, _ state: inout CallState
    ) -> Bool {
        let key = [name, keyword].compactMap { $0 }.first {
            named[$0] != nil && !state.used.contains($0)
        }
        guard let value = key.flatMap({ named[$0] }) ?? position(state), value != .none else {
            fail("misses '\(name)', expected \(kind.description)", state)
            return false
        }
        do throws(ValueProblem) {
            let converted = try kind.convertCall(value)
            if let key { state.used.insert(key) } else { state.position += 1 }
            if converted != .none { state.arguments[name] = converted }
            return true
        } catch {
            let got = kind == .secret ? "no text" : error.got
            fail("got \(got) for '\(key ?? name)', expected \(kind.description)", state, 1)
            return false
        }
    }

    /// The alternative that takes most of the call.
    private mutating func matchChoice(
        _ parts: [Pattern], _ keyword: String?, _ state: inout CallState
    ) -> Bool {
        var best: CallState?
        for part in parts {
            var attempt = state
            if matchGiven(part, keyword: keyword, &attempt), attempt.given > best?.given ?? -1 {
                best = attempt
            }
        }
        if let best {
            state = best
            return true
        }
        let told = choiceFailure(.choice(parts), keyword, state)
        if told.given >= failure.given { failure = told }
        return false
    }

    private func choiceFailure(
        _ choice: Pattern, _ keyword: String?, _ state: CallState
    ) -> CallFailure {
        let names = choice.callNames.union(keyword.map { [$0] } ?? [])
        let wrong = named.fields.first {
            names.contains($0.name) && !state.used.contains($0.name) && $0.value != .boolean(false)
        }
        guard let wrong else {
            return CallFailure(message: "misses \(choice.callChoices)", given: state.given)
        }
        return CallFailure(
            message: "got \(wrong.value.quoted) for '\(wrong.name)', "
                + "expected \(choice.callChoices)", given: state.given + 1)
    }

    private mutating func matchRest(_ name: String, _ state: inout CallState) -> Bool {
        var texts = positional[min(state.position, positional.count)...].map { $0 }
        state.position = positional.count
        if let given = named[name] {
            state.used.insert(name)
            texts += given.list ?? [given]
        }
        state.arguments[name] = .list(texts.map { .text($0.text ?? "\($0.quoted)") })
        return true
    }

    // MARK: - Lists

    private mutating func matchList(
        _ name: String, _ keyword: String?, _ part: Pattern, _ state: inout CallState
    ) -> Bool {
        let key = [name, keyword].compactMap { $0 }.first {
            named[$0] != nil && !state.used.contains($0)
        }
        guard let value = key.flatMap({ named[$0] }) ?? position(state),
            let elements = CallMatcher.elements(of: value, part), !elements.isEmpty
        else {
            fail("misses '\(name)', expected \(part.callListing)", state)
            return false
        }
        var list: [CommandValue] = []
        for element in elements {
            var matcher = CallMatcher(
                CommandDeclaration("", "", part, group: "", summary: ""), positional: [],
                named: element)
            switch matcher.match() {
            case .success(let record): list.append(.record(record))
            case .failure(let failure):
                fail("\(failure.message), in '\(key ?? name)'", state, 1 + failure.given)
                return false
            }
        }
        if let key { state.used.insert(key) } else { state.position += 1 }
        state.arguments[name] = .list(list)
        return true
    }

    /// A record is one element when its fields are the element's arguments, else a pair a field.
    private static func elements(of value: CommandValue, _ part: Pattern) -> [CommandRecord]? {
        let names = part.values.map(\.name)
        switch value {
        case .list(let list):
            let records = list.compactMap { element in
                element.record ?? (names.count == 1 ? [names[0]: element] : nil)
            }
            return records.count == list.count ? records : nil
        case .record(let record):
            if record.fields.contains(where: { names.contains($0.name) }) { return [record] }
            guard names.count == 2 else { return nil }
            return record.fields.map { [names[0]: .text($0.name), names[1]: $0.value] }
        default: return nil
        }
    }

    // MARK: - Helpers

    private func position(_ state: CallState) -> CommandValue? {
        state.position < positional.count ? positional[state.position] : nil
    }

    @discardableResult
    private func take(flag name: String, _ state: inout CallState) -> Bool {
        guard named[name] == .boolean(true) else { return false }
        return state.used.insert(name).inserted
    }

    /// A word that is said not to be given, or what holds anyway.
    private func isDefault(_ field: CommandRecord.Field) -> Bool {
        field.value == .boolean(false) && declaration.pattern.isFlag(field.name)
            || declaration.defaults[field.name] == field.value
    }

    private mutating func fail(_ message: String, _ state: CallState, _ more: Int = 0) {
        guard state.given + more > failure.given else { return }
        failure = CallFailure(message: message, given: state.given + more)
    }

    private func unknown(_ name: String, among names: Set<String>) -> CallFailure {
        let known = names.union(declaration.changes ? ["plan"] : [])
        let nearest = NearestName.nearest(to: name, among: known.sorted())
        let hint = nearest.map { ", did you mean '\($0)'?" } ?? ""
        return CallFailure(message: "has no argument '\(name)'\(hint)", given: 0)
    }

    private func contradiction(_ name: String, _ state: CallState) -> CallFailure {
        // A value that did not fit has left a better message than the name that is left over.
        if failure.given >= state.given { return failure }
        return CallFailure(
            message: "got '\(name)', which is given twice or contradicts what else is given",
            given: state.given)
    }
}
