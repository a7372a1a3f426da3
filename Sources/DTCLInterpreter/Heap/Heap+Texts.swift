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

    /// The digits of a number, written where they stay.
    mutating func appendNumber(_ slot: Int, _ number: Int64) throws(Fault) {
        var rest = number.magnitude
        var length = number < 0 ? 2 : 1
        var power = rest
        while power >= 10 {
            power /= 10
            length += 1
        }
        let count = objects[slot].count
        try reserve(slot, count + length, elementBytes: 1)
        guard let storage = objects[slot].storage else { return }
        let bytes = storage.assumingMemoryBound(to: UInt8.self) + count
        var place = length
        repeat {
            place -= 1
            bytes[place] = UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0")
            rest /= 10
        } while rest > 0
        if number < 0 { bytes[0] = UInt8(ascii: "-") }
        objects[slot].count = count + length
    }

    func areEqualTexts(_ left: Int, _ right: Int) -> Bool {
        if left == right { return true }
        return areEqual(text(left), text(right))
    }

    @inline(__always)
    func areEqual(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        var place = 0
        while place < left.count {
            if left[place] != right[place] { return false }
            place += 1
        }
        return true
    }

    /// By bytes, which for UTF-8 is the order of the characters' numbers.
    func isLessText(_ left: Int, _ right: Int) -> Bool {
        text(left).lexicographicallyPrecedes(text(right))
    }

    /// Well spread but for the last character, so that keys that count up, as most do that are
    /// many, share lines of the cache in tens.
    @inline(__always)
    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        guard let last = bytes.last else { return 0 }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var place = 0
        while place < bytes.count - 1 {
            hash = (hash ^ UInt64(bytes[place])) &* 0x0000_0100_0000_01B3
            place += 1
        }
        hash = (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
        return UInt32(truncatingIfNeeded: hash >> 32) &+ UInt32(last)
    }
}
