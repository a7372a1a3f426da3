import CPosix
import Glibc

/// A tree as lines of text, one an object, for comparing two trees.
struct TreePicture {
    private(set) var lines: [String: String] = [:]
    private var firstNames: [ino_t: String] = [:]

    init(_ root: String) { walk(root, "") }

    /// Empty when both are the same.
    func differences(from other: TreePicture) -> [String] {
        Set(lines.keys).union(other.lines.keys).sorted().compactMap { name in
            let (one, two) = (lines[name], other.lines[name])
            return one == two ? nil : "'\(name)': \(one ?? "absent") | \(two ?? "absent")"
        }
    }

    private mutating func walk(_ folder: String, _ prefix: String) {
        guard let directory = opendir(folder) else { return }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(directory)
        for name in names.sorted() {
            var status = stat()
            let path = folder + "/" + name
            guard lstat(path, &status) == 0 else { continue }
            add(path, prefix + name, status)
            if status.st_mode & S_IFMT == S_IFDIR { walk(path, prefix + name + "/") }
        }
    }

    private mutating func add(_ path: String, _ name: String, _ status: stat) {
        let type = status.st_mode & S_IFMT
        var line = "mode \(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid)"
        if type != S_IFDIR {
            let first = firstNames[status.st_ino, default: name]
            firstNames[status.st_ino] = first
            line += " links \(status.st_nlink) size \(status.st_size) same as \(first)"
        }
        if type == S_IFREG {
            line += " sum \(Self.sum(path)) modified \(cposix_nanoseconds(status.st_mtim))"
        }
        if type == S_IFLNK {
            var room = [CChar](repeating: 0, count: 4096)
            let count = readlink(path, &room, 4096)
            line += " to \(room[..<max(0, count)])"
        }
        line += " " + Self.attributes(path)
        lines[name] = line
    }

    private static func sum(_ path: String) -> UInt64 {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        var sum: UInt64 = 14_695_981_039_346_656_037
        while true {
            let count = read(file, &room, room.count)
            guard count > 0 else { return sum }
            for byte in room[..<count] { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
        }
    }

    private static func attributes(_ path: String) -> String {
        var room = [UInt8](repeating: 0, count: 65536)
        let count = room.withUnsafeMutableBytes {
            llistxattr(path, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard count > 0 else { return "" }
        let names = room[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return names.sorted().map { name in
            var value = [UInt8](repeating: 0, count: 65536)
            let count = lgetxattr(path, name, &value, value.count)
            return "\(name)=\(Probe.readable(value[..<max(0, count)]))"
        }.joined(separator: " ")
    }
}
