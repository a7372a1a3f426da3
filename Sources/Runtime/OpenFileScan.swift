internal import FileSystemAccess
internal import Glibc

/// Which processes hold something open below a path. What they hold stays outside a capture that is
/// mounted over it later, so their writes would be seen by nobody.
enum OpenFileScan {
    struct Holder: Hashable, Sendable {
        let process: Int
        let command: String
        /// One of the paths it holds.
        let path: String
    }

    /// Processes with an open file, a mapped file or their working directory at or below `path`,
    /// other than this one.
    static func holders(below path: String) -> [Holder] {
        var holders: [Holder] = []
        for name in DirectoryNames.list("/proc") {
            guard let process = Int(name), process != Int(getpid()) else { continue }
            if let held = heldPath(process, path) {
                let command = text("/proc/\(process)/comm")
                holders.append(
                    Holder(
                        process: process,
                        command: command.split(separator: "\n").first.map(String.init) ?? "?",
                        path: held))
            }
        }
        return holders
    }

    private static func heldPath(_ process: Int, _ path: String) -> String? {
        let base = "/proc/\(process)"
        func matches(_ held: String) -> Bool { held == path || Paths.lies(held, below: path) }
        for link in ["\(base)/cwd", "\(base)/root"] {
            if let held = target(of: link), matches(held) { return held }
        }
        for descriptor in DirectoryNames.list("\(base)/fd") {
            if let held = target(of: "\(base)/fd/\(descriptor)"), matches(held) { return held }
        }
        let maps = text("\(base)/maps")
        for line in maps.split(separator: "\n") {
            guard let slash = line.firstIndex(of: "/") else { continue }
            let held = String(line[slash...])
            if matches(held) { return held }
        }
        return nil
    }

    private static func text(_ path: String) -> String {
        String(decoding: WholeFile.read(path) ?? [], as: UTF8.self)
    }

    private static func target(of link: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { room -> Int in
            guard let start = room.baseAddress?.assumingMemoryBound(to: CChar.self) else {
                return 0
            }
            return readlink(link, start, room.count)
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

}
