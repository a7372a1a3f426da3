internal import CPosix
internal import Glibc
internal import ReplicationModel

/// Works on the source's tree as programs do, by random numbers, through the capture that `journal`
/// stands for: every effect is followed by its record, unless the power goes in between.
final class Application {
    private let disk: SimulatedDisk
    private let root = "/source"
    /// Told before an effect which objects it touches, by inode number.
    var willTouch: ([UInt64]) -> Void = { _ in }
    /// Takes a record with its payload.
    var didChange: (OperationRecord, [UInt8]) -> Void = { _, _ in }
    /// Which part of the tree is replicated.
    var set = SimulatedSet.everything
    /// Paths below the root by kind, found anew before every operation.
    private var directories: [String] = []
    private var files: [String] = []
    private var others: [String] = []

    private let namesCount: Int
    private let objectsMax: Int

    /// - Parameters:
    ///   - namesCount: how many different names there are: with few, the same ones meet again.
    ///   - objectsMax: nothing is made while there are more.
    init(disk: SimulatedDisk, namesCount: Int = 24, objectsMax: Int = 48) {
        self.disk = disk
        self.namesCount = namesCount
        self.objectsMax = objectsMax
    }

    func act(_ numbers: inout SeededNumbers) {
        look()
        let isFull = directories.count + files.count + others.count > objectsMax
        switch numbers.below(100) {
        case 0..<16: if !isFull { createFile(&numbers) }
        case 16..<23: if !isFull { createDirectory(&numbers) }
        case 23..<26: if !isFull { createLink(&numbers) }
        case 26..<48: write(&numbers)
        case 48..<53: truncate(&numbers)
        case 53..<56: punch(&numbers)
        case 56..<61: if !isFull { linkFile(&numbers) }
        case 61..<70: unlinkAny(&numbers)
        case 70..<74: removeDirectory(&numbers)
        case 74..<87: rename(&numbers)
        case 87..<90: exchange(&numbers)
        case 90..<94: changeMode(&numbers)
        case 94..<97: setExtended(&numbers)
        default: sync(&numbers)
        }
    }

    // MARK: Objects

    private func createFile(_ numbers: inout SeededNumbers) {
        guard let (parent, path) = newPlace(&numbers) else { return }
        willTouch([inode(parent)])
        let mode = mode_t(0o600 + numbers.below(64))
        let descriptor = cposix_open(full(path), O_CREAT | O_EXCL | O_RDWR, mode)
        guard descriptor >= 0 else { return }
        _ = cposix_close(descriptor)
        recordMade(parent, path)
        if numbers.oneIn(2) { write(path, &numbers) }
    }

    private func createDirectory(_ numbers: inout SeededNumbers) {
        guard let (parent, path) = newPlace(&numbers) else { return }
        willTouch([inode(parent)])
        guard cposix_mkdirat(AT_FDCWD, full(path), 0o755) == 0 else { return }
        recordMade(parent, path)
    }

    private func createLink(_ numbers: inout SeededNumbers) {
        guard let (parent, path) = newPlace(&numbers) else { return }
        willTouch([inode(parent)])
        let text = "text \(numbers.below(1000))"
        guard cposix_symlinkat(text, AT_FDCWD, full(path)) == 0 else { return }
        recordMade(parent, path, text: Array(text.utf8))
    }

    // MARK: Data

    private func write(_ numbers: inout SeededNumbers) {
        guard let path = files.randomElement(using: &numbers) else { return }
        write(path, &numbers)
    }

    private func write(_ path: String, _ numbers: inout SeededNumbers) {
        let count = 1 + numbers.below(numbers.oneIn(4) ? 9000 : 600)
        // Some files reach over the border of a block of the dirty index.
        let offset = numbers.oneIn(6) ? 64_000 + numbers.below(3000) : numbers.below(9000)
        let seed = UInt8(truncatingIfNeeded: numbers.next())
        let content = Self.content(count, seed)
        willTouch([inode(path)])
        let done = withFile(path, O_WRONLY) { cposix_pwrite($0, content, count, off_t(offset)) }
        guard done == count else { return }
        var record = record(.write, path)
        record.offset = Int64(offset)
        record.length = UInt64(count)
        emit(record, content)
    }

