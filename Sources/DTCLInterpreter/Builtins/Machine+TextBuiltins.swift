// Built-in functions on text. Positions and lengths count characters (Unicode scalars), from 0.
extension Machine {
    func performText(_ call: BuiltinCall) throws(Fault) -> Value {
        switch call.builtin {
        case .endswith:
            return Value(
                try text(call, 0).utf8.reversed().starts(with: text(call, 1).utf8.reversed()))
        case .startswith: return Value(try text(call, 0).utf8.starts(with: text(call, 1).utf8))
        case .find: return Value(Int64(try found(call)))
        case .format: return try make(formatted(call))
        case .join: return try joined(call)
        case .lower: return try make(text(call, 0).lowercased())
        case .upper: return try make(text(call, 0).uppercased())
        case .replace: return try replaced(call)
        case .split: return try split(call)
        case .substring: return try substring(call)
        default: return try make(text(call, 0).trimmedBlanks)
        }
    }

    /// The byte at which a text begins in another, -1 when nowhere.
    func find(_ part: Value, in whole: Value, from start: Int) throws(Fault) -> Int {
        let haystack = heap.pointee.text(whole.slot)
        let needle = heap.pointee.text(part.slot)
        guard let first = needle.first else { return min(start, haystack.count) }
        try spend(haystack.count / 16)
        var position = start
        while position + needle.count <= haystack.count {
            if haystack[position] == first {
                let candidate = haystack[position..<(position + needle.count)]
                try spend(1 + needle.count / 16)
                if candidate.elementsEqual(needle) { return position }
            }
            position += 1
        }
        return -1
    }

    private func found(_ call: BuiltinCall) throws(Fault) -> Int {
        let whole = call.arguments[0]
        let start = call.count > 2 ? try integer(call, 2) : 0
        guard start >= 0 else { throw wrong(call, 2, "0 or more") }
        if whole.tag == .list {
            let elements = heap.pointee.elements(whole.slot)
            for index in elements.indices where index >= start {
                if try areEqual(call.arguments[1], elements[index], depth: 1) { return index }
            }
            return -1
        }
        guard whole.tag == .text else { throw wrong(call, 0, "text or a list") }
        guard call.arguments[1].tag == .text else { throw wrong(call, 1, "text") }
        let bytes = heap.pointee.text(whole.slot)
        let offset = try find(
            call.arguments[1], in: whole, from: Machine.byteOffset(bytes, Int(start)))
        if offset < 0 { return -1 }
        return bytes[..<offset].reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
    }

    /// The byte at which a character starts; the end when there are fewer.
    private static func byteOffset(_ bytes: UnsafeBufferPointer<UInt8>, _ character: Int) -> Int {
        var offset = 0
        var left = character
        while left > 0, offset < bytes.count {
            offset = nextCharacter(bytes, offset)
            left -= 1
        }
        return offset
    }

    private func substring(_ call: BuiltinCall) throws(Fault) -> Value {
        guard call.arguments[0].tag == .text else { throw wrong(call, 0, "text") }
        let start = try integer(call, 1)
        let count = call.count > 2 ? try integer(call, 2) : Int64.max
        guard start >= 0 else { throw wrong(call, 1, "0 or more") }
        guard count >= 0 else { throw wrong(call, 2, "0 or more") }
        let bytes = heap.pointee.text(call.arguments[0].slot)
        extraSteps += bytes.count / 16
        let lower = Machine.byteOffset(bytes, Int(start))
        let rest = UnsafeBufferPointer(rebasing: bytes[lower...])
        let length = Machine.byteOffset(rest, Int(count))
        return try make(String(decoding: rest[..<length], as: UTF8.self))
    }

    private func replaced(_ call: BuiltinCall) throws(Fault) -> Value {
        let whole = Array(try text(call, 0).utf8)
        let old = Array(try text(call, 1).utf8)
        let new = Array(try text(call, 2).utf8)
        guard !old.isEmpty else { throw wrong(call, 1, "text that is not empty") }
        var result: [UInt8] = []
        var position = 0
        while position < whole.count {
            if whole[position] == old[0], whole[position...].starts(with: old) {
                result += new
                position += old.count
                guard result.count <= limits.memoryBytesMax else { break }
            } else {
                if whole[position] == old[0] { try spend(1 + old.count / 16) }
                result.append(whole[position])
                position += 1
            }
        }
        return try make(String(decoding: result, as: UTF8.self))
    }

