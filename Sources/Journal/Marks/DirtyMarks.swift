package import ReplicationModel

/// The marks that a resync works with, as they were when it began. Never changes.
package struct DirtyMarks: Sendable {
    private let storage: DirtyStorage
    /// Places of entries by mount, inode, generation, range; the object's own entry comes last.
    private let order: [UInt32]
    /// Marks found no place: everything is suspect by its change time.
    package let isOverflowed: Bool
    /// Records went that did not become marks: hot groups and change times decide as well.
    package let isIncomplete: Bool

    init(_ storage: DirtyStorage) {
        self.storage = storage
        isOverflowed = storage.table.isOverflowed
        isIncomplete = storage.table.isIncomplete
        var keys: [SortKey] = []
        keys.reserveCapacity(storage.table.count)
        for place in 0..<storage.table.capacity where storage.table[place].word != 0 {
            keys.append(SortKey(storage.table[place], UInt32(place)))
        }
        keys.sort { $0.precedes($1) }
        order = keys.map(\.place)
    }

    /// What an entry is sorted by, side by side in memory.
    private struct SortKey {
        var inode: UInt64
        /// Generation and mount.
        var key: UInt64
        var range: UInt32
        var place: UInt32

        init(_ entry: DirtyEntry, _ place: UInt32) {
            inode = entry.inode
            key = entry.word & DirtyEntry.keyMask
            range = entry.range
            self.place = place
        }

        @inline(__always)
        func precedes(_ other: SortKey) -> Bool {
            if key >> 32 != other.key >> 32 { return key >> 32 < other.key >> 32 }
            if inode != other.inode { return inode < other.inode }
            if key != other.key { return key < other.key }
            return range < other.range
        }
    }

    /// Entries, 64 bytes each.
    package var count: Int { order.count }
    /// Of the file that they lie in.
    package var byteCount: Int { storage.table.byteCount }
    package var isEmpty: Bool { order.isEmpty && !isOverflowed && !isIncomplete }

    /// What is marked of an object; nil: nothing.
    package func marks(of file: FileID) -> FileMarks? {
        let wanted = SortKey(DirtyEntry(inode: file.inode, word: DirtyEntry.key(file)), 0)
        var range = 0..<order.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            range =
                SortKey(entry(middle), 0).precedes(wanted)
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        var place = range.lowerBound
        guard place < order.count, entry(place).file == file else { return nil }
        return next(&place)
    }

    /// Hands every object with marks to `body`, by mount and inode number.
    package func forEach(_ body: (FileMarks) -> Void) {
        var place = 0
        while place < order.count { body(next(&place)) }
    }

    private func entry(_ place: Int) -> DirtyEntry { storage.table[Int(order[place])] }

    /// All entries of one object, from its first one on.
    private func next(_ place: inout Int) -> FileMarks {
        let file = entry(place).file
        var marks = FileMarks(file: file, kinds: [], blocks: [], lastSequence: 0)
        while place < order.count, entry(place).file == file {
            let entry = entry(place)
            marks.kinds.formUnion(entry.kinds)
            marks.lastSequence = max(marks.lastSequence, entry.lastSequence)
            if entry.range != DirtyEntry.objectRange {
                Self.add(entry, &marks.blocks)
            } else if entry.kinds.contains(.wholeData) {
                Self.addRest(from: Int64(clamping: entry.bits.0), &marks.blocks)
            }
            place += 1
        }
        return marks
    }

    private static func add(_ entry: DirtyEntry, _ blocks: inout [Range<Int64>]) {
        let start = Int64(entry.range) << 8
        let words = [entry.bits.0, entry.bits.1, entry.bits.2, entry.bits.3]
        for (number, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                let low = rest.trailingZeroBitCount
                let run = (~(rest >> UInt64(low))).trailingZeroBitCount
                let first = start + Int64(number * 64 + low)
                if let last = blocks.last, last.upperBound == first {
                    blocks[blocks.count - 1] = last.lowerBound..<first + Int64(run)
                } else {
                    blocks.append(first..<first + Int64(run))
                }
                let done = UInt64(low + run)
                rest = done >= 64 ? 0 : (rest >> done) << done
            }
        }
    }

    private static func addRest(from block: Int64, _ blocks: inout [Range<Int64>]) {
        var first = block
        while let last = blocks.last, last.upperBound >= first {
            first = min(first, last.lowerBound)
            blocks.removeLast()
        }
        blocks.append(first..<Int64.max)
    }
}

/// A table that nobody changes any more.
final class DirtyStorage: @unchecked Sendable {
    let table: DirtyTable

    init(_ table: consuming DirtyTable) { self.table = table }
}
