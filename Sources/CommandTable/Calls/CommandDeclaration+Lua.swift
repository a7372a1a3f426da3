import CommandModel

// How a command is called from Lua, for help and the reference page.

extension CommandDeclaration {
    /// `dt.connect(set, target, {map="exact"|{[from]=to}, orphans=true})`: what must be given by
    /// position, what may be by name.
    public var luaUsage: String {
        let name = words.reduce("dt") { path, word in
            let word = word.text.lowercased()
            return LuaWords.reserved.contains(word) ? "\(path)[\"\(word)\"]" : "\(path).\(word)"
        }
        var (required, named) = pattern.callParameters
        if changes { named.append("plan=true") }
        if !named.isEmpty { required.append("{\(named.joined(separator: ", "))}") }
        return "\(name)(\(required.joined(separator: ", ")))"
    }
}

extension Pattern {
    /// Values that a line must hold, and the texts of what else there is.
    fileprivate var callParameters: (required: [String], named: [String]) {
        var required: [String] = []
        var rest: [Pattern] = []
        let parts = if case .sequence(let parts) = self { parts } else { [self] }
        for part in parts {
            switch part {
            case .value(let name, _, _): required.append(name)
            case .rest(let name, _): required.append("\(name)...")
            case .word, .sign: break
            default: rest.append(part)
            }
        }
        return (required, Pattern.merged(rest.flatMap(\.callParts)))
    }

    /// `name=value` for everything that a call may give here.
    var callParts: [String] {
        switch self {
        // A word that means no value may be given, and need not.
        case .word, .sign, .rest: return []
        case .setting(_, let name, let value): return ["\(name)=\(value.luaText)"]
        case .value(let name, let kind, _): return ["\(name)=\(kind.luaText)"]
        case .list(let name, let part): return ["\(name)=\(part.callListing)"]
        case .optional(let part): return part.callParts
        case .choice(let parts), .options(let parts):
            return Pattern.merged(parts.flatMap(\.callParts))
        case .sequence(let parts):
            let hasValue = parts.contains { if case .value = $0 { true } else { false } }
            let told = parts.filter { part in
                switch part {
                case .word: false
                // The value says it already.
                case .setting: !hasValue
                default: true
                }
            }
            return Pattern.merged(told.flatMap(\.callParts))
        }
    }

    /// One entry a name: `mirror="none"` and `mirror="full"` are `mirror="none"|"full"`.
    private static func merged(_ parts: [String]) -> [String] {
        var names: [String] = []
        var values: [String: [String]] = [:]
        for part in parts {
            let pieces = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pieces.count == 2 else { continue }
            if values[pieces[0]] == nil { names.append(pieces[0]) }
            for value in pieces[1].split(separator: "|").map(String.init)
            where !values[pieces[0], default: []].contains(value) {
                values[pieces[0], default: []].append(value)
            }
        }
        return names.map { "\($0)=\(values[$0, default: []].joined(separator: "|"))" }
    }
}

extension CommandValue {
    fileprivate var luaText: String {
        switch self {
        case .boolean(let truth): truth ? "true" : "false"
        case .text(let text): "\"\(text)\""
        case .integer(let number): "\(number)"
        case .decimal(let number): "\(number)"
        case .none, .list, .record: "nil"
        }
    }
}

extension ValueKind {
    fileprivate var luaText: String {
        switch self {
        case .integer, .numbered, .size, .percent: "number"
        case .duration: "seconds"
        case .connection: "id"
        case .programArguments: "{...}"
        default: "text"
        }
    }
}

/// Words that Lua keeps for itself.
enum LuaWords {
    static let reserved: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
        "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    ]
}
