import CommandModel

// What a call may name in a pattern, and how usage lines show it.

extension CommandWord {
    /// As the name of an argument: `NOMIRROR` is `nomirror`.
    var callName: String { text.lowercased() }
}

extension Pattern {
    /// Every name that a call may give: of arguments, of words before them, of options.
    var callNames: Set<String> {
        switch self {
        case .word(let word): [word.callName]
        case .setting(let word, let name, _): [word.callName, name]
        case .value(let name, _, _), .rest(let name, _), .list(let name, _): [name]
        case .sign: []
        case .sequence(let parts), .choice(let parts), .options(let parts):
            parts.reduce(into: []) { $0.formUnion($1.callNames) }
        case .optional(let part): part.callNames
        }
    }

    struct Value: Hashable {
        var name: String
        var kind: ValueKind
    }

    /// Its words of data in order, those of lists left out.
    var values: [Value] {
        switch self {
        case .value(let name, let kind, _): [Value(name: name, kind: kind)]
        case .word, .setting, .sign, .list, .rest: []
        case .sequence(let parts), .choice(let parts), .options(let parts): parts.flatMap(\.values)
        case .optional(let part): part.values
        }
    }

    struct Setting: Hashable {
        var word: CommandWord
        var name: String
        var value: CommandValue
    }

    /// Its words that mean a value, in order.
    var settings: [Setting] {
        switch self {
        case .setting(let word, let name, let value):
            [Setting(word: word, name: name, value: value)]
        case .word, .value, .sign, .list, .rest: []
        case .sequence(let parts), .choice(let parts), .options(let parts):
            parts.flatMap(\.settings)
        case .optional(let part): part.settings
        }
    }

    /// `=`, `>`, a comma, or one that may be left out: no part of a call.
    var isSign: Bool {
        switch self {
        case .sign: true
        case .optional(let part): part.isSign
        default: false
        }
    }

    var hasValue: Bool { !values.isEmpty }

    func isSetting(_ name: String) -> Bool { settings.contains { $0.name == name } }

    /// Whether FALSE for this name means that an option is not given.
    func isFlag(_ name: String) -> Bool {
        keywords.contains { $0.callName == name }
            || settings.contains { $0.name == name && $0.value == .boolean(true) }
    }

    /// The alternatives as a call gives them: `map="exact"`.
    var callChoices: String {
        guard case .choice(let parts) = self else { return callParts.joined(separator: ", ") }
        var texts: [String] = []
        for part in parts {
            let text = part.callParts.joined(separator: ", ")
            if !text.isEmpty, !texts.contains(text) { texts.append(text) }
        }
        return BindingMessage.alternatives(texts)
    }

    /// What a list's value looks like.
    var callListing: String {
        let names = values.map(\.name)
        return names.count == 2
            ? "{[\(names[0])]=\(names[1])}" : "{\(names.joined(separator: ", "))}"
    }
}
