// The built-in functions: arguments in neighbouring registers, the result into the first.
extension Machine {
    func callBuiltin(_ first: Int, _ index: Int, _ count: Int) throws(Fault) {
        guard let builtin = Builtin(rawValue: UInt8(truncatingIfNeeded: index)) else { return }
        for register in first..<(first + count) { _ = try read(register) }
        let call = BuiltinCall(
            builtin: builtin,
            arguments: UnsafeBufferPointer(start: registers + first, count: count))
        let result = try perform(call)
        heap.pointee.share(result)
        registers[first] = result
    }

    private func perform(_ call: BuiltinCall) throws(Fault) -> Value {
        switch call.builtin {
        case .abs, .integer, .max, .min, .round: return try performNumber(call)
        case .append, .contains, .keys, .length, .range, .remove, .sort, .values:
            return try performContainer(call)
        case .endswith, .find, .format, .join, .lower, .replace, .split, .startswith, .substring,
            .trim, .upper:
            return try performText(call)
        case .argument, .arguments, .date, .env, .error, .exists, .hostname, .now, .time, .type,
            .scriptArgument, .argumentCount:
            return try performEnvironment(call)
        }
    }

    /// Counts the work of one instruction. What no script that makes sense would ask for in one
    /// go is refused, because nothing can interrupt an instruction.
    func spend(_ steps: Int) throws(Fault) {
        extraSteps += steps
        guard extraSteps < 50_000_000 else {
            throw Fault(.stepLimit, "a single operation takes too many steps")
        }
    }

    func text(_ call: BuiltinCall, _ index: Int) throws(Fault) -> String {
        let value = call.arguments[index]
        guard value.tag == .text else { throw wrong(call, index, "text") }
        extraSteps += heap.pointee.text(value.slot).count / 16
        return heap.pointee.string(value)
    }

    func integer(_ call: BuiltinCall, _ index: Int) throws(Fault) -> Int64 {
        guard call.arguments[index].isInteger else { throw wrong(call, index, "an integer") }
        return call.arguments[index].integer
    }

    func wrong(_ call: BuiltinCall, _ index: Int, _ expected: String) -> Fault {
        Fault(
            .argumentInvalid,
            "got \(call.arguments[index].kindName) as argument \(index + 1) of "
                + "'\(call.builtin.name)', expected \(expected)")
    }

    func make(_ string: String) throws(Fault) -> Value {
        extraSteps += string.utf8.count / 16
        return try heap.pointee.makeText(string)
    }

    func makeList(of texts: [String]) throws(Fault) -> Value {
        extraSteps += texts.count
        let slot = try heap.pointee.makeList(capacity: texts.count)
        for text in texts { try heap.pointee.append(make(text), to: slot) }
        return Value(.list, slot: slot)
    }
}

/// One call of a built-in: its arguments are all set.
struct BuiltinCall {
    var builtin: Builtin
    var arguments: UnsafeBufferPointer<Value>

    var count: Int { arguments.count }
}

// MARK: - Numbers

extension Machine {
    func performNumber(_ call: BuiltinCall) throws(Fault) -> Value {
        let first = call.arguments[0]
        switch call.builtin {
        case .abs:
            guard let number = first.number else { throw wrong(call, 0, "a number") }
            return number < 0 ? try negate(first) : first
        case .integer: return Value(try wholeNumber(call))
        case .round: return try rounded(call)
        default:
            var best = first
            for value in call.arguments.dropFirst() {
                let isLess =
                    call.builtin == .min
                    ? try compare(.less, value, best) : try compare(.less, best, value)
                if isLess { best = value }
            }
            if call.count == 1, best.number == nil, best.tag != .text {
                throw wrong(call, 0, "a number or text")
            }
            return best
        }
    }

    private func wholeNumber(_ call: BuiltinCall) throws(Fault) -> Int64 {
        let value = call.arguments[0]
        switch value.tag {
        case .integer: return value.integer
        case .boolean: return value.boolean ? 1 : 0
        case .decimal:
            guard let number = Int64(exactly: value.decimal.rounded(.towardZero)) else {
                throw Fault(.overflow, "\(value.decimal) does not fit into an integer")
            }
            return number
        case .text:
            let text = try text(call, 0).trimmedBlanks
            if let number = Int64(text) { return number }
            if let number = Double(text), let whole = Int64(exactly: number.rounded(.towardZero)) {
                return whole
            }
            throw Fault(.argumentInvalid, "got the text '\(text)', expected a number in it")
        default: throw wrong(call, 0, "a number or text")
        }
    }

    private func rounded(_ call: BuiltinCall) throws(Fault) -> Value {
        let value = call.arguments[0]
        guard let number = value.number else { throw wrong(call, 0, "a number") }
        let digits = call.count > 1 ? try integer(call, 1) : 0
        guard 0...15 ~= digits else {
            throw Fault(.argumentInvalid, "got \(digits) digits, expected 0 to 15")
        }
        if value.isInteger { return value }
        if digits == 0 {
            guard let whole = Int64(exactly: number.rounded()) else {
                throw Fault(.overflow, "\(number) does not fit into an integer")
            }
            return Value(whole)
        }
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let result = (number * scale).rounded() / scale
        return Value(result.isFinite ? result : number)
    }
}

