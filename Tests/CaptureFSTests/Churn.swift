import CPosix
import Glibc

/// What one application does in a folder of its own, by a seed, over and over; every answer is held
/// against what it must be. The first that is not ends it.
final class Churn: @unchecked Sendable {
    private let folder: String
    private var numbers: SeededNumbers
    /// Content of the files by name; several names may share one.
    private var files: [String: Content] = [:]
    private var folders: [String] = [""]
    private var made = 0
    private(set) var operations = 0
    private(set) var problem: String?

    private final class Content {
        var bytes: [UInt8] = []
        /// Open all the time for some.
        var file: CInt = -1
        var attributes: Set<String> = []
    }

    init(_ folder: String, seed: UInt64) {
        self.folder = folder
        numbers = SeededNumbers(seed: seed)
        mkdir(folder, 0o755)
    }

    func run(until isOver: () -> Bool) {
        while problem == nil, !isOver() {
            operations += 1
            switch numbers.pick(20) {
            case 0...2: create()
            case 3...6: write()
            case 7: truncate()
            case 8: map()
            case 9...10: rename()
            case 11: link()
            case 12...13: unlink()
            case 14: unlinkOpen()
            case 15: attribute()
            case 16: makeFolder()
            case 17: temporary()
            case 18: symbolic()
            default: read()
            }
        }
        for content in files.values where content.file >= 0 {
            close(content.file)
            content.file = -1
        }
    }

    /// After everything: whether all is as it must be.
    func check() {
        for (name, content) in files where problem == nil {
            let file = open(path(name), O_RDONLY)
            expect(file >= 0, "open \(name)")
            compare(file, content, name)
            close(file)
        }
    }

    // MARK: Operations

    private func create() {
        let name = freshName()
        let file = open(path(name), O_CREAT | O_EXCL | O_RDWR, 0o644)
        guard expect(file >= 0, "create \(name)") else { return }
        let content = Content()
        files[name] = content
        if numbers.pick(3) == 0, files.values.filter({ $0.file >= 0 }).count < 20 {
            content.file = file
        } else {
            close(file)
        }
    }

    private func write() {
        guard let (name, content) = anyFile() else { return }
        let count = 1 + numbers.pick(numbers.pick(10) == 0 ? 200_000 : 5000)
        let offset = numbers.pick(content.bytes.count + 100)
        let bytes = [UInt8](repeating: UInt8(1 + numbers.pick(255)), count: count)
        withFile(name, content, O_WRONLY) { file in
            var done = 0
            while done < count {
                let part = bytes[done...].withUnsafeBytes {
                    pwrite(file, $0.baseAddress, $0.count, off_t(offset + done))
                }
                guard expect(part > 0, "write \(name)") else { return }
                done += part
            }
            put(bytes, at: offset, content)
        }
    }

    private func truncate() {
        guard let (name, content) = anyFile() else { return }
        let size = numbers.pick(content.bytes.count + 1000)
        guard expect(Glibc.truncate(path(name), off_t(size)) == 0, "truncate \(name)") else {
            return
        }
        if size < content.bytes.count {
            content.bytes.removeLast(content.bytes.count - size)
        } else {
            content.bytes += [UInt8](repeating: 0, count: size - content.bytes.count)
        }
    }

    private func map() {
        guard let (name, content) = anyFile(), content.bytes.count > 0 else { return }
        withFile(name, content, O_RDWR) { file in
            let count = content.bytes.count
            guard let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
                expect(memory != MAP_FAILED, "map \(name)")
            else { return }
            let place = numbers.pick(count)
            let byte = UInt8(numbers.pick(256))
            memory.storeBytes(of: byte, toByteOffset: place, as: UInt8.self)
            expect(msync(memory, count, MS_SYNC) == 0, "msync \(name)")
            munmap(memory, count)
            content.bytes[place] = byte
        }
    }

    private func rename() {
        guard let (name, content) = anyFile() else { return }
        let other = numbers.pick(2) == 0 ? anyFile()?.0 ?? freshName() : freshName()
        guard files[other] !== content else { return }
        guard expect(Glibc.rename(path(name), path(other)) == 0, "rename \(name) \(other)") else {
            return
        }
        if let lost = files[other] { drop(lost, other) }
        files[other] = content
        files[name] = nil
    }

    private func link() {
        guard let (name, content) = anyFile() else { return }
        let other = freshName()
        guard expect(Glibc.link(path(name), path(other)) == 0, "link \(name) \(other)") else {
            return
        }
        files[other] = content
    }

    private func unlink() {
        guard files.count > 10, let (name, content) = anyFile() else { return }
        guard expect(Glibc.unlink(path(name)) == 0, "unlink \(name)") else { return }
        drop(content, name)
        files[name] = nil
    }