    /// Without a separator: at blanks, and nothing empty.
    private func split(_ call: BuiltinCall) throws(Fault) -> Value {
        let whole = try text(call, 0)
        guard call.count > 1 else {
            let parts = whole.unicodeScalars.split { $0.properties.isWhitespace }
            return try makeList(of: parts.map { String($0) })
        }
        let separator = Array(try text(call, 1).utf8)
        guard !separator.isEmpty else { throw wrong(call, 1, "text that is not empty") }
        let bytes = Array(whole.utf8)
        var parts: [String] = []
        var start = 0
        var position = 0
        while position + separator.count <= bytes.count {
            if bytes[position] == separator[0] { try spend(1 + separator.count / 16) }
            if bytes[position...].starts(with: separator) {
                parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
                position += separator.count
                start = position
            } else {
                position += 1
            }
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return try makeList(of: parts)
    }

    private func joined(_ call: BuiltinCall) throws(Fault) -> Value {
        guard call.arguments[0].tag == .list else { throw wrong(call, 0, "a list") }
        let separator = call.count > 1 ? try text(call, 1) : ""
        var result = ""
        for (index, value) in heap.pointee.elements(call.arguments[0].slot).enumerated() {
            if index > 0 { result += separator }
            result += try heap.pointee.printed(value)
            guard result.utf8.count <= limits.memoryBytesMax else { break }
        }
        return try make(result)
    }

    // MARK: Format

    /// `{}` takes the next argument, `{1}` the one at that place; after a colon a width, `>` before
    /// it for the right side, and `.2` for digits. `{{` is a brace.
    private func formatted(_ call: BuiltinCall) throws(Fault) -> String {
        var result = ""
        var rest = Array(try text(call, 0).unicodeScalars)[...]
        var next = 1
        while let scalar = rest.popFirst(), result.utf8.count <= limits.memoryBytesMax {
            if scalar == "{" || scalar == "}", rest.first == scalar {
                rest.removeFirst()
                result.unicodeScalars.append(scalar)
            } else if scalar == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Fault(.argumentInvalid, "got a '{' without '}' in 'format'")
                }
                result += try place(String(String.UnicodeScalarView(rest[..<end])), call, &next)
                rest = rest[(end + 1)...]
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private func place(
        _ directive: String, _ call: BuiltinCall, _ next: inout Int
    ) throws(Fault) -> String {
        let parts = directive.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var index = next
        if let number = parts.first, !number.isEmpty {
            index = (Int(number) ?? -1) + 1
        } else {
            next += 1
        }
        guard index >= 1, index < call.count else {
            throw Fault(
                .argumentInvalid, "'{\(directive)}' names no argument of 'format'")
        }
        guard parts.count > 1 else { return try heap.pointee.printed(call.arguments[index]) }
        return try lay(out: call.arguments[index], String(parts[1]), directive)
    }

    private func lay(
        out value: Value, _ layout: String, _ directive: String
    ) throws(Fault) -> String {
        var layout = layout[...]
        let isRight = layout.first == ">"
        if isRight { layout.removeFirst() }
        let parts = layout.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let width = parts[0].isEmpty ? 0 : Int(parts[0]) ?? -1
        let digits = parts.count > 1 ? Int(parts[1]) ?? -1 : nil
        guard 0...1000 ~= width, digits.map({ 0...15 ~= $0 }) ?? true else {
            throw Fault(
                .argumentInvalid, "got '{\(directive)}', expected a width and digits: '{:8.2}'")
        }
        var text = try heap.pointee.printed(value)
        if let digits, let number = value.number { text = fixed(number, digits) }
        let missing = width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        let blanks = String(repeating: " ", count: missing)
        return isRight ? blanks + text : text + blanks
    }

    /// A number with exactly so many digits after the point.
    private func fixed(_ number: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let scaled = (number.magnitude * scale).rounded()
        guard let whole = UInt64(exactly: scaled) else { return NumberText.decimal(number) }
        var text = String(whole)
        if text.utf8.count <= digits {
            text = String(repeating: "0", count: digits + 1 - text.utf8.count) + text
        }
        if digits > 0 {
            text.insert(".", at: text.index(text.endIndex, offsetBy: -digits))
        }
        return number < 0 && whole != 0 ? "-" + text : text
    }
}

extension String {
    /// Without blanks at both ends.
    var trimmedBlanks: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
