internal import Synchronization

/// The names of nodes in the shared memory. Pages of 64 KiB; all names of a page have room for the
/// same number of units of 32 bytes, so that what lies where can be found without any list.
///
/// A name: 8 bytes owner (0: free; written last), 8 bytes parent, 2 bytes length, then the bytes.
struct SharedNames {
    private let memory: SharedMemory
    /// Free places by their units, 1 to 9.
    private var free: [[UInt32]]
    private var pagesUsed = 0

    /// No place.
    static let none = UInt32.max
    private static let unitBytes = 32
    private static let headBytes = 18
    private static let unitsMax = 9
    private static let unitsPerPage = SharedMemory.namePageBytes / unitBytes

    init(_ memory: SharedMemory) {
        self.memory = memory
        free = Array(repeating: [], count: Self.unitsMax + 1)
    }

    /// Answers its place, `none` when there is no room.
    mutating func add(_ owner: UInt64, _ parent: UInt64, _ name: UnsafeRawBufferPointer) -> UInt32 {
        let units = (Self.headBytes + name.count + Self.unitBytes - 1) / Self.unitBytes
        guard units <= Self.unitsMax, let place = take(units) else { return Self.none }
        let start = address(place)
        start.storeBytes(of: parent, toByteOffset: 8, as: UInt64.self)
        start.storeBytes(of: UInt16(name.count), toByteOffset: 16, as: UInt16.self)
        if let bytes = name.baseAddress {
            (start + Self.headBytes).copyMemory(from: bytes, byteCount: name.count)
        }
        word(start).pointee.store(owner, ordering: .sequentiallyConsistent)
        return place
    }

    mutating func remove(_ place: UInt32) {
        guard place != Self.none else { return }
        word(address(place)).pointee.store(0, ordering: .sequentiallyConsistent)
        free[Int(kind(Int(place) / Self.unitsPerPage))].append(place)
    }

    private mutating func take(_ units: Int) -> UInt32? {
        if let place = free[units].popLast() { return place }
        guard pagesUsed < memory.namePageCount else { return nil }
        let page = pagesUsed
        pagesUsed += 1
        memory.namePageKinds.storeBytes(of: UInt8(units), toByteOffset: page, as: UInt8.self)
        free[units].append(contentsOf: Self.places(page, units))
        return free[units].popLast()
    }

    mutating func restore(
        _ take: (_ owner: UInt64, _ parent: UInt64, UnsafeRawBufferPointer, UInt32) -> Bool
    ) {
        while pagesUsed < memory.namePageCount, kind(pagesUsed) != 0 {
            let page = pagesUsed
            let units = Int(kind(page))
            for place in Self.places(page, units) {
                let start = address(place)
                let owner = word(start).pointee.load(ordering: .acquiring)
                let parent = start.load(fromByteOffset: 8, as: UInt64.self)
                let length = Int(start.load(fromByteOffset: 16, as: UInt16.self))
                if owner != 0, length <= units * Self.unitBytes - Self.headBytes {
                    let name = UnsafeRawBufferPointer(
                        start: start + Self.headBytes, count: length)
                    if take(owner, parent, name, place) { continue }
                    word(start).pointee.store(0, ordering: .sequentiallyConsistent)
                }
                free[units].append(place)
            }
            pagesUsed += 1
        }
    }

    /// Those that a page has room for; the first ones last, as they are taken from the end.
    private static func places(_ page: Int, _ units: Int) -> [UInt32] {
        let first = page * unitsPerPage
        return (0..<unitsPerPage / max(1, units)).reversed().map {
            UInt32(first + $0 * max(1, units))
        }
    }

    private func kind(_ page: Int) -> UInt8 {
        memory.namePageKinds.load(fromByteOffset: page, as: UInt8.self)
    }

    private func address(_ place: UInt32) -> UnsafeMutableRawPointer {
        memory.names + Int(place) * Self.unitBytes
    }

    private func word(_ start: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
        start.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
}
