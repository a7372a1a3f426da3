public import CommandModel

/// What a command would do, from its declaration: `would delete replication set '{name}'`, where
/// `{name}` stands for an argument. A part in brackets is told only when its arguments are given;
/// `{?orphans}` asks for one without telling it. A connection is told as `connection 1` or `every
/// connection`.
struct PlanSentence {
    let template: String
    let arguments: CommandRecord

    var text: String {
        var text = ""
        var rest = template[...]
        while let character = rest.first {
            switch character {
            case "[":
                let inner = rest.dropFirst().prefix { $0 != "]" }
                rest = rest.dropFirst(inner.count + 2)
                if let part = filled(inner) { text += part }
            default:
                let plain = rest.prefix { $0 != "[" }
                rest = rest.dropFirst(plain.count)
                text += filled(plain) ?? String(plain)
            }
        }
        return text
    }

    /// nil when an argument is not given.
    private func filled(_ text: Substring) -> String? {
        var filled = ""
        var rest = text
        while let brace = rest.firstIndex(of: "{") {
            filled += rest[..<brace]
            let name = rest[brace...].dropFirst().prefix { $0 != "}" }
            rest = rest[brace...].dropFirst(name.count + 2)
            let isQuestion = name.first == "?"
            let value = arguments[String(isQuestion ? name.dropFirst() : name)]
            guard let value, value != .boolean(false), value != .none else { return nil }
            if !isQuestion { filled += PlanSentence.shown(value) }
        }
        return filled + rest
    }

    static func shown(_ value: CommandValue) -> String {
        switch value {
        case .none: return "nothing"
        case .boolean(let truth): return truth ? "on" : "off"
        case .integer(let number): return "\(number)"
        case .decimal(let number):
            return Int64(exactly: number).map { "\($0)" } ?? "\(number)"
        case .text(let text): return text
        case .list(let list): return list.map(shown).joined(separator: ", ")
        case .record(let record):
            return record.fields.map { shown($0.value) }.joined(separator: " to ")
        }
    }
}

extension CommandDeclaration {
    /// What the request would do, one sentence a line: for PLAN where the server has nothing better
    /// to say. The server checks names and state first, so that a plan that cannot be carried out
    /// fails as the command would.
    public func plan(_ request: CommandRequest) -> [String] {
        if !planTemplate.isEmpty {
            var arguments = request.arguments
            for value in pattern.values {
                guard case .connection = value.kind, let id = arguments[value.name] else {
                    continue
                }
                let isAll = id == .text("*")
                arguments[value.name] = .text(
                    isAll ? "every connection" : "connection \(PlanSentence.shown(id))")
            }
            return [PlanSentence(template: planTemplate, arguments: arguments).text]
        }
        let secrets = pattern.values.filter { $0.kind == .secret }.map(\.name)
        let shown = request.arguments.fields.filter {
            $0.name != "plan" && !secrets.contains($0.name)
        }
        let list = shown.map { "\($0.name) \($0.value.planText)" }.joined(separator: ", ")
        return ["would carry out \(name)" + (list.isEmpty ? "" : ": \(list)")]
    }
}

extension CommandValue {
    fileprivate var planText: String {
        PlanSentence(template: "{value}", arguments: ["value": self]).text
    }
}
