extension Heap {
    /// The entries of a record in the order of insertion.
    func entries(_ slot: Int) -> UnsafeMutableBufferPointer<RecordSlot> {
        let object = objects[slot]
        return UnsafeMutableBufferPointer(
            start: object.storage?.assumingMemoryBound(to: RecordSlot.self), count: object.count)
    }

    mutating func makeRecord(capacity: Int) throws(Fault) -> Int {
        try make(.record, capacity: capacity, elementBytes: MemoryLayout<RecordSlot>.stride)
    }

    /// The number of the entry with a key, -1 when there is none.
    func find(_ key: UnsafeBufferPointer<UInt8>, _ hash: UInt32, in slot: Int) -> Int {
        let object = objects[slot]
        let all = entries(slot)
        guard let table = object.table else {
            for index in 0..<object.count where isKey(all[index], key, hash) { return index }
            return -1
        }
        let mask = object.tableCapacity - 1
        var probe = Int(truncatingIfNeeded: hash) & mask
        while table[probe].number != 0 {
            let index = Int(table[probe].number) - 1
            if table[probe].hash == hash, isKey(all[index], key, hash) { return index }
            probe = (probe + 1) & mask
        }
        return -1
    }

    func find(_ key: Value, in slot: Int) -> Int {
        let bytes = text(key.slot)
        return find(bytes, Heap.hash(bytes), in: slot)
    }

    private func isKey(
        _ entry: RecordSlot, _ key: UnsafeBufferPointer<UInt8>, _ hash: UInt32
    ) -> Bool {
        entry.hash == hash && areEqual(text(entry.key.slot), key)
    }

    /// Sets a field; a key text that is kept is shared from now on.
    mutating func set(_ key: Value, _ value: Value, in slot: Int) throws(Fault) {
        try nest(value, in: slot)
        let bytes = text(key.slot)
        let hash = Heap.hash(bytes)
        let found = find(bytes, hash, in: slot)
        if found >= 0 {
            entries(slot)[found].value = value
            return
        }
        let count = objects[slot].count
        try reserve(slot, count + 1, elementBytes: MemoryLayout<RecordSlot>.stride)
        if count >= 8, (count + 1) * 2 > objects[slot].tableCapacity { try rebuildTable(slot) }
        share(key)
        let entry = RecordSlot(key: key, hash: hash, value: value)
        objects[slot].storage?.assumingMemoryBound(to: RecordSlot.self)[count] = entry
        objects[slot].count = count + 1
        if let table = objects[slot].table {
            insert(hash, count, table, objects[slot].tableCapacity)
        }
    }

    private func insert(
        _ hash: UInt32, _ index: Int, _ table: UnsafeMutablePointer<TableSlot>, _ capacity: Int
    ) {
        let mask = capacity - 1
        var probe = Int(truncatingIfNeeded: hash) & mask
        while table[probe].number != 0 { probe = (probe + 1) & mask }
        table[probe] = TableSlot(hash: hash, number: UInt32(truncatingIfNeeded: index + 1))
    }

    private mutating func rebuildTable(_ slot: Int) throws(Fault) {
        let capacity = max(32, objects[slot].tableCapacity * 2)
        try charge(
            (capacity - objects[slot].tableCapacity) * MemoryLayout<TableSlot>.stride)
        let table = UnsafeMutablePointer<TableSlot>.allocate(capacity: capacity)
        table.initialize(repeating: TableSlot(hash: 0, number: 0), count: capacity)
        for (index, entry) in entries(slot).enumerated() {
            insert(entry.hash, index, table, capacity)
        }
        setTable(slot, table, capacity)
    }

    mutating func copyRecord(_ slot: Int, without excluded: Int = -1) throws(Fault) -> Int {
        let copy = try makeRecord(capacity: objects[slot].count)
        for (index, entry) in entries(slot).enumerated() where index != excluded {
            share(entry.value)
            try set(entry.key, entry.value, in: copy)
        }
        return copy
    }
}
