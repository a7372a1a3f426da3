import CPosix
import FileSystemAccess
import Glibc
import ReplicationModel
import WireProtocol

/// One change as it goes over the wire.
struct Change {
    var record: OperationRecord
    var payload: [UInt8]
}

/// Works on a folder as applications do, by a seed, and keeps the records that a capture would
/// make. Reads identities and times with the C library after each operation.
final class SourceHistory {
    let root: String
    private(set) var changes: [Change] = []
    private var numbers: SeededNumbers
    private var sequence: UInt64 = 0
    /// Paths below the root; "" is the root.
    private var directories: [String] = [""]
    private var files: [String] = []
    private var others: [String] = []

    /// How many different names there are: with few, the same ones meet again and again.
    private let nameCount: Int
    private let directoryMax: Int

    init(root: String, seed: UInt64, nameCount: Int = 30, directoryMax: Int = 40) {
        self.root = root
        self.nameCount = nameCount
        self.directoryMax = directoryMax
        numbers = SeededNumbers(seed: seed)
        umask(0)
        mkdir(root, 0o755)
    }

    var rootFile: FileID { file("") }
    var lastSequence: UInt64 { sequence }

    /// The changes so far are of no further interest.
    func discard() { changes.removeAll() }

    /// Hands the changes so far over to a stream.
    func put(into batch: inout BatchBuilder) {
        Self.put(changes[...], into: &batch)
        discard()
    }

    static func put(_ changes: ArraySlice<Change>, into batch: inout BatchBuilder) {
        for change in changes {
            let isAdded = change.payload.withUnsafeBytes { payload in
                var record = change.record
                record.checksum = Checksum.of(payload)
                return batch.append(record, payload: payload)
            }
            precondition(isAdded, "no room in the batch")
        }
    }

    /// Of all files, by their identity.
    func sizes() -> [FileID: Int64] {
        var result: [FileID: Int64] = [:]
        for path in files { result[file(path)] = objectAttributes(path).size }
        return result
    }

    func run(operations: Int) {
        for _ in 0..<operations {
            switch numbers.next() % 100 {
            case 0..<14: createFile()
            case 14..<21: createDirectory()
            case 21..<25: createOther()
            case 25..<45: write()
            case 45..<49: truncate()
            case 49..<52: punch()
            case 52..<58: linkFile()
            case 58..<66: unlinkAny()
            case 66..<69: removeDirectory()
            case 69..<82: renameAny()
            case 82..<86: exchange()
            case 86..<92: attributes()
            case 92..<97: extended()
            default: setTimes()
            }
        }
    }

    // MARK: Operations

    private func createFile() {
        let (parent, path) = newPlace()
        let descriptor = Glibc.open(
            full(path), O_WRONLY | O_CREAT | O_EXCL, 0o600 + mode_t(pick(64)))
        guard descriptor >= 0 else { return }
        close(descriptor)
        if pick(4) == 0 { chown(full(path), 100 + UInt32(pick(3)), 200) }
        files.append(path)
        recordCreate(parent, path)
        if pick(2) == 0 { write(path) }
    }

    private func createDirectory() {
        guard directories.count < directoryMax else { return }
        let (parent, path) = newPlace()
        guard mkdir(full(path), 0o700 + mode_t(pick(64))) == 0 else { return }
        directories.append(path)
        recordCreate(parent, path)
    }

    private func createOther() {
        let (parent, path) = newPlace()
        if pick(2) == 0 {
            guard symlink("text \(pick(1000))", full(path)) == 0 else { return }
        } else {
            guard mkfifo(full(path), 0o644) == 0 else { return }
        }
        others.append(path)
        recordCreate(parent, path)
    }

    private func write() {
        guard let path = files.randomElement(using: &numbers) else { return }
        write(path)
    }

    private func write(_ path: String) {
        let content = OddTree.bytes(1 + pick(3000), numbers.next())
        let offset = pick(20_000)
        let descriptor = Glibc.open(full(path), O_WRONLY)
        guard descriptor >= 0 else { return }
        pwrite(descriptor, content, content.count, offset)
        close(descriptor)
        var record = record(.write, path)
        record.offset = Int64(offset)
        record.length = UInt64(content.count)
        add(record, content)
    }

    private func truncate() {
        guard let path = files.randomElement(using: &numbers) else { return }
        let size = pick(25_000)
        Glibc.truncate(full(path), size)
        var record = record(.truncate, path)
        record.length = UInt64(size)
        add(record, [])
    }

