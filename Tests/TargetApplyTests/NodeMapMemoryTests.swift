import FileSystemAccess
import Glibc
import ReplicationModel
import Testing

@testable import TargetApply

/// The bound for a map of a million objects. In a process of its own only, because others would be
/// counted too: UNDERSTUDY_SPEED asks for it.
@Suite(.enabled(if: getenv("UNDERSTUDY_SPEED") != nil))
struct NodeMapMemoryTests {
    @Test func `A million objects take less than 200 MB`() throws {
        let before = residentBytes()
        var map = NodeMap()
        map.isRecording = false
        let handle: [UInt8] = [1, 1, 2, 3, 4, 5, 6, 7, 8]
        let root = handle.withUnsafeBytes {
            map.bind(
                FileID(inode: 2, generation: 0, mount: 1), targetInode: 2, type: .directory,
                handle: $0)
        }
        for number in 3..<1_000_003 {
            let node = handle.withUnsafeBytes {
                map.bind(
                    FileID(inode: UInt64(number), generation: 1, mount: 1),
                    targetInode: UInt64(number), type: .regular, handle: $0)
            }
            Array("a file name \(number)".utf8).withUnsafeBytes { map.attach(node, root, $0) }
        }
        let used = residentBytes() - before
        print("a million objects: \(used >> 20) MB")
        #expect(used < 200 << 20)
        #expect(map.nodeCount == 1_000_001)
    }

    private func residentBytes() -> Int {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { room.deallocate() }
        guard let file = try? SystemCall.open("/proc/self/statm", O_RDONLY),
            let count = try? SystemCall.readAll(file, room, at: 0)
        else { return 0 }
        SystemCall.close(file)
        let fields = String(decoding: room[..<count], as: UTF8.self).split(separator: " ")
        return (Int(fields[1]) ?? 0) * 4096
    }
}
