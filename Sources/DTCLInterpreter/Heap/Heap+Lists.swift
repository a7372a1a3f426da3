extension Heap {
    /// The elements of a list. Valid until the list is changed or swept.
    func elements(_ slot: Int) -> UnsafeMutableBufferPointer<Value> {
        let object = objects[slot]
        return UnsafeMutableBufferPointer(
            start: object.storage?.assumingMemoryBound(to: Value.self), count: object.count)
    }

    mutating func makeList(capacity: Int) throws(Fault) -> Int {
        try make(.list, capacity: capacity, elementBytes: MemoryLayout<Value>.stride)
    }

    mutating func append(_ value: Value, to slot: Int) throws(Fault) {
        try nest(value, in: slot)
        let count = objects[slot].count
        try reserve(slot, count + 1, elementBytes: MemoryLayout<Value>.stride)
        objects[slot].storage?.assumingMemoryBound(to: Value.self)[count] = value
        objects[slot].count = count + 1
    }

    mutating func copyList(_ slot: Int, extra: Int = 0) throws(Fault) -> Int {
        let copy = try makeList(capacity: objects[slot].count + extra)
        for element in elements(slot) {
            share(element)
            try append(element, to: copy)
        }
        return copy
    }
}
