internal import CLinuxFuse

/// Builds the body of READDIR and READDIRPLUS answers, entry by entry, in a borrowed buffer.
package struct DirectoryEntries {
    private let room: UnsafeMutableRawBufferPointer
    /// Bytes used so far.
    package private(set) var byteCount = 0

    package init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    /// Bytes of an entry with a name of `nameLength` bytes.
    package static func byteCount(nameLength: Int, plus: Bool) -> Int {
        let fixed = plus ? MemoryLayout<fuse_entry_out>.size + 24 : 24
        return (fixed + nameLength + 7) & ~7
    }

    package func hasRoom(nameLength: Int, plus: Bool) -> Bool {
        byteCount + Self.byteCount(nameLength: nameLength, plus: plus) <= room.count
    }

    /// False when there is no room; nothing is written then. `offset` is where the listing goes on
    /// after this entry, `type` a DT_* number.
    package mutating func add(
        inode: UInt64, offset: UInt64, type: UInt32, name: UnsafeRawBufferPointer
    ) -> Bool {
        guard hasRoom(nameLength: name.count, plus: false) else { return false }
        let count = Self.byteCount(nameLength: name.count, plus: false)
        addEntry(inode, offset, type, name, at: byteCount, end: byteCount + count)
        byteCount += count
        return true
    }

    /// The same with what a LOOKUP would have answered; node 0 for "look it up yourself".
    package mutating func add(
        _ entry: Entry, inode: UInt64, offset: UInt64, type: UInt32, name: UnsafeRawBufferPointer
    ) -> Bool {
        guard hasRoom(nameLength: name.count, plus: true) else { return false }
        let count = Self.byteCount(nameLength: name.count, plus: true)
        room.storeBytes(of: entry.encoded, toByteOffset: byteCount, as: fuse_entry_out.self)
        let place = byteCount + MemoryLayout<fuse_entry_out>.size
        addEntry(inode, offset, type, name, at: place, end: byteCount + count)
        byteCount += count
        return true
    }

    /// The nodes that the entries of a READDIRPLUS answer tell the kernel of.
    package static func nodes(in entries: UnsafeRawBufferPointer) -> [UInt64] {
        let fixed = MemoryLayout<fuse_entry_out>.size
        var nodes: [UInt64] = []
        var place = 0
        while place + fixed + 24 <= entries.count {
            let node = entries.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            if node != 0 { nodes.append(node) }
            let length = entries.loadUnaligned(
                fromByteOffset: place + fixed + 16, as: UInt32.self)
            place += byteCount(nameLength: Int(length), plus: true)
        }
        return nodes
    }

    private func addEntry(
        _ inode: UInt64, _ offset: UInt64, _ type: UInt32, _ name: UnsafeRawBufferPointer,
        at place: Int, end: Int
    ) {
        room.storeBytes(of: inode, toByteOffset: place, as: UInt64.self)
        room.storeBytes(of: offset, toByteOffset: place + 8, as: UInt64.self)
        room.storeBytes(of: UInt32(name.count), toByteOffset: place + 16, as: UInt32.self)
        room.storeBytes(of: type, toByteOffset: place + 20, as: UInt32.self)
        UnsafeMutableRawBufferPointer(rebasing: room[(place + 24)..<end]).copyMemory(from: name)
        for index in (place + 24 + name.count)..<end { room[index] = 0 }
    }
}
