extension Heap {
    /// The bytes of a text. Valid until the text is changed or swept.
    func text(_ slot: Int) -> UnsafeBufferPointer<UInt8> {
        let object = objects[slot]
        let start = object.storage.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) }
        return UnsafeBufferPointer(start: start, count: object.count)
    }

    func string(_ value: Value) -> String {
        String(decoding: text(value.slot), as: UTF8.self)
    }

    mutating func makeText(_ string: String) throws(Fault) -> Value {
        var string = string
        var result: Result<Value, Fault> = .success(.none)
        string.withUTF8 { bytes in
            do throws(Fault) {
                result = .success(try makeText(bytes))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    mutating func makeText(_ bytes: UnsafeBufferPointer<UInt8>) throws(Fault) -> Value {
        let slot = try makeEmptyText(capacity: bytes.count)
        try appendText(slot, bytes)
        return Value(.text, slot: slot)
    }

    mutating func makeEmptyText(capacity: Int) throws(Fault) -> Int {
        try make(.text, capacity: capacity, elementBytes: 1)
    }

    /// The bytes must not belong to the text itself.
    mutating func appendText(
        _ slot: Int, _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(Fault) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        let count = objects[slot].count
        try reserve(slot, count + bytes.count, elementBytes: 1)
        objects[slot].storage?.advanced(by: count).copyMemory(from: source, byteCount: bytes.count)
        objects[slot].count = count + bytes.count
    }

    func areEqualTexts(_ left: Int, _ right: Int) -> Bool {
        if left == right { return true }
        return areEqual(text(left), text(right))
    }

    private func areEqual(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        return left.elementsEqual(right)
    }

    /// By bytes, which for UTF-8 is the order of the characters' numbers.
    func isLessText(_ left: Int, _ right: Int) -> Bool {
        text(left).lexicographicallyPrecedes(text(right))
    }

    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return UInt32(truncatingIfNeeded: hash ^ (hash >> 32))
    }
}
