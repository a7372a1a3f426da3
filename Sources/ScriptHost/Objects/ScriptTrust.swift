import CPosix
import Glibc

/// Whether what lies at a path can be changed by somebody else than the administrator and who runs
/// this: the file itself, every folder on the way to it, and every symbolic link.
public enum ScriptTrust {
    /// As many links as the kernel follows.
    private static let linksMax = 40

    /// Why a file must not be run with this program's rights, in words that end a sentence about
    /// it; nil: nothing speaks against it.
    /// - Parameter path: from the root.
    public static func problem(of path: String) -> String? {
        var rest = path.split(separator: "/").map(String.init).filter { $0 != "." }
        var place: [String] = []
        var links = 0
        if let problem = objection("/", isLast: rest.isEmpty) { return problem }
        while !rest.isEmpty {
            let name = rest.removeFirst()
            if name == ".." {
                _ = place.popLast()
                continue
            }
            place.append(name)
            let here = "/" + place.joined(separator: "/")
            if let text = link(here) {
                links += 1
                guard links <= linksMax else { return "has too many symbolic links on its way" }
                if let problem = objection(here, isLast: true) { return problem }
                let target = text.split(separator: "/").map(String.init).filter { $0 != "." }
                if text.hasPrefix("/") { place = [] } else { place.removeLast() }
                rest = target + rest
            } else if let problem = objection(here, isLast: rest.isEmpty) {
                return problem
            }
        }
        return nil
    }

    /// The same path without symbolic links; nil: there is nothing.
    public static func real(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    /// In a folder whose files only their owners can take away, others may make files.
    private static func objection(_ path: String, isLast: Bool) -> String? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            return "cannot be looked at: \(String(cString: strerror(errno))) at '\(path)'"
        }
        let kind = status.st_mode & S_IFMT
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            return "can be changed by others: '\(path)' does not belong to root"
        }
        if kind == S_IFLNK { return nil }
        let isSafe =
            status.st_mode & 0o022 == 0 || kind == S_IFDIR && status.st_mode & S_ISVTX != 0
        guard isSafe else {
            return "can be changed by others: they may write to '\(path)' (chmod go-w)"
        }
        return isLast || kind == S_IFDIR ? nil : "cannot be reached: '\(path)' is no folder"
    }

    /// What a symbolic link says; nil for anything else.
    private static func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { room in
            guard let start = room.baseAddress else { return nil }
            let count = readlink(path, start, room.count)
            guard count > 0 else { return nil }
            return room[..<count].withMemoryRebound(to: UInt8.self) {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }
}
