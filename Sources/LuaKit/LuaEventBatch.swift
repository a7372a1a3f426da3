import CLuaSupport
package import CommandModel

/// Events of one shape for a function in Lua, laid out so that handing one over costs no table.
/// Keep it and fill it again: it keeps its memory.
package struct LuaEventBatch: Sendable {
    /// The fields' names as a script reads them.
    package let fields: [String]
    package private(set) var count = 0
    private var slots: [clua_slot] = []
    private var bytes: [UInt8] = []

    package init(fields: [String], capacity: Int = 0) {
        self.fields = fields
        slots.reserveCapacity(capacity * fields.count)
    }

    package mutating func removeAll() {
        count = 0
        slots.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    /// Begins the next event; fields that are not set are nil.
    package mutating func append() {
        count += 1
        for _ in fields.indices { slots.append(clua_slot()) }
    }

    // MARK: Fields of the last event

    package mutating func set(_ field: Int, _ number: Int64) {
        set(field) {
            $0.number = number
            $0.kind = 3
        }
    }

    package mutating func set(_ field: Int, _ number: Double) {
        set(field) {
            $0.decimal = number
            $0.kind = 4
        }
    }

    package mutating func set(_ field: Int, _ truth: Bool) {
        set(field) { $0.kind = truth ? 2 : 1 }
    }

    package mutating func set(_ field: Int, _ text: String) {
        setBytes(field, kind: 5) { $0.append(contentsOf: text.utf8) }
    }

    /// Text as it is; a script sees the same bytes, whether they are valid or not.
    package mutating func set(_ field: Int, text: UnsafeRawBufferPointer) {
        setBytes(field, kind: 5) { $0.append(contentsOf: text) }
    }

    /// Any value; what is no number, truth or text is decoded each time that the script reads it.
    package mutating func set(_ field: Int, _ value: CommandValue) throws(LuaError) {
        switch value {
        case .none: set(field) { $0.kind = 0 }
        case .boolean(let truth): set(field, truth)
        case .integer(let number): set(field, number)
        case .decimal(let number): set(field, number)
        case .text(let text): set(field, text)
        case .list, .record:
            let encoded = try ValueBytes.encode(value)
            setBytes(field, kind: 6) { $0.append(contentsOf: encoded) }
        }
    }

    private mutating func set(_ field: Int, _ change: (inout clua_slot) -> Void) {
        precondition(count > 0 && fields.indices.contains(field), "no such field")
        change(&slots[slots.count - fields.count + field])
    }

    private mutating func setBytes(
        _ field: Int, kind: UInt8, _ append: (inout [UInt8]) -> Void
    ) {
        let start = bytes.count
        append(&bytes)
        precondition(bytes.count <= Int(UInt32.max), "a batch's texts have 4 GB at most")
        let count = bytes.count - start
        set(field) {
            $0.text.start = UInt32(start)
            $0.text.count = UInt32(count)
            $0.kind = kind
        }
    }

    // MARK: Into C

    func withRows<Result>(
        _ body: (_ names: UnsafePointer<CChar>, _ rows: UnsafePointer<clua_rows>) -> Result
    ) -> Result {
        let names = fields.flatMap { $0.utf8.filter { $0 != 0 } + [0] }.map {
            CChar(bitPattern: $0)
        }
        return slots.withUnsafeBufferPointer { slots in
            bytes.withUnsafeBufferPointer { bytes in
                var rows = clua_rows(
                    slots: slots.baseAddress, bytes: bytes.baseAddress, fields: fields.count,
                    rows: count, byte_count: bytes.count)
                return names.withUnsafeBufferPointer { names in
                    withUnsafePointer(to: &rows) { rows in
                        // Never empty: a batch without fields has a zero for its name.
                        names.baseAddress.map { body($0, rows) } ?? body("", rows)
                    }
                }
            }
        }
    }
}

extension LuaState {
    /// Begins a call of the function with each event of the batch from `first` on, in one thread: a
    /// command in one of them suspends the batch. What the function returns is of no interest. Each
    /// event has the whole budget of instructions, the batch together one of time. An error ends
    /// the batch; ``LuaError/event`` says where, so that the host may go on behind it.
    package mutating func deliver(
        _ batch: borrowing LuaEventBatch, from first: Int = 0, to function: LuaReference,
        wallSecondsMax: Double? = nil
    ) throws(LuaError) -> LuaThread {
        let wall = LuaLimits.nanoseconds(wallSecondsMax ?? limits.wallSecondsMax)
        let handle = self.handle
        let thread = batch.withRows { names, rows in
            clua_deliver(handle, function.number, names, rows, max(0, first), wall)
        }
        guard let thread else { throw problem() }
        return adopt(thread)
    }
}
