// Values to and from the host, and their printed form.
extension Heap {
    /// Deepest nesting of lists and records; deeper ones are refused where they are made.
    static let nestingMax: UInt16 = 256

    /// A copy for the host. Shared parts are written out, so the size is counted on the way.
    func scriptValue(_ value: Value) throws(Fault) -> ScriptValue {
        var bytesLeft = bytesMax
        return try export(value, &bytesLeft)
    }

    private func export(_ value: Value, _ bytesLeft: inout Int) throws(Fault) -> ScriptValue {
        bytesLeft -= MemoryLayout<ScriptValue>.stride
        if value.tag == .text { bytesLeft -= text(value.slot).count }
        guard bytesLeft >= 0 else {
            throw Fault(.memoryLimit, "the value takes more than \(bytesMax) bytes written out")
        }
        switch value.tag {
        case .integer: return .integer(value.integer)
        case .decimal: return .decimal(value.decimal)
        case .boolean: return .boolean(value.boolean)
        case .none, .unset: return .none
        case .text: return .text(string(value))
        case .list:
            var list: [ScriptValue] = []
            for element in elements(value.slot) { list.append(try export(element, &bytesLeft)) }
            return .list(list)
        case .record:
            var fields: [ScriptField] = []
            for entry in entries(value.slot) {
                fields.append(ScriptField(string(entry.key), try export(entry.value, &bytesLeft)))
            }
            return .record(fields)
        }
    }

    mutating func make(_ value: ScriptValue, depth: Int = 0) throws(Fault) -> Value {
        guard depth < Int(Heap.nestingMax) else {
            throw Fault(.memoryLimit, "the value is nested deeper than \(Heap.nestingMax) levels")
        }
        switch value {
        case .none: return .none
        case .boolean(let flag): return Value(flag)
        case .integer(let number): return Value(number)
        case .decimal(let number): return Value(number)
        case .text(let text): return try makeText(text)
        case .list(let elements):
            let slot = try makeList(capacity: elements.count)
            for element in elements { try append(make(element, depth: depth + 1), to: slot) }
            return Value(.list, slot: slot)
        case .record(let fields):
            let slot = try makeRecord(capacity: fields.count)
            for field in fields {
                let key = try makeText(field.name)
                try set(key, make(field.value, depth: depth + 1), in: slot)
            }
            return Value(.record, slot: slot)
        }
    }

    func printed(_ value: Value) throws(Fault) -> String {
        value.tag == .text ? string(value) : try scriptValue(value).printed
    }
}
