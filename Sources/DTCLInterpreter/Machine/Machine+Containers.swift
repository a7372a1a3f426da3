// Lists, records, growing texts, and the loops over them.
extension Machine {
    func makeList(_ target: Int, _ first: Int, _ count: Int) throws(Fault) {
        let slot = try heap.pointee.makeList(capacity: count)
        for register in first..<(first + count) {
            try heap.pointee.append(read(register), to: slot)
        }
        registers[target] = Value(.list, slot: slot)
    }

    func makeRecord(_ target: Int, _ first: Int, _ count: Int) throws(Fault) {
        let slot = try heap.pointee.makeRecord(capacity: count)
        for pair in 0..<count {
            let register = first + pair * 2
            try heap.pointee.set(read(register), read(register + 1), in: slot)
        }
        registers[target] = Value(.record, slot: slot)
    }

    func field(_ base: Value, _ name: Value) throws(Fault) -> Value {
        guard base.tag == .record else {
            throw unexpected(base, "a record with the field '\(heap.pointee.string(name))'")
        }
        return try entry(base.slot, name)
    }

    /// Field names are found in any case when the exact one is not there.
    private func entry(_ slot: Int, _ name: Value) throws(Fault) -> Value {
        var index = heap.pointee.find(name, in: slot)
        if index < 0 {
            let wanted = heap.pointee.string(name).lowercased()
            let entries = heap.pointee.entries(slot)
            extraSteps += entries.count
            index = entries.firstIndex { heap.pointee.string($0.key).lowercased() == wanted } ?? -1
        }
        guard index >= 0 else {
            throw Fault(
                .fieldMissing, "the record has no field '\(heap.pointee.string(name))'")
        }
        return heap.pointee.entries(slot)[index].value
    }

    func element(_ base: Value, _ index: Value) throws(Fault) -> Value {
        switch base.tag {
        case .list:
            let elements = heap.pointee.elements(base.slot)
            return elements[try position(index, count: elements.count)]
        case .record:
            guard index.tag == .text else { throw unexpected(index, "a key, which is text") }
            let found = heap.pointee.find(index, in: base.slot)
            guard found >= 0 else {
                throw Fault(
                    .fieldMissing, "the record has no field '\(heap.pointee.string(index))'")
            }
            return heap.pointee.entries(base.slot)[found].value
        default: throw unexpected(base, "a list or a record")
        }
    }

    private func position(_ index: Value, count: Int) throws(Fault) -> Int {
        guard index.isInteger else { throw unexpected(index, "the number of an element") }
        guard index.integer >= 0, index.integer < count else {
            throw Fault(
                .elementMissing, "got element \(index.integer), the list has \(count), from 0")
        }
        return Int(index.integer)
    }

    // MARK: Change in place

    /// The container with one place changed; the same one when nobody else holds it.
    func replacing(
        _ container: Value, keys: Int, count: Int, with value: Int, at level: Int
    ) throws(Fault) -> Value {
        let key = try read(keys + level)
        switch container.tag {
        case .list:
            let index = try position(key, count: heap.pointee.objects[container.slot].count)
            let slot = try unshared(container)
            let new = try replacement(
                heap.pointee.elements(slot)[index], keys, count, value, level)
            try heap.pointee.nest(new, in: slot)
            heap.pointee.elements(slot)[index] = new
            return Value(.list, slot: slot)
        case .record:
            guard key.tag == .text else { throw unexpected(key, "a key, which is text") }
            let slot = try unshared(container)
            let found = heap.pointee.find(key, in: slot)
            if found < 0, level < count - 1 {
                throw Fault(
                    .fieldMissing, "the record has no field '\(heap.pointee.string(key))'")
            }
            let old = found < 0 ? Value.none : heap.pointee.entries(slot)[found].value
            let new = try replacement(old, keys, count, value, level)
            if found >= 0 {
                try heap.pointee.nest(new, in: slot)
                heap.pointee.entries(slot)[found].value = new
            } else {
                try heap.pointee.set(key, new, in: slot)
            }
            return Value(.record, slot: slot)
        default: throw unexpected(container, "a list or a record to change")
        }
    }

    private func replacement(
        _ old: Value, _ keys: Int, _ count: Int, _ value: Int, _ level: Int
    ) throws(Fault) -> Value {
        if level == count - 1 { return try read(value) }
        return try replacing(old, keys: keys, count: count, with: value, at: level + 1)
    }

    private func unshared(_ container: Value) throws(Fault) -> Int {
        guard heap.pointee.objects[container.slot].isShared else { return container.slot }
        extraSteps += heap.pointee.objects[container.slot].count
        return container.tag == .list
            ? try heap.pointee.copyList(container.slot)
            : try heap.pointee.copyRecord(container.slot)
    }

    // MARK: Texts

    func concatenate(_ first: Int, _ count: Int) throws(Fault) -> Value {
        let slot = try heap.pointee.makeEmptyText(capacity: 16)
        try appendPrinted(first, count, to: slot)
        return Value(.text, slot: slot)
    }