    private func punch() {
        guard let path = files.randomElement(using: &numbers) else { return }
        let (offset, length) = (pick(20_000), 1 + pick(9000))
        let mode = [0, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE][pick(3)]
        let descriptor = Glibc.open(full(path), O_RDWR)
        guard descriptor >= 0 else { return }
        let result = cposix_fallocate(descriptor, mode, offset, length)
        close(descriptor)
        guard result >= 0 else { return }
        var record = record(.allocate, path)
        record.flags = UInt8(mode)
        record.offset = Int64(offset)
        record.length = UInt64(length)
        add(record, [])
    }

    private func linkFile() {
        guard let path = files.randomElement(using: &numbers) else { return }
        let (parent, new) = newPlace()
        guard link(full(path), full(new)) == 0 else { return }
        files.append(new)
        var change = NameChange()
        change.parent = file(parent)
        change.parentModified = modified(parent)
        addNames(record(.link, new), change, name(new), [])
    }

    private func unlinkAny() {
        let isFile = pick(4) != 0
        guard
            let path = isFile
                ? files.randomElement(using: &numbers) : others.randomElement(using: &numbers)
        else { return }
        let record = record(.unlink, path)
        guard unlink(full(path)) == 0 else { return }
        forget(path)
        var change = NameChange()
        change.parent = file(parent(path))
        change.parentModified = modified(parent(path))
        addNames(record, change, name(path), [])
    }

    private func removeDirectory() {
        guard let path = directories.dropFirst().randomElement(using: &numbers) else { return }
        let record = record(.removeDirectory, path)
        guard rmdir(full(path)) == 0 else { return }
        forget(path)
        var change = NameChange()
        change.parent = file(parent(path))
        change.parentModified = modified(parent(path))
        addNames(record, change, name(path), [])
    }

    private func renameAny() {
        guard let old = anything() else { return }
        let isDirectory = directories.contains(old)
        var new = newPlace().path
        if pick(3) == 0 {
            let same = isDirectory ? Array(directories.dropFirst()) : files + others
            if let there = same.randomElement(using: &numbers) { new = there }
        }
        guard old != new, !(new + "/").hasPrefix(old + "/") else { return }
        let record = record(.rename, old)
        let replaced = exists(new) ? file(new) : .none
        guard replaced != record.file else { return }
        var change = NameChange()
        change.replaced = replaced
        guard rename(full(old), full(new)) == 0 else { return }
        if replaced != .none { forget(new) }
        moved(old, new)
        finishRename(record, &change, old, new)
    }

    private func exchange() {
        guard let one = anything(), let other = anything(), one != other else { return }
        guard !(one + "/").hasPrefix(other + "/"), !(other + "/").hasPrefix(one + "/") else {
            return
        }
        var record = record(.rename, one)
        record.flags = UInt8(RENAME_EXCHANGE)
        var change = NameChange()
        change.replaced = file(other)
        guard change.replaced != record.file,
            cposix_renameat2(AT_FDCWD, full(one), AT_FDCWD, full(other), UInt32(RENAME_EXCHANGE))
                >= 0
        else { return }
        let aside = "\u{1}"
        moved(one, aside)
        moved(other, one)
        moved(aside, other)
        finishRename(record, &change, one, other)
    }

    private func finishRename(
        _ record: OperationRecord, _ change: inout NameChange, _ old: String, _ new: String
    ) {
        change.parent = file(parent(old))
        change.parentModified = modified(parent(old))
        change.otherParent = file(parent(new))
        change.otherParentModified = modified(parent(new))
        addNames(record, change, name(old), name(new))
    }

    private func attributes() {
        guard let path = anything(), !others.contains(path) else { return }
        var set: AttributeSet = .mode
        chmod(full(path), 0o400 + mode_t(pick(256)))
        if pick(2) == 0 {
            set.formUnion([.owner, .group])
            chown(full(path), UInt32(pick(4)) * 50, UInt32(pick(4)) * 50)
        }
        addAttributes(path, set)
    }

    private func setTimes() {
        guard let path = anything() else { return }
        let time =
            Int64(1_000_000_000 + pick(1_000_000)) * 1_000_000_000 + Int64(pick(1_000_000_000))
        _ = cposix_utimensat(AT_FDCWD, full(path), time, time, AT_SYMLINK_NOFOLLOW)
        addAttributes(path, [.accessed, .modified])
    }

    private func addAttributes(_ path: String, _ set: AttributeSet) {
        var record = record(.attributes, path)
        record.flags = set.rawValue
        let wanted = objectAttributes(path)
        add(record, withUnsafeBytes(of: wanted) { Array($0) })
    }

