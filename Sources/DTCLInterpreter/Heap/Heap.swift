/// What a slot of the heap holds. Storage is raw memory of the heap's own.
struct HeapObject: BitwiseCopyable {
    enum Kind: UInt8 {
        case free
        case text
        case list
        case record
    }

    var kind: Kind
    var isMarked: Bool
    /// More than one place may hold it, so it is copied before it is changed.
    var isShared: Bool
    /// Levels of lists and records below and with this one; 0 for texts.
    var depth: UInt16
    /// Bytes, elements or entries.
    var count: Int
    var capacity: Int
    var storage: UnsafeMutableRawPointer?
    /// For records with many entries: hash and number of each entry, by hash.
    var table: UnsafeMutablePointer<TableSlot>?
    var tableCapacity: Int

    static var empty: HeapObject {
        HeapObject(
            kind: .free, isMarked: false, isShared: false, depth: 0, count: 0, capacity: 0,
            storage: nil, table: nil, tableCapacity: 0)
    }
}

/// A place of a record's table; `number` is one more than that of the entry, 0 when it is free.
struct TableSlot: BitwiseCopyable {
    var hash: UInt32
    var number: UInt32
}

/// One key and value of a record.
struct RecordSlot: BitwiseCopyable {
    var key: Value
    var hash: UInt32
    var value: Value
}

/// Texts, lists and records of one machine. Values name objects by slot; unreachable ones are
/// swept when the machine says so, which is only between two instructions.
struct Heap {
    private(set) var objects: UnsafeMutablePointer<HeapObject>
    private(set) var count = 0
    private var capacity: Int
    /// Free slots, each naming the next in `count`; -1 ends the chain.
    private var firstFree = -1
    /// Bytes held by all objects.
    private(set) var bytes = 0
    let bytesMax: Int
    /// Bytes at which the next sweep is due.
    private(set) var sweepAt = 4 << 20

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        capacity = 64
        objects = .allocate(capacity: capacity)
    }

    func destroy() {
        for slot in 0..<count { Heap.release(objects[slot]) }
        objects.deallocate()
    }

    private static func release(_ object: HeapObject) {
        object.storage?.deallocate()
        object.table?.deallocate()
    }

    // MARK: Slots

    private static let objectBytes = MemoryLayout<HeapObject>.stride

    mutating func charge(_ amount: Int) throws(Fault) {
        guard amount <= bytesMax - bytes else {
            throw Fault(.memoryLimit, "the script needs more than \(bytesMax) bytes of memory")
        }
        bytes += amount
    }

    /// A new object with room for some elements of a size. Its memory is charged first.
    mutating func make(
        _ kind: HeapObject.Kind, capacity wanted: Int, elementBytes: Int
    ) throws(Fault) -> Int {
        let (size, overflow) = wanted.multipliedReportingOverflow(by: elementBytes)
        try charge(overflow ? Int.max / 2 : size + Heap.objectBytes)
        let slot = takeSlot()
        objects[slot] = HeapObject(
            kind: kind, isMarked: false, isShared: false, depth: kind == .text ? 0 : 1, count: 0,
            capacity: wanted,
            storage: wanted == 0
                ? nil : UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16),
            table: nil, tableCapacity: 0)
        return slot
    }

    private mutating func takeSlot() -> Int {
        if firstFree >= 0 {
            let slot = firstFree
            firstFree = objects[slot].count
            return slot
        }
        if count == capacity {
            let larger = UnsafeMutablePointer<HeapObject>.allocate(capacity: capacity * 2)
            larger.update(from: objects, count: count)
            objects.deallocate()
            objects = larger
            capacity *= 2
        }
        count += 1
        return count - 1
    }

    /// Makes room for `wanted` elements in all.
    mutating func reserve(_ slot: Int, _ wanted: Int, elementBytes: Int) throws(Fault) {
        let object = objects[slot]
        guard wanted > object.capacity else { return }
        let larger = max(wanted, object.capacity * 2, 8)
        try charge((larger - object.capacity) * elementBytes)
        let storage = UnsafeMutableRawPointer.allocate(
            byteCount: larger * elementBytes, alignment: 16)
        if let old = object.storage {
            storage.copyMemory(from: old, byteCount: object.count * elementBytes)
            old.deallocate()
        }
        objects[slot].storage = storage
        objects[slot].capacity = larger
    }

    /// Keeps account of nesting when a value is put into a list or record: what walks values is
    /// recursive.
    mutating func nest(_ child: Value, in slot: Int) throws(Fault) {
        guard child.isHeap else { return }
        let depth = objects[child.slot].depth + 1
        guard depth > objects[slot].depth else { return }
        guard depth <= Heap.nestingMax else {
            throw Fault(.memoryLimit, "the value is nested deeper than \(Heap.nestingMax) levels")
        }
        objects[slot].depth = depth
    }

    mutating func setTable(_ slot: Int, _ table: UnsafeMutablePointer<TableSlot>, _ capacity: Int) {
        objects[slot].table?.deallocate()
        objects[slot].table = table
        objects[slot].tableCapacity = capacity
    }

    @inline(__always)
    func share(_ value: Value) {
        if value.isHeap { objects[value.slot].isShared = true }
    }

    // MARK: Sweeping

    @inline(__always)
    var isSweepDue: Bool { bytes >= sweepAt }

    func mark(_ value: Value) {
        guard value.isHeap, value.slot < count else { return }
        if objects[value.slot].kind == .text {
            objects[value.slot].isMarked = true
            return
        }
        var pending = [value.slot]
        while let slot = pending.popLast() {
            let object = objects[slot]
            guard object.kind != .free, !object.isMarked else { continue }
            objects[slot].isMarked = true
            switch object.kind {
            case .free, .text: break
            case .list:
                for element in elements(slot) where element.isHeap { pending.append(element.slot) }
            case .record:
                for entry in entries(slot) {
                    pending.append(entry.key.slot)
                    if entry.value.isHeap { pending.append(entry.value.slot) }
                }
            }
        }
    }

    mutating func sweep() {
        for slot in 0..<count {
            let object = objects[slot]
            if object.kind == .free { continue }
            if object.isMarked {
                objects[slot].isMarked = false
                continue
            }
            bytes -= size(of: object)
            Heap.release(object)
            objects[slot] = .empty
            objects[slot].count = firstFree
            firstFree = slot
        }
        sweepAt = max(4 << 20, bytes * 2)
    }

    /// How many objects there are and what they take.
    func census() -> (objects: Int, bytes: Int) {
        var objectCount = 0
        var bytesCount = 0
        for slot in 0..<count where objects[slot].kind != .free {
            objectCount += 1
            bytesCount += size(of: objects[slot])
        }
        return (objectCount, bytesCount)
    }

    private func size(of object: HeapObject) -> Int {
        let element =
            switch object.kind {
            case .free, .text: 1
            case .list: MemoryLayout<Value>.stride
            case .record: MemoryLayout<RecordSlot>.stride
            }
        return Heap.objectBytes + object.capacity * element + object.tableCapacity
            * MemoryLayout<TableSlot>.stride
    }
}