// MARK: - Lists and records

extension Machine {
    func performContainer(_ call: BuiltinCall) throws(Fault) -> Value {
        let first = call.arguments[0]
        switch call.builtin {
        case .append:
            guard first.tag == .list else { throw wrong(call, 0, "a list") }
            let slot = try heap.pointee.copyList(first.slot, extra: call.count - 1)
            extraSteps += heap.pointee.objects[slot].count
            for value in call.arguments.dropFirst() {
                heap.pointee.share(value)
                try heap.pointee.append(value, to: slot)
            }
            return Value(.list, slot: slot)
        case .contains: return Value(try isContained(call.arguments[1], in: first))
        case .length: return Value(Int64(try length(call)))
        case .keys, .values: return try columns(call)
        case .range: return try range(call)
        case .remove: return try removed(call)
        default: return try sorted(call)
        }
    }

    private func length(_ call: BuiltinCall) throws(Fault) -> Int {
        let value = call.arguments[0]
        switch value.tag {
        case .text:
            let bytes = heap.pointee.text(value.slot)
            extraSteps += bytes.count / 16
            return bytes.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        case .list, .record: return heap.pointee.objects[value.slot].count
        default: throw wrong(call, 0, "text, a list or a record")
        }
    }

    private func columns(_ call: BuiltinCall) throws(Fault) -> Value {
        let record = call.arguments[0]
        guard record.tag == .record else { throw wrong(call, 0, "a record") }
        let count = heap.pointee.objects[record.slot].count
        extraSteps += count
        let slot = try heap.pointee.makeList(capacity: count)
        for entry in heap.pointee.entries(record.slot) {
            let value = call.builtin == .keys ? entry.key : entry.value
            heap.pointee.share(value)
            try heap.pointee.append(value, to: slot)
        }
        return Value(.list, slot: slot)
    }

    /// Both ends belong to it, as with FOR.
    private func range(_ call: BuiltinCall) throws(Fault) -> Value {
        let from = try integer(call, 0)
        let to = try integer(call, 1)
        let step = call.count > 2 ? try integer(call, 2) : 1
        if step == 0 { throw Fault(.argumentInvalid, "got a step of 0, which never ends") }
        let isEmpty = step > 0 ? from > to : from < to
        let distance = UInt64(bitPattern: step > 0 ? to &- from : from &- to)
        let rounds = isEmpty ? 0 : distance / step.magnitude
        let count = isEmpty ? 0 : Int(min(rounds, UInt64(Int.max / 2))) + 1
        let slot = try heap.pointee.makeList(capacity: count)
        extraSteps += count
        var value = from
        for _ in 0..<count {
            try heap.pointee.append(Value(value), to: slot)
            value &+= step
        }
        return Value(.list, slot: slot)
    }

    private func removed(_ call: BuiltinCall) throws(Fault) -> Value {
        let container = call.arguments[0]
        let key = call.arguments[1]
        guard container.isHeap, container.tag != .text else {
            throw wrong(call, 0, "a list or a record")
        }
        extraSteps += heap.pointee.objects[container.slot].count
        if container.tag == .record {
            guard key.tag == .text else { throw wrong(call, 1, "a key, which is text") }
            let index = heap.pointee.find(key, in: container.slot)
            guard index >= 0 else {
                throw Fault(
                    .fieldMissing, "the record has no field '\(heap.pointee.string(key))'")
            }
            let slot = try heap.pointee.copyRecord(container.slot, without: index)
            return Value(.record, slot: slot)
        }
        _ = try element(container, key)
        let elements = heap.pointee.elements(container.slot)
        let slot = try heap.pointee.makeList(capacity: elements.count)
        for (index, value) in elements.enumerated() where Int64(index) != key.integer {
            heap.pointee.share(value)
            try heap.pointee.append(value, to: slot)
        }
        return Value(.list, slot: slot)
    }

    /// Merges runs that double in length: stable, and a comparison may fail at any point.
    private func sorted(_ call: BuiltinCall) throws(Fault) -> Value {
        guard call.arguments[0].tag == .list else { throw wrong(call, 0, "a list") }
        var from = Array(heap.pointee.elements(call.arguments[0].slot))
        var into = from
        var width = 1
        while width < from.count {
            extraSteps += from.count
            for start in stride(from: 0, to: from.count, by: width * 2) {
                try merge(from, start, width, &into)
            }
            swap(&from, &into)
            width *= 2
        }
        if from.count == 1 { _ = try compare(.less, from[0], from[0]) }
        let slot = try heap.pointee.makeList(capacity: from.count)
        for value in from { try heap.pointee.append(value, to: slot) }
        return Value(.list, slot: slot)
    }

    private func merge(
        _ from: [Value], _ start: Int, _ width: Int, _ into: inout [Value]
    ) throws(Fault) {
        let middle = min(start + width, from.count)
        let end = min(start + width * 2, from.count)
        var left = start
        var right = middle
        for place in start..<end {
            let takesRight: Bool
            if left == middle || right == end {
                takesRight = left == middle
            } else {
                takesRight = try compare(.less, from[right], from[left])
            }
            into[place] = takesRight ? from[right] : from[left]
            if takesRight { right += 1 } else { left += 1 }
        }
    }
}
