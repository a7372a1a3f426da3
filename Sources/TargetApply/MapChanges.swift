internal import ReplicationModel

/// Changes of a node map as bytes, in order. Each begins with a kind and two lengths, and names
/// identities, so that it means the same whatever the map's numbers are.
///
///     kind (1) | type or mapping (1) | name or handle length (1) | 0 (1) | identity (16) | ...
struct MapChanges: ~Copyable {
    enum Kind: UInt8 {
        /// Identity, target inode (8), handle.
        case bind = 1
        /// Identity, parent's identity, name.
        case attach = 2
        /// Parent's identity, name.
        case detach = 3
        /// Identity.
        case remove = 4
        /// Identity, index (4).
        case root = 5
        /// Identity; the type says whether its content is incomplete (1) or not any more (0).
        case unfinished = 6
        /// A directory's identity, name; the type says whether the object is known (1) or not (0).
        case awaited = 7
        /// A directory's identity, name; `.none` without a name: all of them.
        case arrived = 8
    }

    private var bytes = RawTable<UInt8>(capacity: 64 << 10)

    var count: Int { bytes.count }
    var contents: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes.base, count: bytes.count)
    }

    mutating func removeAll() { bytes.removeAll() }

    mutating func bind(
        _ file: FileID, _ inode: UInt64, _ type: ObjectType, _ handle: UnsafeRawBufferPointer
    ) {
        head(.bind, type.rawValue, handle.count, file)
        put(inode)
        put(handle)
    }

    mutating func attach(_ file: FileID, _ parent: FileID, _ name: UnsafeRawBufferPointer) {
        head(.attach, 0, name.count, file)
        put(parent)
        put(name)
    }

    mutating func detach(_ parent: FileID, _ name: UnsafeRawBufferPointer) {
        head(.detach, 0, name.count, parent)
        put(name)
    }

    mutating func remove(_ file: FileID) { head(.remove, 0, 0, file) }

    mutating func root(_ file: FileID, index: UInt32) {
        head(.root, 0, 0, file)
        put(index)
    }

    mutating func unfinished(_ file: FileID, _ truth: Bool) {
        head(.unfinished, truth ? 1 : 0, 0, file)
    }

    mutating func awaited(_ name: AwaitedName, isKnown: Bool) {
        head(.awaited, isKnown ? 1 : 0, name.name.count, name.parent)
        name.name.withUnsafeBytes { put($0) }
    }

    mutating func arrived(_ parent: FileID, _ name: UnsafeRawBufferPointer) {
        head(.arrived, 0, name.count, parent)
        put(name)
    }

    private mutating func head(_ kind: Kind, _ type: UInt8, _ length: Int, _ file: FileID) {
        bytes.reserve(4)
        bytes.base[bytes.count] = kind.rawValue
        bytes.base[bytes.count + 1] = type
        bytes.base[bytes.count + 2] = UInt8(truncatingIfNeeded: length)
        bytes.base[bytes.count + 3] = 0
        bytes.add(count: 4)
        put(file)
    }

    private mutating func put<Value: BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { put($0) }
    }

    private mutating func put(_ text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress, !text.isEmpty else { return }
        bytes.reserve(text.count)
        UnsafeMutableRawPointer(bytes.base + bytes.count)
            .copyMemory(from: start, byteCount: text.count)
        bytes.add(count: text.count)
    }
}

/// Plays changes into a map. Bytes that make no sense end it: answers whether all were good.
enum MapChangesReader {
    static func apply(_ bytes: UnsafeRawBufferPointer, to map: inout NodeMap) -> Bool {
        var place = 0
        func number<Value: BitwiseCopyable>(_ type: Value.Type) -> Value? {
            guard place + MemoryLayout<Value>.size <= bytes.count else { return nil }
            defer { place += MemoryLayout<Value>.size }
            return bytes.loadUnaligned(fromByteOffset: place, as: type)
        }
        func text(_ count: UInt8) -> UnsafeRawBufferPointer? {
            guard place + Int(count) <= bytes.count else { return nil }
            defer { place += Int(count) }
            return UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(count)])
        }
        while place < bytes.count {
            guard let head = number(UInt32.self), let file = number(FileID.self),
                let kind = MapChanges.Kind(rawValue: UInt8(truncatingIfNeeded: head))
            else { return false }
            let type = UInt8(truncatingIfNeeded: head >> 8)
            let length = UInt8(truncatingIfNeeded: head >> 16)
            switch kind {
            case .bind:
                guard let inode = number(UInt64.self), let handle = text(length),
                    let type = ObjectType(rawValue: type)
                else { return false }
                _ = map.bind(file, targetInode: inode, type: type, handle: handle)
            case .attach:
                guard let parent = number(FileID.self), let name = text(length) else {
                    return false
                }
                let child = map.find(file)
                let directory = map.find(parent)
                guard child != 0, directory != 0 else { return false }
                let old = map.link(directory, name)
                if old != 0 { map.detach(old) }
                map.attach(child, directory, name)
            case .detach:
                guard let name = text(length) else { return false }
                let directory = map.find(file)
                let link = directory == 0 ? 0 : map.link(directory, name)
                if link != 0 { map.detach(link) }
            case .remove:
                let node = map.find(file)
                if node != 0 { map.remove(node) }
            case .root:
                guard let index = number(UInt32.self) else { return false }
                let node = map.find(file)
                guard node != 0 else { return false }
                map.setRoot(node, index: index)
            case .awaited:
                guard let name = text(length) else { return false }
                _ = map.await(AwaitedName(parent: file, name: Array(name)), isKnown: type == 1)
            case .arrived:
                guard let name = text(length) else { return false }
                if file == .none { map.awaitNothing() } else { map.arrived(file, name) }
            case .unfinished:
                let node = map.find(file)
                guard node != 0 else { return false }
                if type == 0 {
                    map.unmark(node, .unfinished)
                } else {
                    map.mark(node, .unfinished)
                }
            }
        }
        return true
    }
}