    private func appendPrinted(_ first: Int, _ count: Int, to slot: Int) throws(Fault) {
        let start = heap.pointee.objects[slot].count
        for register in first..<(first + count) {
            let value = try read(register)
            if value.tag == .text {
                try heap.pointee.appendText(slot, heap.pointee.text(value.slot))
            } else if value.isInteger {
                try heap.pointee.appendNumber(slot, value.integer)
            } else {
                try append(heap.pointee.printed(value), to: slot)
            }
        }
        extraSteps += (heap.pointee.objects[slot].count - start) / 16
    }

    private func append(_ string: String, to slot: Int) throws(Fault) {
        var string = string
        var failure: Fault?
        string.withUTF8 { bytes in
            do throws(Fault) {
                try heap.pointee.appendText(slot, bytes)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// `$s = $s & ...`: grows in place when nobody else holds the text and no part is the text.
    func extendText(_ target: Int, _ first: Int, _ count: Int) throws(Fault) {
        let value = try read(target)
        var isAlone = value.tag == .text && !heap.pointee.objects[value.slot].isShared
        for register in first..<(first + count) where isAlone {
            let part = try read(register)
            isAlone = part.tag != .text || part.slot != value.slot
        }
        if isAlone {
            let start = heap.pointee.objects[value.slot].count
            do throws(Fault) {
                try appendPrinted(first, count, to: value.slot)
            } catch {
                // The whole is tried again after a sweep, so nothing of it may stay.
                heap.pointee.truncate(value.slot, to: start)
                throw error
            }
            return
        }
        let size = value.tag == .text ? heap.pointee.text(value.slot).count : 0
        let slot = try heap.pointee.makeEmptyText(capacity: size + 16)
        if value.tag == .text {
            try heap.pointee.appendText(slot, heap.pointee.text(value.slot))
        } else {
            try append(heap.pointee.printed(value), to: slot)
        }
        extraSteps += size / 16
        try appendPrinted(first, count, to: slot)
        registers[target] = Value(.text, slot: slot)
    }

    /// `$l = append($l, ...)`
    func extendList(_ target: Int, _ first: Int, _ count: Int) throws(Fault) {
        let value = try read(target)
        guard value.tag == .list else { throw unexpected(value, "a list") }
        var slot = value.slot
        if heap.pointee.objects[slot].isShared {
            extraSteps += heap.pointee.objects[slot].count
            slot = try heap.pointee.copyList(slot, extra: count)
        }
        let start = heap.pointee.objects[slot].count
        do throws(Fault) {
            for register in first..<(first + count) {
                try heap.pointee.append(read(register), to: slot)
            }
        } catch {
            heap.pointee.truncate(slot, to: start)
            throw error
        }
        registers[target] = Value(.list, slot: slot)
    }

    // MARK: Loops

    /// Works out how many rounds there are, so that the counter can never run over.
    func prepareFor(_ first: Int, end: Int) throws(Fault) {
        let from = try read(first)
        let to = try read(first + 1)
        let step = try read(first + 2)
        guard let start = from.number, let limit = to.number, let width = step.number else {
            let wrong = [from, to, step].first { $0.number == nil } ?? from
            throw unexpected(wrong, "a number")
        }
        if width == 0 { throw Fault(.argumentInvalid, "got a step of 0, which never ends") }
        guard width > 0 ? start <= limit : start >= limit else {
            registers[first + 1] = Value(Int64(0))
            pc = end
            return
        }
        var rounds: UInt64
        if from.isInteger, to.isInteger, step.isInteger {
            let distance =
                width > 0
                ? UInt64(bitPattern: to.integer &- from.integer)
                : UInt64(bitPattern: from.integer &- to.integer)
            rounds = distance / step.integer.magnitude
        } else {
            registers[first] = Value(start)
            registers[first + 2] = Value(width)
            // A little more, because 0.1 + 0.1 + 0.1 is not quite 0.3.
            rounds = UInt64(min((limit - start) / width + 1e-9, 9e18))
        }
        if rounds < UInt64.max { rounds += 1 }
        registers[first + 1] = Value(tag: .integer, bits: rounds)
    }

    func prepareForEach(_ first: Int) throws(Fault) {
        let sequence = try read(first)
        guard sequence.tag == .list || sequence.tag == .record else {
            throw unexpected(sequence, "a list or a record")
        }
        registers[first + 1] = Value(Int64(0))
    }

    /// One variable takes elements or keys; two take position and element, or key and value.
    func nextForEach(_ first: Int, _ variable: Int, _ second: Int?) {
        let sequence = registers[first]
        let position = Int(registers[first + 1].integer)
        guard position < heap.pointee.objects[sequence.slot].count else {
            pc += 1
            return
        }
        registers[first + 1] = Value(Int64(position + 1))
        let key: Value
        let value: Value
        if sequence.tag == .list {
            key = Value(Int64(position))
            value = heap.pointee.elements(sequence.slot)[position]
        } else {
            let entry = heap.pointee.entries(sequence.slot)[position]
            (key, value) = (entry.key, entry.value)
        }
        heap.pointee.share(value)
        if let second {
            registers[variable] = key
            registers[second] = value
        } else {
            registers[variable] = sequence.tag == .list ? value : key
        }
        pc = program.code.instructions[pc].k
    }
}

extension Heap {
    mutating func truncate(_ slot: Int, to count: Int) {
        objects[slot].count = min(count, objects[slot].count)
    }
}