    /// A file without a name must go on working.
    private func unlinkOpen() {
        let name = freshName()
        let file = open(path(name), O_CREAT | O_EXCL | O_RDWR, 0o600)
        guard expect(file >= 0, "create \(name)") else { return }
        defer { close(file) }
        let content = Content()
        let bytes = [UInt8](repeating: 7, count: 3000)
        expect(pwrite(file, bytes, bytes.count, 0) == bytes.count, "write \(name)")
        put(bytes, at: 0, content)
        expect(Glibc.unlink(path(name)) == 0, "unlink \(name)")
        for _ in 0..<3 {
            let more = [UInt8](repeating: UInt8(numbers.pick(256)), count: 500)
            let offset = numbers.pick(6000)
            let done = pwrite(file, more, more.count, off_t(offset))
            expect(done == more.count, "write without a name")
            put(more, at: offset, content)
            compare(file, content, "without a name")
        }
    }

    private func attribute() {
        guard let (name, content) = anyFile() else { return }
        let key = "user.a\(numbers.pick(3))"
        if content.attributes.contains(key) {
            expect(lremovexattr(path(name), key) == 0, "remove \(key) of \(name)")
            content.attributes.remove(key)
        } else {
            // XATTR_CREATE.
            expect(lsetxattr(path(name), key, "value", 5, 1) == 0, "set \(key) of \(name)")
            content.attributes.insert(key)
        }
    }

    private func makeFolder() {
        let name = freshName()
        guard expect(mkdir(path(name), 0o755) == 0, "mkdir \(name)") else { return }
        if folders.count < 5 {
            folders.append(name + "/")
        } else {
            expect(rmdir(path(name)) == 0, "rmdir \(name)")
        }
    }

    private func temporary() {
        let name = freshName()
        let file = open(folder, 0o20200000 | O_RDWR, 0o600)
        guard expect(file >= 0, "temporary") else { return }
        defer { close(file) }
        let content = Content()
        let bytes = [UInt8](repeating: 9, count: 1 + numbers.pick(5000))
        expect(pwrite(file, bytes, bytes.count, 10) == bytes.count, "write temporary")
        put(bytes, at: 10, content)
        let result = linkat(
            AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, path(name), AT_SYMLINK_FOLLOW)
        if expect(result == 0, "name for temporary \(name)") { files[name] = content }
    }

    private func symbolic() {
        let name = freshName()
        expect(symlink("to \(name)", path(name)) == 0, "symlink \(name)")
        if numbers.pick(2) == 0 { expect(Glibc.unlink(path(name)) == 0, "unlink \(name)") }
    }

    private func read() {
        guard let (name, content) = anyFile() else { return }
        withFile(name, content, O_RDONLY) { compare($0, content, name) }
    }

    // MARK: Helpers

    private func path(_ name: String) -> String { folder + "/" + name }

    private func freshName() -> String {
        made += 1
        return folders[numbers.pick(folders.count)] + "n\(made)"
    }

    private func anyFile() -> (String, Content)? {
        guard !files.isEmpty else { return nil }
        // In an order that is the same in every run.
        let names = files.keys.sorted()
        let name = names[numbers.pick(names.count)]
        return files[name].map { (name, $0) }
    }

    private func drop(_ content: Content, _ name: String) {
        guard content.file >= 0, !files.contains(where: { $0.key != name && $0.value === content })
        else { return }
        // Still open, no name left.
        compare(content.file, content, "\(name), which is gone")
        close(content.file)
        content.file = -1
    }

    private func withFile(
        _ name: String, _ content: Content, _ flags: CInt, _ body: (CInt) -> Void
    ) {
        if content.file >= 0 { return body(content.file) }
        let file = open(path(name), flags)
        guard expect(file >= 0, "open \(name)") else { return }
        body(file)
        close(file)
    }

    private func put(_ bytes: [UInt8], at offset: Int, _ content: Content) {
        let end = offset + bytes.count
        if content.bytes.count < end {
            content.bytes += [UInt8](repeating: 0, count: end - content.bytes.count)
        }
        content.bytes.replaceSubrange(offset..<end, with: bytes)
    }

    private func compare(_ file: CInt, _ content: Content, _ name: String) {
        var room = [UInt8](repeating: 0, count: content.bytes.count + 1)
        var done = 0
        while done < room.count {
            let part = room[done...].withUnsafeMutableBytes {
                pread(file, $0.baseAddress, $0.count, off_t(done))
            }
            guard expect(part >= 0, "read \(name)") else { return }
            if part == 0 { break }
            done += part
        }
        expect(room[..<done] == content.bytes[...], "content of \(name)")
    }

    @discardableResult
    private func expect(_ isTrue: Bool, _ what: String) -> Bool {
        if !isTrue, problem == nil { problem = "operation \(operations): \(what): errno \(errno)" }
        return isTrue
    }
}
