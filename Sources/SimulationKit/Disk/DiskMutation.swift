/// One step of what a call does to a disk. Steps on names and attributes reach the disk in their
/// order, as with a journaling file system; data reach it in any order, block by block.
enum DiskMutation: Sendable {
    case make(DiskNode)
    case enter(directory: UInt64, name: [UInt8], node: UInt64)
    case leave(directory: UInt64, name: [UInt8])
    case linkCount(UInt64, UInt32)
    case forget(UInt64)
    case mode(UInt64, UInt32)
    case owner(UInt64, user: UInt32, group: UInt32)
    case times(UInt64, accessed: Int64?, modified: Int64?, changed: Int64)
    case size(UInt64, Int)
    case setExtended(UInt64, name: [UInt8], value: [UInt8]?)
    case parent(UInt64, UInt64)
    /// Within one block.
    case data(UInt64, offset: Int, bytes: [UInt8])
    case punch(UInt64, Range<Int>)

    var isData: Bool {
        switch self {
        case .data, .punch: true
        default: false
        }
    }

    /// What is left of it when the power goes in its middle: whole sectors.
    func torn(_ choose: (Int) -> Int) -> DiskMutation {
        guard case .data(let node, let offset, let bytes) = self, bytes.count > 512 else {
            return self
        }
        let kept = choose(bytes.count / 512) * 512
        return .data(node, offset: offset, bytes: Array(bytes[..<kept]))
    }

    var node: UInt64 {
        switch self {
        case .make(let node): node.number
        case .enter(let directory, _, _), .leave(let directory, _): directory
        case .linkCount(let node, _), .forget(let node), .mode(let node, _), .owner(let node, _, _),
            .times(let node, _, _, _), .size(let node, _), .setExtended(let node, _, _),
            .parent(let node, _), .data(let node, _, _), .punch(let node, _):
            node
        }
    }
}

extension DiskImage {
    mutating func apply(_ mutation: DiskMutation) {
        switch mutation {
        case .make(let node): nodes[node.number] = node
        case .enter(let directory, let name, let node):
            change(directory) { directory in
                let cookie = (directory.entries.last?.cookie ?? 2) + 1
                directory.entries.append(DiskEntry(name: name, node: node, cookie: cookie))
            }
        case .leave(let directory, let name):
            change(directory) { $0.entries.removeAll { $0.name == name } }
        case .linkCount(let node, let count): change(node) { $0.linkCount = count }
        case .forget(let node): nodes[node] = nil
        case .mode(let node, let mode): change(node) { $0.mode = mode }
        case .owner(let node, let user, let group):
            change(node) { ($0.user, $0.group) = (user, group) }
        case .times(let node, let accessed, let modified, let changed):
            change(node) { node in
                if let accessed { node.accessed = accessed }
                if let modified { node.modified = modified }
                node.changed = changed
            }
        case .size(let node, let size): change(node) { $0.resize(to: size) }
        case .setExtended(let node, let name, let value):
            change(node) { node in
                node.extended.removeAll { $0.name == name }
                if let value { node.extended.append((name, value)) }
            }
        case .parent(let node, let parent): change(node) { $0.parent = parent }
        case .data(let node, let offset, let bytes): change(node) { $0.put(bytes, at: offset) }
        case .punch(let node, let range): change(node) { $0.punch(range) }
        }
    }

    private mutating func change(_ number: UInt64, _ body: (inout DiskNode) -> Void) {
        guard let place = nodes.index(forKey: number) else { return }
        body(&nodes.values[place])
    }
}

extension DiskNode {
    mutating func resize(to size: Int) {
        if size < data.count {
            data.removeLast(data.count - size)
            let blocks = (size + Self.blockBytes - 1) / Self.blockBytes
            allocated = allocated.filter { $0 < blocks }
        } else {
            let old = data
            // By blocks of memory, because a debug build appends byte by byte.
            data = [UInt8](unsafeUninitializedCapacity: size) { room, used in
                let room = UnsafeMutableRawBufferPointer(room)
                old.withUnsafeBytes { room.copyMemory(from: $0) }
                _ = UnsafeMutableRawBufferPointer(rebasing: room[old.count...])
                    .initializeMemory(as: UInt8.self, repeating: 0)
                used = size
            }
        }
    }

    /// Bytes beyond the end are lost, as when the size did not reach the disk.
    mutating func put(_ bytes: [UInt8], at offset: Int) {
        let end = min(offset + bytes.count, data.count)
        guard offset < end else { return }
        data.withUnsafeMutableBytes { data in
            bytes.withUnsafeBytes { bytes in
                let place = UnsafeMutableRawBufferPointer(rebasing: data[offset..<end])
                place.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<(end - offset)]))
            }
        }
        for block in offset / Self.blockBytes...(end - 1) / Self.blockBytes {
            allocated.insert(block)
        }
    }

    mutating func punch(_ range: Range<Int>) {
        let end = min(range.upperBound, data.count)
        guard range.lowerBound < end else { return }
        data.withUnsafeMutableBytes { data in
            _ = UnsafeMutableRawBufferPointer(rebasing: data[range.lowerBound..<end])
                .initializeMemory(as: UInt8.self, repeating: 0)
        }
        let first = (range.lowerBound + Self.blockBytes - 1) / Self.blockBytes
        let last = range.upperBound / Self.blockBytes
        if first < last { for block in first..<last { allocated.remove(block) } }
    }
}