    /// Every sector is another one.
    private static func content(_ count: Int, _ seed: UInt8) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { room, used in
            _ = UnsafeMutableRawBufferPointer(room).initializeMemory(
                as: UInt8.self, repeating: seed)
            for place in stride(from: 0, to: count, by: 256) {
                room[place] = seed ^ UInt8(truncatingIfNeeded: place >> 8 &* 7)
            }
            used = count
        }
    }

    private func truncate(_ numbers: inout SeededNumbers) {
        guard let path = files.randomElement(using: &numbers) else { return }
        let size = numbers.oneIn(5) ? 70_000 : numbers.below(12_000)
        willTouch([inode(path)])
        guard withFile(path, O_RDWR, { Int(cposix_ftruncate($0, size)) }) == 0 else { return }
        var record = record(.truncate, path)
        record.length = UInt64(size)
        emit(record, [])
    }

    private func punch(_ numbers: inout SeededNumbers) {
        guard let path = files.randomElement(using: &numbers) else { return }
        let (offset, length) = (numbers.below(9000), 1 + numbers.below(9000))
        let mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
        willTouch([inode(path)])
        let result = withFile(path, O_RDWR) { Int(cposix_fallocate($0, mode, offset, length)) }
        guard result == 0 else { return }
        var record = record(.allocate, path)
        record.flags = UInt8(mode)
        record.offset = Int64(offset)
        record.length = UInt64(length)
        emit(record, [])
    }

    private func sync(_ numbers: inout SeededNumbers) {
        guard let path = files.randomElement(using: &numbers) else { return }
        _ = withFile(path, O_RDWR) { Int(numbers.oneIn(2) ? cposix_fsync($0) : cposix_syncfs($0)) }
    }

    // MARK: Names

    private func linkFile(_ numbers: inout SeededNumbers) {
        guard let path = files.randomElement(using: &numbers),
            let (parent, new) = newPlace(&numbers)
        else { return }
        willTouch([inode(path), inode(parent)])
        let before = set.membership(of: inode(path), in: disk.image)
        guard cposix_linkat(AT_FDCWD, full(path), AT_FDCWD, full(new), 0) == 0 else { return }
        var change = NameChange()
        change.parent = file(parent)
        change.parentModified = modified(parent)
        change.attributes = attributes(new)
        change.otherMembership = before
        emit(record(.link, new), change, name(new), [])
    }

    private func unlinkAny(_ numbers: inout SeededNumbers) {
        let kind = numbers.oneIn(4) ? others : files
        guard let path = kind.randomElement(using: &numbers) else { return }
        remove(path, .unlink, flags: 0)
    }

    private func removeDirectory(_ numbers: inout SeededNumbers) {
        guard let path = directories.dropFirst().randomElement(using: &numbers) else { return }
        remove(path, .removeDirectory, flags: AT_REMOVEDIR)
    }

    private func remove(_ path: String, _ kind: OperationKind, flags: CInt) {
        let record = record(kind, path)
        let parent = parent(path)
        willTouch([record.inode, inode(parent)])
        guard cposix_unlinkat(AT_FDCWD, full(path), flags) == 0 else { return }
        var change = NameChange()
        change.parent = file(parent)
        change.parentModified = modified(parent)
        emit(record, change, name(path), [])
    }

    private func rename(_ numbers: inout SeededNumbers) {
        guard let old = anything(&numbers), let (_, free) = newPlace(&numbers) else { return }
        var new = free
        if numbers.oneIn(3) {
            let isDirectory = directories.contains(old)
            let same = isDirectory ? Array(directories.dropFirst()) : files + others
            new = same.randomElement(using: &numbers) ?? free
        }
        guard old != new, !(new + "/").hasPrefix(old + "/") else { return }
        let record = record(.rename, old)
        var change = NameChange()
        change.replaced = file(new)
        guard change.replaced != record.file else { return }
        willTouch([
            record.inode, change.replaced.inode, inode(parent(old)), inode(parent(new)),
        ])
        guard cposix_renameat2(AT_FDCWD, full(old), AT_FDCWD, full(new), 0) == 0 else { return }
        finish(record, &change, old, new)
    }

    private func exchange(_ numbers: inout SeededNumbers) {
        guard let one = anything(&numbers), let other = anything(&numbers), one != other,
            !(one + "/").hasPrefix(other + "/"), !(other + "/").hasPrefix(one + "/")
        else { return }
        var record = record(.rename, one)
        record.flags = 2
        var change = NameChange()
        change.replaced = file(other)
        guard change.replaced != record.file else { return }
        willTouch([
            record.inode, change.replaced.inode, inode(parent(one)), inode(parent(other)),
        ])
        guard cposix_renameat2(AT_FDCWD, full(one), AT_FDCWD, full(other), 2) == 0 else { return }
        finish(record, &change, one, other)
    }

    private func finish(
        _ record: OperationRecord, _ change: inout NameChange, _ old: String, _ new: String
    ) {
        change.parent = file(parent(old))
        change.parentModified = modified(parent(old))
        change.otherParent = file(parent(new))
        change.otherParentModified = modified(parent(new))
        change.attributes = attributes(new)
        change.otherMembership = set.membership(new)
        emit(record, change, name(old), name(new))
    }

    // MARK: Attributes

    private func changeMode(_ numbers: inout SeededNumbers) {
        guard let path = anything(&numbers), !others.contains(path) else { return }
        let mode = mode_t(0o400 + numbers.below(256))
        willTouch([inode(path)])
        let result = withFile(path, O_RDONLY) { Int(cposix_fchmod($0, mode)) }
        guard result == 0 else { return }
        var record = record(.attributes, path)
        record.flags = AttributeSet.mode.rawValue
        emit(record, withUnsafeBytes(of: attributes(path)) { Array($0) })
    }

    private func setExtended(_ numbers: inout SeededNumbers) {
        guard let path = anything(&numbers), !others.contains(path) else { return }
        let name = "user.key\(numbers.below(3))"
        let value = [UInt8](repeating: UInt8(numbers.below(256)), count: numbers.below(40))
        willTouch([inode(path)])
        let result = withFile(path, O_RDONLY) {
            Int(cposix_fsetxattr($0, name, value, value.count, 0))
        }
        guard result == 0 else { return }
        var head = AttributeChange()
        head.nameLength = UInt16(name.utf8.count)
        head.valueLength = UInt32(value.count)
        emit(
            record(.setExtended, path),
            withUnsafeBytes(of: head) { Array($0) } + Array(name.utf8) + value)
    }

    // MARK: Records

    private func recordMade(_ parent: String, _ path: String, text: [UInt8] = []) {
        var change = NameChange()
        change.parent = file(parent)
        change.parentModified = modified(parent)
        change.attributes = attributes(path)
        emit(record(.create, path), change, name(path), [], text)
    }

    private func emit(
        _ record: OperationRecord, _ change: NameChange, _ name: [UInt8], _ other: [UInt8],
        _ text: [UInt8] = []
    ) {
        var change = change
        change.nameLength = UInt16(name.count)
        change.otherNameLength = UInt16(other.count)
        change.linkTextLength = UInt16(text.count)
        emit(record, withUnsafeBytes(of: change) { Array($0) } + name + other + text)
    }

    private func emit(_ record: OperationRecord, _ payload: [UInt8]) {
        guard !disk.isStopped else { return }
        didChange(record, payload)
    }

    /// With the time as it is after the effect.
    private func record(_ kind: OperationKind, _ path: String) -> OperationRecord {
        var record = OperationRecord(kind, file(path))
        record.time = modified(path)
        switch kind {
        case .link, .unlink, .removeDirectory, .rename: record.membership = set.membership(path)
        // What has a name in the set belongs to it by all of its names.
        default: record.membership = set.membership(of: inode(path), in: disk.image)
        }
        return record
    }

    // MARK: The tree

    private func look() {
        (directories, files, others) = ([], [], [])
        add("", DiskImage.rootNode)
    }

    private func add(_ path: String, _ number: UInt64) {
        guard let node = disk[number] else { return }
        switch node.type {
        case DiskNode.directory:
            directories.append(path)
            for entry in node.entries {
                let name = String(decoding: entry.name, as: UTF8.self)
                add(path.isEmpty ? name : path + "/" + name, entry.node)
            }
        case DiskNode.regular: files.append(path)
        default: others.append(path)
        }
    }

    /// Names come from a small set, so that they meet again.
    private func newPlace(_ numbers: inout SeededNumbers) -> (parent: String, path: String)? {
        guard let parent = directories.randomElement(using: &numbers) else { return nil }
        let name = "n\(numbers.below(namesCount))"
        return (parent, parent.isEmpty ? name : parent + "/" + name)
    }

    private func anything(_ numbers: inout SeededNumbers) -> String? {
        (files + others + directories.dropFirst() + directories.dropFirst())
            .randomElement(using: &numbers)
    }

    private func full(_ path: String) -> String { path.isEmpty ? root : root + "/" + path }

    private func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private func name(_ path: String) -> [UInt8] {
        let slash = path.lastIndex(of: "/")
        return Array(path[(slash.map { path.index(after: $0) } ?? path.startIndex)...].utf8)
    }

    private func withFile(_ path: String, _ flags: CInt, _ body: (CInt) -> Int) -> Int {
        let descriptor = cposix_open(full(path), flags, 0)
        guard descriptor >= 0 else { return Int(descriptor) }
        defer { _ = cposix_close(descriptor) }
        return body(descriptor)
    }

    private func node(_ path: String) -> DiskNode? {
        var number = DiskImage.rootNode
        for part in path.split(separator: "/") {
            guard let entry = disk[number]?.entry(Array(part.utf8)) else { return nil }
            number = entry.node
        }
        return disk[number]
    }

    private func inode(_ path: String) -> UInt64 { node(path)?.number ?? 0 }
    private func modified(_ path: String) -> Int64 { node(path)?.modified ?? 0 }

    private func file(_ path: String) -> FileID {
        guard let node = node(path) else { return .none }
        return FileID(inode: node.number, generation: node.generation, mount: 1)
    }

    private func attributes(_ path: String) -> ObjectAttributes {
        var result = ObjectAttributes()
        guard let node = node(path) else { return result }
        result.mode = node.mode
        result.user = node.user
        result.group = node.group
        result.linkCount = node.linkCount
        result.size = Int64(node.data.count)
        result.accessed = node.accessed
        result.modified = node.modified
        return result
    }
}
