import CPosix
import FileSystemAccess
import Glibc
import ReplicationModel
import Testing

@testable import TargetApply

struct MapLogTests {
    private let folder: CInt
    private let path: String

    init() throws {
        var name = Array("/tmp/understudy-log-XXXXXX".utf8CString)
        _ = mkdtemp(&name)
        path = String(decoding: name.dropLast().map(UInt8.init), as: UTF8.self)
        folder = try SystemCall.open(path, O_RDONLY | O_DIRECTORY)
    }

    private func cleanUp() {
        SystemCall.close(folder)
        for name in ["map.log", "map.log.new", "checkpoint"] { unlink(path + "/" + name) }
        rmdir(path)
    }

    private func add(_ map: inout NodeMap, _ number: UInt64) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let file = FileID(inode: number, generation: 0, mount: 1)
        let root = map.bind(
            FileID(inode: 2, generation: 0, mount: 1), targetInode: 2, type: .directory,
            handle: none)
        let node = map.bind(file, targetInode: number, type: .regular, handle: none)
        Array("n\(number)".utf8).withUnsafeBytes { map.attach(node, root, $0) }
    }

    /// A log of ten chunks, each with an object more; answers where each chunk ends.
    private func makeLog() throws -> [Int64] {
        var map = NodeMap()
        var log = try MapLog.create(in: folder, generation: 1, journalID: 7, applied: 0, map: map)
        var ends: [Int64] = []
        for number in 1...10 {
            add(&map, UInt64(number + 100))
            try log.append(&map.changes, journalID: 7, applied: UInt64(number * 10))
            ends.append(log.offset)
        }
        return ends
    }

    /// What a log says when it is opened: its position, and how many objects it has.
    private func read(_ limit: Checkpoint? = nil) throws -> (applied: UInt64?, count: Int) {
        var map = NodeMap()
        let log = try MapLog.open(in: folder, limit: limit, map: &map)
        let count = map.nodeCount
        if let log { return (log.applied, count) }
        return (nil, count)
    }

    @Test func `A log reads back as far as it is whole`() throws {
        defer { cleanUp() }
        let ends = try makeLog()
        for cut in stride(from: Int(ends[9]), through: Int(ends[4]), by: -7) {
            truncate(path + "/map.log", cut)
            let found = try read()
            let whole = ends.filter { $0 <= Int64(cut) }.count
            #expect(found.applied == UInt64(whole * 10))
            #expect(found.count == whole + 1)
            // What was torn is cut off, so that the next chunk follows the last good one.
            #expect(Int64(try SystemCall.status(at: folder, "map.log").st_size) == ends[whole - 1])
        }
    }

    @Test func `A flipped bit ends the log there`() throws {
        defer { cleanUp() }
        let ends = try makeLog()
        let file = open(path + "/map.log", O_RDWR)
        defer { close(file) }
        var byte: UInt8 = 0
        for place in [Int(ends[6]) + 3, Int(ends[6]) + 20, Int(ends[6]) + 60] {
            pread(file, &byte, 1, place)
            byte ^= 0x10
            pwrite(file, &byte, 1, place)
            var copy = [UInt8](repeating: 0, count: Int(ends[9]))
            pread(file, &copy, copy.count, 0)
            #expect(try read().applied == 70)
            pwrite(file, copy, copy.count, 0)
            byte ^= 0x10
            pwrite(file, &byte, 1, place)
        }
        #expect(try read().applied == 100)
    }

    @Test func `After a power cut the map is read up to the checkpoint`() throws {
        defer { cleanUp() }
        let ends = try makeLog()
        var checkpoint = Checkpoint()
        checkpoint.logGeneration = 1
        checkpoint.logOffset = UInt64(ends[2])
        let found = try read(checkpoint)
        #expect(found.applied == 30)
        #expect(found.count == 4)
        checkpoint.logGeneration = 5
        #expect(try read(checkpoint).applied == nil)
    }

    @Test func `A log that was replaced just before a power cut is believed as it began`() throws {
        defer { cleanUp() }
        var map = NodeMap()
        for number in 1...5 { add(&map, UInt64(number + 100)) }
        var log = try MapLog.create(in: folder, generation: 2, journalID: 7, applied: 50, map: map)
        map.changes.removeAll()
        add(&map, 300)
        try log.append(&map.changes, journalID: 7, applied: 60)
        var checkpoint = Checkpoint()
        checkpoint.logGeneration = 1
        checkpoint.logOffset = 12345
        let found = try read(checkpoint)
        #expect(found.applied == 50)
        #expect(found.count == 6)
    }

    @Test func `A checkpoint with a wrong byte is none`() throws {
        defer { cleanUp() }
        var checkpoint = Checkpoint()
        checkpoint.durable = 99
        checkpoint.flags = [.inconsistent]
        let store = CheckpointStore(folder: OwnedDescriptor(cposix_dup(folder)), checkpoint)
        try store.write()
        #expect(try CheckpointStore.read(in: folder) == checkpoint)
        try store.update { $0.durable = 100 }
        #expect(try CheckpointStore.read(in: folder)?.durable == 100)
        let file = open(path + "/checkpoint", O_RDWR)
        var byte: UInt8 = 0x55
        pwrite(file, &byte, 1, 30)
        close(file)
        #expect(try CheckpointStore.read(in: folder) == nil)
    }
}
