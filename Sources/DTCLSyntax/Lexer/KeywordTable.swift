extension Keyword {
    static let lengthMax = 9

}

/// Keywords by the number that their letters make: open addressing, twice as many places as words.
struct KeywordTable: Sendable {
    static let shared = KeywordTable()

    private static let capacity = 128
    private var keys = [UInt64](repeating: 0, count: capacity)
    private var words = [Keyword](repeating: .and, count: capacity)

    private init() {
        for word in Keyword.allCases {
            let spelling = Array(word.rawValue.utf8)
            let key = spelling.withUnsafeBufferPointer { KeywordTable.key($0, 0, $0.count) }
            var place = KeywordTable.place(of: key)
            while keys[place] != 0 { place = (place + 1) % KeywordTable.capacity }
            keys[place] = key
            words[place] = word
        }
    }

    /// Six bits a letter; 0 for what is no letter, which no keyword has. Letters fill no more than
    /// 54 of the 64 bits.
    @inline(__always)
    static func key(_ bytes: UnsafeBufferPointer<UInt8>, _ lower: Int, _ upper: Int) -> UInt64 {
        var key: UInt64 = 0
        var place = lower
        while place < upper {
            let letter = (bytes[place] | 0x20) &- 0x60
            if letter == 0 || letter > 26 { return 0 }
            key = key << 6 | UInt64(letter)
            place += 1
        }
        return key
    }

    @inline(__always)
    private static func place(of key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 57)
    }

    /// The keyword that bytes spell, in any case. Asked for every word of a text, so that it looks
    /// at numbers rather than at texts.
    @inline(__always)
    func find(_ bytes: UnsafeBufferPointer<UInt8>, _ lower: Int, _ upper: Int) -> Keyword? {
        guard 2...Keyword.lengthMax ~= upper - lower else { return nil }
        let key = KeywordTable.key(bytes, lower, upper)
        guard key != 0 else { return nil }
        var place = KeywordTable.place(of: key)
        while keys[place] != 0 {
            if keys[place] == key { return words[place] }
            place = (place + 1) % KeywordTable.capacity
        }
        return nil
    }
}

/// A set of keywords as a number.
struct KeywordSet: ExpressibleByArrayLiteral {
    private var bits: UInt64 = 0

    init(arrayLiteral words: Keyword...) {
        for word in words { bits |= 1 << UInt64(word.ordinal) }
    }

    func contains(_ word: Keyword) -> Bool { bits & 1 << UInt64(word.ordinal) != 0 }
}