    private func extended() {
        guard let path = anything(), !others.contains(path) else { return }
        let name = "user.key\(pick(3))"
        var head = AttributeChange()
        head.nameLength = UInt16(name.utf8.count)
        let isRemoved = pick(3) == 0
        let value = isRemoved ? [] : OddTree.bytes(pick(300), numbers.next())
        if isRemoved {
            guard cposix_lremovexattr(full(path), name) >= 0 else { return }
        } else {
            OddTree.attribute(full(path), name, value)
        }
        head.valueLength = UInt32(value.count)
        let payload = withUnsafeBytes(of: head) { Array($0) } + Array(name.utf8) + value
        add(record(isRemoved ? .removeExtended : .setExtended, path), payload)
    }

    // MARK: Records

    private func recordCreate(_ parent: String, _ path: String) {
        var change = NameChange()
        change.parent = file(parent)
        change.parentModified = modified(parent)
        change.attributes = objectAttributes(path)
        var text: [UInt8] = []
        if ObjectType(mode: change.attributes.mode) == .symbolicLink {
            var room = [CChar](repeating: 0, count: 256)
            let count = readlink(full(path), &room, room.count)
            text = room[..<count].map { UInt8(bitPattern: $0) }
        }
        change.linkTextLength = UInt16(text.count)
        addNames(record(.create, path), change, name(path), [], text)
    }

    private func addNames(
        _ record: OperationRecord, _ change: NameChange, _ name: [UInt8], _ other: [UInt8],
        _ text: [UInt8] = []
    ) {
        var change = change
        change.nameLength = UInt16(name.count)
        change.otherNameLength = UInt16(other.count)
        change.linkTextLength = UInt16(text.count)
        add(record, withUnsafeBytes(of: change) { Array($0) } + name + other + text)
    }

    private func add(_ record: OperationRecord, _ payload: [UInt8]) {
        sequence += 1
        var record = record
        record.sequence = sequence
        record.payloadLength = UInt32(payload.count)
        changes.append(Change(record: record, payload: payload))
    }

    private func record(_ kind: OperationKind, _ path: String) -> OperationRecord {
        var record = OperationRecord(kind, file(path))
        record.time = modified(path)
        return record
    }

    // MARK: The folder

    private func pick(_ bound: Int) -> Int { Int(numbers.next() % UInt64(bound)) }

    /// Names come from a small set, so that they meet again.
    private func newPlace() -> (parent: String, path: String) {
        let parent = directories.randomElement(using: &numbers) ?? ""
        let name = "n\(pick(nameCount))"
        return (parent, parent.isEmpty ? name : parent + "/" + name)
    }

    private func anything() -> String? {
        let all = files + others + directories.dropFirst() + directories.dropFirst()
        return all.randomElement(using: &numbers)
    }

    private func full(_ path: String) -> String { path.isEmpty ? root : root + "/" + path }
    private func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
    private func name(_ path: String) -> [UInt8] {
        Array((path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path).utf8)
    }

    private func forget(_ path: String) {
        files.removeAll { $0 == path }
        others.removeAll { $0 == path }
        directories.removeAll { $0 == path }
    }

    private func moved(_ old: String, _ new: String) {
        func change(_ path: String) -> String {
            if path == old { return new }
            return path.hasPrefix(old + "/") ? new + path.dropFirst(old.count) : path
        }
        files = files.map(change)
        others = others.map(change)
        directories = directories.map(change)
    }

    private func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(full(path), &status) == 0
    }

    private func modified(_ path: String) -> Int64 {
        var status = stat()
        lstat(full(path), &status)
        return cposix_nanoseconds(status.st_mtim)
    }

    private func file(_ path: String) -> FileID {
        var status = stat()
        lstat(full(path), &status)
        return FileID(
            inode: UInt64(status.st_ino), generation: cposix_generation(AT_FDCWD, full(path), 0),
            mount: 1)
    }

    private func objectAttributes(_ path: String) -> ObjectAttributes {
        var status = stat()
        lstat(full(path), &status)
        var result = ObjectAttributes()
        result.mode = status.st_mode
        result.user = status.st_uid
        result.group = status.st_gid
        result.linkCount = UInt32(status.st_nlink)
        result.size = Int64(status.st_size)
        result.accessed = cposix_nanoseconds(status.st_atim)
        result.modified = cposix_nanoseconds(status.st_mtim)
        return result
    }
}
