/// Why a text is no JSON: what was got and at which byte.
public struct JSONError: Error, Sendable, Hashable {
    public var message: String
    public var offset: Int
}

/// Reads JSON into a value. Integers that fit 64 bits stay integers, other numbers become decimals;
/// a field that stands twice keeps its last value. Whatever the bytes, it ends in a value or an
/// error.
public struct JSONReader: Sendable {
    /// Lists and records inside one another.
    public static let depthMax = 128

    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    public static func value(of text: String) throws(JSONError) -> CommandValue {
        try value(of: Array(text.utf8))
    }

    public static func value(of bytes: [UInt8]) throws(JSONError) -> CommandValue {
        var reader = JSONReader(bytes)
        let value = try reader.readValue()
        reader.skipBlanks()
        guard reader.peek == nil else { throw reader.unexpected("the end") }
        return value
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func unexpected(_ expected: String) -> JSONError {
        guard let byte = peek else {
            return JSONError(message: "the text ends, expected \(expected)", offset: offset)
        }
        let got = byte < 0x80 ? "'\(Unicode.Scalar(byte))'" : "byte \(byte)"
        return JSONError(message: "got \(got), expected \(expected)", offset: offset)
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }

    private mutating func eat(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard peek == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func readValue() throws(JSONError) -> CommandValue {
        skipBlanks()
        switch peek {
        case UInt8(ascii: "{"):
            return .record(try nested { r throws(JSONError) in try r.readRecord() })
        case UInt8(ascii: "["): return .list(try nested { r throws(JSONError) in try r.readList() })
        case UInt8(ascii: "\""): return .text(try readText())
        case UInt8(ascii: "t"): return try readWord("true", .boolean(true))
        case UInt8(ascii: "f"): return try readWord("false", .boolean(false))
        case UInt8(ascii: "n"): return try readWord("null", .none)
        default: return try readNumber()
        }
    }

    private mutating func nested<Content>(
        _ read: (inout JSONReader) throws(JSONError) -> Content
    ) throws(JSONError) -> Content {
        guard depth < JSONReader.depthMax else {
            throw JSONError(message: "nested deeper than \(JSONReader.depthMax)", offset: offset)
        }
        depth += 1
        offset += 1
        let content = try read(&self)
        depth -= 1
        return content
    }

    private mutating func readRecord() throws(JSONError) -> CommandRecord {
        var fields: [CommandRecord.Field] = []
        if eat("}") { return CommandRecord() }
        repeat {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
            let name = try readText()
            guard eat(":") else { throw unexpected("':'") }
            fields.append(.init(name: name, value: try readValue()))
        } while eat(",")
        guard eat("}") else { throw unexpected("',' or '}'") }
        return CommandRecord(fields: fields)
    }

    private mutating func readList() throws(JSONError) -> [CommandValue] {
        var list: [CommandValue] = []
        if eat("]") { return list }
        repeat { list.append(try readValue()) } while eat(",")
        guard eat("]") else { throw unexpected("',' or ']'") }
        return list
    }

    private mutating func readWord(
        _ word: String, _ value: CommandValue
    ) throws(JSONError) -> CommandValue {
        guard bytes[offset...].starts(with: word.utf8) else { throw unexpected("'\(word)'") }
        offset += word.utf8.count
        return value
    }

    private mutating func readNumber() throws(JSONError) -> CommandValue {
        let start = offset
        while let byte = peek, "+-.eE0123456789".utf8.contains(byte) { offset += 1 }
        let spelling = String(decoding: bytes[start..<offset], as: UTF8.self)
        if let integer = Int64(spelling), !spelling.hasPrefix("+") { return .integer(integer) }
        if let first = spelling.utf8.first, first == 0x2D || (0x30...0x39).contains(first),
            let decimal = Double(spelling), decimal.isFinite
        {
            return .decimal(decimal)
        }
        offset = start
        throw unexpected("a value")
    }
}

// MARK: - Texts

extension JSONReader {
    private mutating func readText() throws(JSONError) -> String {
        offset += 1
        var content: [UInt8] = []
        while let byte = peek {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): content += try readEscape().utf8
            case 0..<0x20:
                offset -= 1
                throw unexpected("a character of the text")
            default: content.append(byte)
            }
        }
        throw unexpected("'\"'")
    }

    private mutating func readEscape() throws(JSONError) -> String {
        guard let byte = peek else { throw unexpected("an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return String(Unicode.Scalar(byte))
        case UInt8(ascii: "u"): return try readUnicodeEscape()
        default:
            offset -= 1
            throw unexpected("an escape")
        }
    }

    /// Two halves of a pair make one character; a half alone becomes the replacement character.
    private mutating func readUnicodeEscape() throws(JSONError) -> String {
        var units = [try readCodeUnit()]
        if UTF16.isLeadSurrogate(units[0]), bytes[offset...].starts(with: "\\u".utf8) {
            offset += 2
            units.append(try readCodeUnit())
        }
        return String(decoding: units, as: UTF16.self)
    }

    private mutating func readCodeUnit() throws(JSONError) -> UInt16 {
        let digits = bytes[offset...].prefix(4)
        guard digits.count == 4,
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw unexpected("four hexadecimal digits") }
        offset += 4
        return unit
    }
}
