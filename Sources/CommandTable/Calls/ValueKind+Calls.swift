import CommandModel
import DTCLSyntax

extension ValueKind {
    /// Reads the argument of a call. There, other than in a script's variable, a text may say what
    /// a bare word says in a script: `"10 minutes"`, `"forever"`, `"64KB"`, `"*"`.
    /// - Returns: none for what leaves the argument out.
    func convertCall(_ value: CommandValue) throws(ValueProblem) -> CommandValue {
        switch (self, value) {
        case (.connection(allowsAll: true), .text("*")): return value
        case (.duration, .text(let text)):
            guard let seconds = TimeUnit.read(text) else { throw ValueProblem(got: "'\(text)'") }
            return seconds.isFinite ? try checked(.decimal(seconds)) : .none
        case (.size, .text(let text)):
            guard case .success(let literal) = NumberLiteral.read(text),
                literal.unit?.isTime != true, case .integer(let number) = literal.value
            else { throw ValueProblem(got: "'\(text)'") }
            return try checked(.integer(number))
        case (.integer, .decimal(let number)), (.numbered, .decimal(let number)),
            (.connection, .decimal(let number)), (.size, .decimal(let number)),
            (.percent, .decimal(let number)),
            (.timeOfDay, .decimal(let number)):
            guard let whole = Int64(exactly: number) else { throw ValueProblem(got: "\(number)") }
            return try convert(.integer(whole))
        default: return try convert(value)
        }
    }
}

extension TimeUnit {
    /// `10s`, `10 minutes`, `forever` (infinity); seconds.
    static func read(_ text: String) -> Double? {
        let words = text.split(separator: " ")
        if words.count == 1, words[0].lowercased() == "forever" { return .infinity }
        guard (1...2).contains(words.count),
            case .success(let literal) = NumberLiteral.read(words[0]),
            literal.unit?.isTime ?? true
        else { return nil }
        guard words.count == 2 else { return literal.seconds }
        guard literal.unit == nil, let factor = seconds(String(words[1])) else { return nil }
        return literal.seconds * factor
    }
}
