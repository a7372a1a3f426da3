import FuseKernel
import Testing

@Suite struct DirectoryEntriesTests {
    @Test func `entries are aligned, padded with zeros and refused when there is no room`() {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 72, alignment: 8)
        defer { room.deallocate() }
        room.initializeMemory(as: UInt8.self, repeating: 0xEE)
        var entries = DirectoryEntries(room)
        let name = Array("abc".utf8)
        let added = name.withUnsafeBytes { bytes in
            [
                entries.add(inode: 7, offset: 11, type: 8, name: bytes),
                entries.add(inode: 8, offset: 12, type: 4, name: bytes),
                entries.add(inode: 9, offset: 13, type: 4, name: bytes),
            ]
        }
        #expect(added == [true, true, false])
        #expect(entries.byteCount == 64)
        #expect(room.load(as: UInt64.self) == 7)
        #expect(room.load(fromByteOffset: 8, as: UInt64.self) == 11)
        #expect(room.load(fromByteOffset: 16, as: UInt32.self) == 3)
        #expect(room.load(fromByteOffset: 20, as: UInt32.self) == 8)
        #expect(Array(room[24..<32]) == name + [0, 0, 0, 0, 0])
        #expect(room[64] == 0xEE)
    }

    @Test func `the nodes that a listing tells of are found in it`() {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { room.deallocate() }
        var entries = DirectoryEntries(room)
        for node in [5, 0, 1 << 40, 7] as [UInt64] {
            var entry = Entry()
            entry.node = node
            let name = [UInt8](repeating: 0x61, count: 1 + Int(node % 20))
            name.withUnsafeBytes {
                _ = entries.add(entry, inode: node, offset: 1, type: 8, name: $0)
            }
        }
        let used = UnsafeRawBufferPointer(rebasing: room[..<entries.byteCount])
        #expect(DirectoryEntries.nodes(in: used) == [5, 1 << 40, 7])
        let cut = UnsafeRawBufferPointer(rebasing: used.dropLast(8))
        #expect(DirectoryEntries.nodes(in: cut).count <= 3)
    }
}
