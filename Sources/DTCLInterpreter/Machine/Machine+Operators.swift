// Arithmetic and comparison beyond two small integers.
extension Machine {
    func arithmetic(_ opcode: Opcode, _ left: Value, _ right: Value) throws(Fault) -> Value {
        if left.isInteger, right.isInteger {
            return Value(try integers(opcode, left.integer, right.integer))
        }
        guard let first = left.number, let second = right.number else {
            if left.tag == .integer, left.integer < 0 { throw unexpected(left, "numbers") }
            throw mismatch(opcode.verb, left, right)
        }
        let result: Double
        switch opcode {
        case .add: result = first + second
        case .subtract: result = first - second
        case .multiply: result = first * second
        default:
            if second == 0 { throw Fault(.divisionByZero, "division by zero") }
            result =
                opcode == .divide
                ? first / second : first.truncatingRemainder(dividingBy: second)
        }
        guard result.isFinite else { throw overflow(opcode, left, right) }
        return Value(result)
    }

    private func integers(
        _ opcode: Opcode, _ left: Int64, _ right: Int64
    ) throws(Fault) -> Int64 {
        let (result, hasOverflow): (Int64, Bool)
        switch opcode {
        case .add: (result, hasOverflow) = left.addingReportingOverflow(right)
        case .subtract: (result, hasOverflow) = left.subtractingReportingOverflow(right)
        case .multiply: (result, hasOverflow) = left.multipliedReportingOverflow(by: right)
        default:
            if right == 0 { throw Fault(.divisionByZero, "division by zero") }
            (result, hasOverflow) =
                opcode == .divide
                ? left.dividedReportingOverflow(by: right)
                : (right == -1 ? 0 : left % right, false)
        }
        if hasOverflow { throw overflow(opcode, Value(left), Value(right)) }
        return result
    }

    private func overflow(_ opcode: Opcode, _ left: Value, _ right: Value) -> Fault {
        let first = (try? heap.pointee.printed(left)) ?? ""
        let second = (try? heap.pointee.printed(right)) ?? ""
        return Fault(.overflow, "\(opcode.verb) \(first) and \(second) gives too large a number")
    }

    func negate(_ value: Value) throws(Fault) -> Value {
        switch value.tag {
        case .integer: return try arithmetic(.subtract, Value(Int64(0)), value)
        case .decimal: return Value(-value.decimal)
        default: throw unexpected(value, "a number")
        }
    }

    // MARK: Comparison

    func compare(
        _ opcode: Opcode, _ left: Value, _ right: Value, isSwapped: Bool = false
    ) throws(Fault) -> Bool {
        switch opcode {
        case .equal: return try areEqual(left, right)
        case .notEqual: return try !areEqual(left, right)
        default: break
        }
        let isStrict = opcode == .less
        if left.isInteger, right.isInteger {
            return isStrict ? left.integer < right.integer : left.integer <= right.integer
        }
        if let first = left.number, let second = right.number {
            return isStrict ? first < second : first <= second
        }
        if left.tag == .text, right.tag == .text {
            extraSteps += heap.pointee.text(left.slot).count / 16
            return isStrict
                ? heap.pointee.isLessText(left.slot, right.slot)
                : !heap.pointee.isLessText(right.slot, left.slot)
        }
        throw isSwapped
            ? mismatch("comparing", right, left) : mismatch("comparing", left, right)
    }

    /// NONE may be compared with everything; other unlike kinds are an error.
    func areEqual(_ left: Value, _ right: Value, depth: Int = 0) throws(Fault) -> Bool {
        try spend(1)
        if left.isInteger, right.isInteger { return left.integer == right.integer }
        if let first = left.number, let second = right.number { return first == second }
        guard left.tag == right.tag else {
            if left.tag == .none || right.tag == .none || depth > 0 { return false }
            throw mismatch("comparing", left, right)
        }
        switch left.tag {
        case .text:
            try spend(heap.pointee.text(left.slot).count / 16)
            return heap.pointee.areEqualTexts(left.slot, right.slot)
        case .list: return try areEqualLists(left, right, depth)
        case .record: return try areEqualRecords(left, right, depth)
        case .integer, .decimal, .boolean, .none, .unset: return left.bits == right.bits
        }
    }

