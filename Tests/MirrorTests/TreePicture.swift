import CPosix
import Glibc

/// What a tree looks like, read with nothing but the C library, for comparing two trees without
/// the code under test.
struct TreePicture: Equatable {
    struct Object: Equatable, CustomStringConvertible {
        var mode: UInt32
        var user: UInt32
        var group: UInt32
        var device: UInt64
        var size: Int64
        var modified: Int64
        var text: [UInt8]
        var content: [UInt8]
        var attributes: [[UInt8]: [UInt8]]
        /// The first path of the same object.
        var sameAs: [UInt8]
        var hasHoles: Bool

        var description: String {
            let name = String(decoding: sameAs, as: UTF8.self)
            return "mode \(String(mode, radix: 8)) \(user):\(group) device \(device) size \(size)"
                + " modified \(modified) text \(text.count) content \(content.count) sum"
                + " \(content.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) })"
                + " attributes \(attributes.count) same \(name) holes \(hasHoles)"
        }
    }

    var objects: [[UInt8]: Object] = [:]

    /// Whether holes count. After a replay they need not be where they were.
    private var comparesHoles = true

    init(_ root: String, root includesRoot: Bool = true, holes: Bool = true) {
        comparesHoles = holes
        var firstNames: [UInt64: [UInt8]] = [:]
        if includesRoot { add(Array(root.utf8), [], &firstNames) }
        walk(Array(root.utf8), [], &firstNames)
    }

    /// Lines that say how this differs from another; empty when it does not.
    func differences(from other: TreePicture) -> [String] {
        var lines: [String] = []
        for path in Set(objects.keys).union(other.objects.keys).sorted(by: {
            $0.lexicographicallyPrecedes($1)
        }) {
            let (one, two) = (objects[path], other.objects[path])
            if one == two { continue }
            let name = String(decoding: path, as: UTF8.self)
            lines.append(
                "'\(name)': \(one.map(\.description) ?? "none") | \(two.map(\.description) ?? "none")"
            )
        }
        return lines
    }

    private mutating func walk(
        _ directory: [UInt8], _ path: [UInt8], _ firstNames: inout [UInt64: [UInt8]]
    ) {
        for name in names(directory).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let inner = path.isEmpty ? name : path + [0x2F] + name
            let full = directory + [0x2F] + name
            if add(full, inner, &firstNames) { walk(full, inner, &firstNames) }
        }
    }

    private func names(_ directory: [UInt8]) -> [[UInt8]] {
        guard let stream = opendir(cString(directory)) else { return [] }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    (0..<256).prefix { bytes[$0] != 0 }.map { bytes[$0] }
                }
            }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
        return names
    }

    /// Answers whether it is a directory.
    @discardableResult
    private mutating func add(
        _ full: [UInt8], _ path: [UInt8], _ firstNames: inout [UInt64: [UInt8]]
    ) -> Bool {
        let name = cString(full)
        var status = stat()
        guard lstat(name, &status) == 0 else { return false }
        let type = status.st_mode & S_IFMT
        var object = Object(
            mode: status.st_mode, user: status.st_uid, group: status.st_gid,
            device: type == S_IFCHR || type == S_IFBLK ? UInt64(status.st_rdev) : 0,
            size: type == S_IFREG || type == S_IFLNK ? Int64(status.st_size) : 0,
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
            text: [], content: [], attributes: [:], sameAs: path, hasHoles: false)
        if type == S_IFLNK { object.text = linkText(name) }
        if type == S_IFREG {
            object.content = content(name)
            object.hasHoles =
                comparesHoles && Int64(status.st_blocks) * 512 + 8192 < Int64(status.st_size)
        }
        object.attributes = attributes(name)
        if type != S_IFDIR {
            if let first = firstNames[UInt64(status.st_ino)] {
                object.sameAs = first
            } else {
                firstNames[UInt64(status.st_ino)] = path
            }
        }
        objects[path] = object
        return type == S_IFDIR
    }

    private func cString(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

    private func linkText(_ name: [CChar]) -> [UInt8] {
        var room = [CChar](repeating: 0, count: 4096)
        let count = readlink(name, &room, room.count)
        return room[..<max(count, 0)].map { UInt8(bitPattern: $0) }
    }

    private func content(_ name: [CChar]) -> [UInt8] {
        let file = open(name, O_RDONLY)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var all: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &room, room.count)
            if count <= 0 { return all }
            all += room[..<count]
        }
    }

    private func attributes(_ name: [CChar]) -> [[UInt8]: [UInt8]] {
        var room = [CChar](repeating: 0, count: 1 << 16)
        let count = cposix_llistxattr(name, &room, room.count)
        guard count > 0 else { return [:] }
        var result: [[UInt8]: [UInt8]] = [:]
        for part in room[..<Int(count)].split(separator: 0) {
            var value = [UInt8](repeating: 0, count: 1 << 16)
            let length = cposix_lgetxattr(name, Array(part) + [0], &value, value.count)
            result[part.map { UInt8(bitPattern: $0) }] = Array(value[..<max(Int(length), 0)])
        }
        return result
    }
}
