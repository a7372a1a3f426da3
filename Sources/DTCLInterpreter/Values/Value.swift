/// What a register holds: trivial, 16 bytes. Texts, lists and records live in the heap and are
/// named here by their slot.
struct Value: BitwiseCopyable {
    enum Tag: UInt8 {
        case integer
        case decimal
        case boolean
        case none
        /// A variable that was never set; no expression ever yields it.
        case unset
        // From here on `bits` is a slot of the heap.
        case text
        case list
        case record
    }

    var tag: Tag
    var bits: UInt64

    @inline(__always)
    init(tag: Tag, bits: UInt64) {
        self.tag = tag
        self.bits = bits
    }

    @inline(__always)
    init(_ number: Int64) {
        self.init(tag: .integer, bits: UInt64(bitPattern: number))
    }

    @inline(__always)
    init(_ number: Double) {
        self.init(tag: .decimal, bits: number.bitPattern)
    }

    @inline(__always)
    init(_ flag: Bool) {
        self.init(tag: .boolean, bits: flag ? 1 : 0)
    }

    @inline(__always)
    init(_ tag: Tag, slot: Int) {
        self.init(tag: tag, bits: UInt64(truncatingIfNeeded: slot))
    }

    static var none: Value { Value(tag: .none, bits: 0) }
    static var unset: Value { Value(tag: .unset, bits: 0) }

    @inline(__always) var integer: Int64 { Int64(bitPattern: bits) }
    @inline(__always) var decimal: Double { Double(bitPattern: bits) }
    @inline(__always) var boolean: Bool { bits != 0 }
    @inline(__always) var slot: Int { Int(truncatingIfNeeded: bits) }
    @inline(__always) var isInteger: Bool { tag == .integer }
    @inline(__always) var isHeap: Bool { tag.rawValue >= Tag.text.rawValue }

    /// An integer or decimal as a decimal.
    var number: Double? {
        switch tag {
        case .integer: Double(integer)
        case .decimal: decimal
        default: nil
        }
    }

    var kindName: String {
        switch tag {
        case .integer: "integer"
        case .decimal: "decimal"
        case .boolean: "boolean"
        case .none: "none"
        case .unset: "unset"
        case .text: "text"
        case .list: "list"
        case .record: "record"
        }
    }
}