    private func areEqualLists(
        _ left: Value, _ right: Value, _ depth: Int
    ) throws(Fault) -> Bool {
        if left.slot == right.slot { return true }
        let first = heap.pointee.elements(left.slot)
        let second = heap.pointee.elements(right.slot)
        guard first.count == second.count else { return false }
        for index in 0..<first.count {
            if try !areEqual(first[index], second[index], depth: depth + 1) { return false }
        }
        return true
    }

    /// The order of the fields does not count.
    private func areEqualRecords(
        _ left: Value, _ right: Value, _ depth: Int
    ) throws(Fault) -> Bool {
        if left.slot == right.slot { return true }
        let first = heap.pointee.entries(left.slot)
        let second = heap.pointee.entries(right.slot)
        guard first.count == second.count else { return false }
        for entry in first {
            let index = heap.pointee.find(entry.key, in: right.slot)
            guard index >= 0 else { return false }
            if try !areEqual(entry.value, second[index].value, depth: depth + 1) { return false }
        }
        return true
    }

    /// Booleans, and integers that are not negative.
    func holds(_ value: Value) throws(Fault) -> Bool {
        if value.tag == .boolean { return value.boolean }
        if value.isInteger {
            if value.integer >= 0 { return value.integer != 0 }
            throw Fault(
                .conditionInvalid,
                "got \(value.integer) as a condition: a negative number is the code of a failed "
                    + "command; test it with '< 0'")
        }
        throw Fault(
            .conditionInvalid, "got \(value.kindName) as a condition, expected a boolean")
    }

    /// An element of a list, a key of a record, a part of a text.
    func isContained(_ value: Value, in container: Value) throws(Fault) -> Bool {
        switch container.tag {
        case .list:
            for element in heap.pointee.elements(container.slot) {
                if try areEqual(value, element, depth: 1) { return true }
            }
            return false
        case .record:
            guard value.tag == .text else { throw unexpected(value, "a key, which is text") }
            return heap.pointee.find(value, in: container.slot) >= 0
        case .text:
            guard value.tag == .text else { throw unexpected(value, "text") }
            return try find(value, in: container, from: 0) >= 0
        default: throw unexpected(container, "a list, a record or text")
        }
    }

    /// LIKE: `*` stands for any characters, `?` for one.
    func matches(_ value: Value, pattern: Value) throws(Fault) -> Bool {
        guard value.tag == .text else { throw unexpected(value, "text before LIKE") }
        guard pattern.tag == .text else { throw unexpected(pattern, "a text after LIKE") }
        let text = heap.pointee.text(value.slot)
        let pattern = heap.pointee.text(pattern.slot)
        var position = 0
        var place = 0
        // Where the last star stood, and how much of the text it has taken.
        var star: (place: Int, taken: Int)?
        while position < text.count {
            try spend(1)
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, position)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") {
                position = Machine.nextCharacter(text, position)
                place += 1
            } else if place < pattern.count, pattern[place] == text[position] {
                position += 1
                place += 1
            } else if let last = star {
                star = (last.place, Machine.nextCharacter(text, last.taken))
                position = star?.taken ?? text.count
                place = last.place + 1
            } else {
                return false
            }
        }
        while place < pattern.count, pattern[place] == UInt8(ascii: "*") { place += 1 }
        return place == pattern.count
    }

    static func nextCharacter(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        var next = position + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}

extension Opcode {
    /// For messages.
    var verb: String {
        switch self {
        case .add: "adding"
        case .subtract: "subtracting"
        case .multiply: "multiplying"
        case .divide: "dividing"
        default: "taking the remainder of"
        }
    }
}
