internal import Synchronization

/// Which groups are hot, and since which generation. Found without a lock by any thread while one
/// thread, under the log's lock, adds.
///
/// A place of the table is never emptied; a group of an old generation may be replaced by a new
/// one. A reader therefore looks at the group once more after it has seen the generation.
struct HotTable: @unchecked Sendable {
    /// Groups + 1, 0 is a free place; then the generations, 32 bits each.
    private let groups: UnsafeMutablePointer<Atomic<UInt64>>
    private let generations: UnsafeMutablePointer<Atomic<UInt32>>
    private let mask: Int
    let memory: UnsafeMutableRawPointer

    var capacity: Int { mask + 1 }

    /// - Parameter capacity: a power of two.
    static func make(capacity: Int) -> HotTable {
        let bytes = headBytes + capacity * 12
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        memory.storeBytes(of: capacity, as: Int.self)
        return HotTable(memory)
    }

    /// The table that lies at an address that `memory` gave.
    init(_ memory: UnsafeMutableRawPointer) {
        self.memory = memory
        let capacity = memory.load(as: Int.self)
        mask = capacity - 1
        let start = memory + Self.headBytes
        groups = start.assumingMemoryBound(to: Atomic<UInt64>.self)
        generations = (start + capacity * 8).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    /// Empties a table that was in use before. A reader that still looks at it finds either what
    /// is true or nothing.
    func clear() {
        for place in 0...mask {
            generations[place].store(0, ordering: .relaxed)
            groups[place].store(0, ordering: .releasing)
        }
    }

    /// In which generation the group became hot last; 0: never.
    @inline(__always)
    func generation(of group: UInt64) -> UInt32 {
        let key = group &+ 1
        var place = Self.hash(group) & mask
        for _ in 0...mask {
            let found = groups[place].load(ordering: .acquiring)
            if found == 0 { return 0 }
            if found == key {
                let generation = generations[place].load(ordering: .acquiring)
                // It may have been replaced in between.
                return groups[place].load(ordering: .acquiring) == key ? generation : 0
            }
            place = (place + 1) & mask
        }
        return 0
    }

    /// Says that the group is hot. One thread at a time.
    ///
    /// - Returns: whether a free place was used up for it, or nil when there is none.
    func set(_ group: UInt64, _ generation: UInt32) -> Bool? {
        let key = group &+ 1
        var place = Self.hash(group) & mask
        var stale: Int?
        for _ in 0...mask {
            let found = groups[place].load(ordering: .relaxed)
            if found == key {
                generations[place].store(generation, ordering: .releasing)
                return false
            }
            if found == 0 {
                if let stale {
                    replace(stale, key, generation)
                    return false
                }
                generations[place].store(generation, ordering: .relaxed)
                groups[place].store(key, ordering: .releasing)
                return true
            }
            if stale == nil, generations[place].load(ordering: .relaxed) != generation {
                stale = place
            }
            place = (place + 1) & mask
        }
        guard let stale else { return nil }
        replace(stale, key, generation)
        return false
    }

    private func replace(_ place: Int, _ key: UInt64, _ generation: UInt32) {
        generations[place].store(0, ordering: .sequentiallyConsistent)
        groups[place].store(key, ordering: .sequentiallyConsistent)
        generations[place].store(generation, ordering: .releasing)
    }

    /// Groups of one generation, in no order.
    func groups(of generation: UInt32) -> [UInt64] {
        (0...mask).compactMap { place in
            let key = groups[place].load(ordering: .relaxed)
            return key != 0 && generations[place].load(ordering: .relaxed) == generation
                ? key &- 1 : nil
        }
    }

    private static let headBytes = 64

    @inline(__always)
    private static func hash(_ group: UInt64) -> Int {
        Int(truncatingIfNeeded: (group &* 0x9E37_79B9_7F4A_7C15) >> 20)
    }
}
