internal import Glibc

/// Finds numbers of elements by a hash of something in them. Open addressing, at most 3/4 full;
/// 0 is the empty place, so element 0 is never kept here.
struct HashIndex: ~Copyable {
    private var places: UnsafeMutablePointer<UInt32>
    private var mask: Int
    private(set) var count = 0

    init() {
        mask = 1023
        places = Self.allocate(1024)
    }

    deinit { free(places) }

    /// The element with `hash` for which `isIt` is true; 0: none.
    @inline(__always)
    func find(_ hash: UInt32, _ isIt: (UInt32) -> Bool) -> UInt32 {
        var place = Int(hash) & mask
        while places[place] != 0 {
            if isIt(places[place]) { return places[place] }
            place = (place + 1) & mask
        }
        return 0
    }

    /// `hashOf` answers the hash of any element that is kept here.
    mutating func insert(_ element: UInt32, _ hash: UInt32, _ hashOf: (UInt32) -> UInt32) {
        if (count + 1) * 4 > (mask + 1) * 3 { grow(hashOf) }
        var place = Int(hash) & mask
        while places[place] != 0 { place = (place + 1) & mask }
        places[place] = element
        count += 1
    }

    mutating func remove(_ element: UInt32, _ hash: UInt32, _ hashOf: (UInt32) -> UInt32) {
        var place = Int(hash) & mask
        while places[place] != element {
            if places[place] == 0 { return }
            place = (place + 1) & mask
        }
        count -= 1
        // Moves later elements of the run back, so that no gap lies between an element and its
        // place.
        var next = (place + 1) & mask
        while places[next] != 0 {
            let wanted = Int(hashOf(places[next])) & mask
            if (next &- wanted) & mask >= (next &- place) & mask {
                places[place] = places[next]
                place = next
            }
            next = (next + 1) & mask
        }
        places[place] = 0
    }

    private mutating func grow(_ hashOf: (UInt32) -> UInt32) {
        let old = places
        let oldCount = mask + 1
        mask = oldCount * 2 - 1
        places = Self.allocate(oldCount * 2)
        for index in 0..<oldCount where old[index] != 0 {
            var place = Int(hashOf(old[index])) & mask
            while places[place] != 0 { place = (place + 1) & mask }
            places[place] = old[index]
        }
        free(old)
    }

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<UInt32> {
        guard let memory = calloc(count, MemoryLayout<UInt32>.stride) else {
            preconditionFailure("no memory for an index of \(count)")
        }
        return memory.assumingMemoryBound(to: UInt32.self)
    }
}
