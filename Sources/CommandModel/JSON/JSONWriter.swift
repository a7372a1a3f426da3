/// Writes a value as JSON on one line. Decimals that JSON has no number for become `null`.
public struct JSONWriter: Sendable {
    public private(set) var text = ""

    public init() {}

    public static func text(of value: CommandValue) -> String {
        var writer = JSONWriter()
        writer.write(value)
        return writer.text
    }

    public mutating func write(_ value: CommandValue) {
        switch value {
        case .none: text += "null"
        case .boolean(let truth): text += truth ? "true" : "false"
        case .integer(let number): text += String(number)
        case .decimal(let number): text += number.isFinite ? "\(number)" : "null"
        case .text(let content): write(content)
        case .list(let list):
            text += "["
            for (index, element) in list.enumerated() {
                if index > 0 { text += "," }
                write(element)
            }
            text += "]"
        case .record(let record): write(record)
        }
    }

    private mutating func write(_ record: CommandRecord) {
        text += "{"
        for (index, field) in record.fields.enumerated() {
            if index > 0 { text += "," }
            write(field.name)
            text += ":"
            write(field.value)
        }
        text += "}"
    }

    private mutating func write(_ content: String) {
        text += "\""
        for scalar in content.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
