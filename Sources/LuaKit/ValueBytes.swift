import CommandModel

/// Values as the bytes in which they cross to Lua and back; `Values.c` says what they mean.
enum ValueBytes {
    static let depthMax = 64

    // MARK: To bytes

    static func encode(_ values: [CommandValue]) throws(LuaError) -> [UInt8] {
        var bytes: [UInt8] = []
        // The list of them is a level of its own.
        try append(.list(values), to: &bytes, depth: depthMax + 1)
        return bytes
    }

    static func encode(_ value: CommandValue) throws(LuaError) -> [UInt8] {
        var bytes: [UInt8] = []
        try append(value, to: &bytes, depth: depthMax)
        return bytes
    }

    private static func append(
        _ value: CommandValue, to bytes: inout [UInt8], depth: Int
    ) throws(LuaError) {
        if depth < 0 {
            throw LuaError(kind: .runtime, message: "a value is nested deeper than \(depthMax)")
        }
        switch value {
        case .none: bytes.append(0)
        case .boolean(let truth): bytes.append(truth ? 2 : 1)
        case .integer(let number):
            bytes.append(3)
            append(number, to: &bytes)
        case .decimal(let number):
            bytes.append(4)
            append(number.bitPattern, to: &bytes)
        case .text(let text):
            bytes.append(5)
            append(text, to: &bytes)
        case .list(let list):
            bytes.append(6)
            append(UInt32(truncatingIfNeeded: list.count), to: &bytes)
            for value in list { try append(value, to: &bytes, depth: depth - 1) }
        case .record(let record):
            bytes.append(7)
            append(UInt32(truncatingIfNeeded: record.fields.count), to: &bytes)
            for field in record.fields {
                append(field.name, to: &bytes)
                try append(field.value, to: &bytes, depth: depth - 1)
            }
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(UInt32(truncatingIfNeeded: text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }

    // MARK: From bytes

    /// Of bytes that C has just made.
    static func decodeList(_ bytes: UnsafeRawBufferPointer) -> [CommandValue] {
        var place = 0
        guard case .list(let values) = value(bytes, &place) else {
            preconditionFailure("arguments came as something other than a list")
        }
        return values
    }

    private static func value(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) -> CommandValue {
        let kind = bytes[place]
        place += 1
        switch kind {
        case 0: return .none
        case 1: return .boolean(false)
        case 2: return .boolean(true)
        case 3: return .integer(number(bytes, &place))
        case 4: return .decimal(Double(bitPattern: number(bytes, &place)))
        case 5: return .text(text(bytes, &place))
        case 6:
            let count: UInt32 = number(bytes, &place)
            var list: [CommandValue] = []
            list.reserveCapacity(Int(count))
            for _ in 0..<count { list.append(value(bytes, &place)) }
            return .list(list)
        case 7, 8:
            let count: UInt32 = number(bytes, &place)
            var fields: [CommandRecord.Field] = []
            fields.reserveCapacity(Int(count))
            for _ in 0..<count {
                let name = text(bytes, &place)
                fields.append(.init(name: name, value: value(bytes, &place)))
            }
            if kind == 8 { fields.sort { $0.name < $1.name } }
            return .record(CommandRecord(fields: fields))
        default: preconditionFailure("unknown kind of value \(kind)")
        }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) -> String {
        let count: UInt32 = number(bytes, &place)
        defer { place += Int(count) }
        return String(
            decoding: UnsafeRawBufferPointer(rebasing: bytes[place..<(place + Int(count))]),
            as: UTF8.self)
    }

    private static func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ place: inout Int
    ) -> Number {
        defer { place += MemoryLayout<Number>.size }
        return bytes.loadUnaligned(fromByteOffset: place, as: Number.self)
    }
}
