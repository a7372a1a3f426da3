/// A value as it crosses between a script and its host.
public enum ScriptValue: Sendable, Hashable {
    case none
    case boolean(Bool)
    case integer(Int64)
    case decimal(Double)
    case text(String)
    case list([ScriptValue])
    /// Fields in the order of insertion; no name stands twice.
    case record([ScriptField])

    /// The field of a record; nil for everything else.
    public subscript(field: String) -> ScriptValue? {
        guard case .record(let fields) = self else { return nil }
        return fields.first { $0.name == field }?.value
    }

    /// As WRITE prints it: text as it is, lists and records as a script would write them.
    public var printed: String {
        if case .text(let text) = self { return text }
        return written
    }

    /// As a script would write it.
    public var written: String {
        switch self {
        case .none: return "NONE"
        case .boolean(let flag): return flag ? "TRUE" : "FALSE"
        case .integer(let number): return String(number)
        case .decimal(let number): return NumberText.decimal(number)
        case .text(let text): return QuotedText.write(text)
        case .list(let elements):
            return "[" + elements.map(\.written).joined(separator: ", ") + "]"
        case .record(let fields):
            let parts = fields.map { "\(QuotedText.key($0.name)): \($0.value.written)" }
            return "{" + parts.joined(separator: ", ") + "}"
        }
    }

    /// How messages name the kind.
    public var kindName: String {
        switch self {
        case .none: "none"
        case .boolean: "boolean"
        case .integer: "integer"
        case .decimal: "decimal"
        case .text: "text"
        case .list: "list"
        case .record: "record"
        }
    }
}

/// One name and value of a record.
public struct ScriptField: Sendable, Hashable {
    public var name: String
    public var value: ScriptValue

    public init(_ name: String, _ value: ScriptValue) {
        self.name = name
        self.value = value
    }
}

/// How decimals are printed: always with a point, so that they read back as decimals.
enum NumberText {
    static func decimal(_ number: Double) -> String {
        let text = number.description
        guard let exponent = text.firstIndex(of: "e"), !text[..<exponent].contains(".") else {
            return text
        }
        return text[..<exponent] + ".0" + text[exponent...]
    }
}

/// Text as a script would write it.
enum QuotedText {
    static func write(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "$" { quoted.unicodeScalars.append(scalar) }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    /// A key stands without quotes when it is a name.
    static func key(_ key: String) -> String {
        let bytes = key.utf8
        let isName = bytes.first.map { !($0 >= 0x30 && $0 <= 0x39) } ?? false
        let isPlain = bytes.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F
                || $0 >= 0x80
        }
        return isName && isPlain ? key : write(key)
    }
}
