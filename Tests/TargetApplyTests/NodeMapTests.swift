import ReplicationModel
import Testing

@testable import TargetApply

struct NodeMapTests {
    private func file(_ number: Int) -> FileID {
        FileID(inode: UInt64(number), generation: UInt32(number & 3), mount: 1)
    }

    private func attach(_ map: inout NodeMap, _ number: Int, _ parent: UInt32, _ name: String)
        -> UInt32
    {
        let node = map.bind(
            file(number), targetInode: UInt64(number + 1_000_000),
            type: number < 100 ? .directory : .regular,
            handle: UnsafeRawBufferPointer(start: nil, count: 0))
        Array(name.utf8).withUnsafeBytes { map.attach(node, parent, $0) }
        return node
    }

    private func find(_ map: borrowing NodeMap, _ parent: UInt32, _ name: String) -> UInt32 {
        let link = Array(name.utf8).withUnsafeBytes { map.link(parent, $0) }
        return link == 0 ? 0 : map[link: link].node
    }

    @Test func `Objects are found by identity, by place and by inode`() {
        var map = NodeMap()
        let root = map.bind(
            file(1), targetInode: 5, type: .directory,
            handle: UnsafeRawBufferPointer(start: nil, count: 0))
        map.setRoot(root, index: 0)
        let node = attach(&map, 200, root, "name")
        #expect(map.find(file(200)) == node)
        #expect(map.find(targetInode: 1_000_200) == node)
        #expect(find(map, root, "name") == node)
        #expect(find(map, root, "other") == 0)
        #expect(map.find(FileID(inode: 200, generation: 9, mount: 1)) == 0)
        #expect(map.root(0) == root)
        map.remove(node)
        #expect(map.find(file(200)) == 0)
        #expect(find(map, root, "name") == 0)
        #expect(map.nodeCount == 1)
    }

    @Test func `Removing a directory forgets what is below it but not what has names elsewhere`() {
        var map = NodeMap()
        let root = map.bind(
            file(1), targetInode: 5, type: .directory,
            handle: UnsafeRawBufferPointer(start: nil, count: 0))
        let directory = attach(&map, 2, root, "d")
        let inner = attach(&map, 3, directory, "inner")
        let linked = attach(&map, 200, inner, "one")
        _ = attach(&map, 201, inner, "two")
        Array("kept".utf8).withUnsafeBytes { map.attach(linked, root, $0) }
        map.remove(directory)
        #expect(map.nodeCount == 2)
        #expect(find(map, root, "kept") == linked)
        #expect(map[linked].file == file(200))
        let isBelow = map.isBelow(linked, root)
        #expect(isBelow)
    }

    @Test func `One object is never two nodes`() {
        var map = NodeMap()
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let one = map.bind(file(200), targetInode: 7, type: .regular, handle: none)
        let two = map.bind(file(201), targetInode: 7, type: .regular, handle: none)
        #expect(map.find(targetInode: 7) == two)
        #expect(map[one].targetInode == 0)
        map.remove(one)
        #expect(map.find(targetInode: 7) == two)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `Random changes agree with a simple model, and with what is read back`(seed: UInt64) {
        var numbers = seed
        func pick(_ bound: Int) -> Int {
            numbers = numbers &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((numbers >> 33) % UInt64(bound))
        }
        var map = NodeMap()
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let root = map.bind(file(1), targetInode: 5, type: .directory, handle: none)
        map.setRoot(root, index: 0)
        var model: [String: Int] = [:]
        for _ in 0..<20_000 {
            let name = "name \(pick(3000))"
            if let number = model[name], pick(3) != 0 {
                let link = Array(name.utf8).withUnsafeBytes { map.link(root, $0) }
                map.detach(link)
                if map[map.find(file(number))].firstLink == 0 { map.remove(map.find(file(number))) }
                model[name] = nil
            } else if model[name] == nil {
                let number = 100 + pick(2000)
                _ = attach(&map, number, root, name)
                model[name] = number
            }
        }
        var read = NodeMap()
        read.isRecording = false
        let isGood = MapChangesReader.apply(map.changes.contents, to: &read)
        #expect(isGood)
        for (name, number) in model {
            #expect(find(map, root, name) == map.find(file(number)))
            #expect(read[find(read, read.find(file(1)), name)].file == file(number))
        }
        #expect(map.nodeCount == Set(model.values).count + 1)
        #expect(read.nodeCount == map.nodeCount)
    }

    @Test func `Changes that make no sense are refused`() {
        var numbers: UInt64 = 9
        for _ in 0..<2000 {
            var bytes: [UInt8] = []
            for _ in 0..<100 {
                numbers = numbers &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(UInt8(truncatingIfNeeded: numbers >> 40) % 7)
            }
            var map = NodeMap()
            _ = bytes.withUnsafeBytes { MapChangesReader.apply($0, to: &map) }
        }
    }
}
