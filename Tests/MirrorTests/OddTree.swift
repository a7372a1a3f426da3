import CPosix
import Glibc

/// A tree with one of everything that a file system can hold.
enum OddTree {
    static func make(at root: String) {
        umask(0)
        mkdir(root, 0o755)
        chown(root, 11, 12)
        mkdir(root + "/a", 0o700)
        mkdir(root + "/a/deep", 0o755)
        var deep = root + "/a/deep"
        for level in 0..<40 {
            deep += "/level\(level)"
            mkdir(deep, 0o755)
        }
        write(deep + "/bottom", bytes(10_000, 7))
        write(root + "/empty", [])
        write(root + "/small", bytes(4096, 1))
        write(root + "/large", bytes(3_500_000, 2))
        chmod(root + "/small", 0o444)
        write(root + "/a/setuid", bytes(100, 3))
        chown(root + "/a/setuid", 33, 44)
        chmod(root + "/a/setuid", 0o6755)
        write(root + "/line\nbreak and blank", bytes(5, 4))
        write(root: root, name: [0xFF, 0xFE, 0x41, 0x80], bytes(6, 5))
        link(root + "/small", root + "/a/hard one")
        link(root + "/small", root + "/a/deep/hard two")
        symlink("../nowhere/at all", root + "/a/link")
        symlink("/etc/passwd", root + "/absolute")
        lchown(root + "/absolute", 77, 88)
        mkfifo(root + "/a/fifo", 0o622)
        mknod(root + "/a/socket", S_IFSOCK | 0o600, 0)
        mknod(root + "/a/null", S_IFCHR | 0o666, 0x103)
        mknod(root + "/a/block", S_IFBLK | 0o640, 0x0801_0007)
        sparse(root + "/sparse", size: 5 << 20)
        let allHole = root + "/all hole"
        write(allHole, [])
        truncate(allHole, 1 << 20)
        attribute(root + "/small", "user.note", bytes(200, 8))
        attribute(root + "/a", "user.empty", [])
        attribute(root + "/a", "trusted.other", bytes(1000, 9))
        attribute(root + "/absolute", "trusted.onlink", bytes(10, 3))
        // A capability and an access list: u::rw- u:1000:rwx g::r-- m::rwx o::---
        write(root + "/capable", bytes(500, 2))
        chmod(root + "/capable", 0o755)
        attribute(
            root + "/capable", "security.capability",
            [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12))
        write(root + "/listed", bytes(50, 2))
        attribute(root + "/listed", "system.posix_acl_access", accessList)
        mkdir(root + "/inherits", 0o775)
        attribute(root + "/inherits", "system.posix_acl_default", accessList)
        write(root + "/inherits/plain", bytes(20, 6))
        _ = cposix_lremovexattr(root + "/inherits/plain", "system.posix_acl_access")
        chmod(root + "/inherits/plain", 0o640)
        mkdir(root + "/readonly", 0o755)
        write(root + "/readonly/file", bytes(30, 1))
        chmod(root + "/readonly/file", 0o400)
        chmod(root + "/readonly", 0o555)
        mkdir(root + "/sticky", 0o755)
        chown(root + "/sticky", 5, 6)
        chmod(root + "/sticky", 0o3777)
        write(root + "/sticky/inside", bytes(3, 3))
        setTimes(root)
    }

    /// u::rw-, u:1000:rwx, g::r--, m::rwx, o::---, in the kernel's own layout.
    static let accessList: [UInt8] = [
        2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 7, 0, 232, 3, 0, 0, 4, 0, 4, 0, 255, 255,
        255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
    ]

    static func bytes(_ count: Int, _ seed: UInt64) -> [UInt8] {
        var numbers = SeededNumbers(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    }

    static func write(_ path: String, _ content: [UInt8]) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var place = 0
        while place < content.count {
            let count = content.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress! + place, content.count - place)
            }
            if count <= 0 { break }
            place += count
        }
        close(file)
    }

    static func write(root: String, name: [UInt8], _ content: [UInt8]) {
        let path = (Array(root.utf8) + [0x2F] + name).map { CChar(bitPattern: $0) } + [0]
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        _ = Glibc.write(file, content, content.count)
        close(file)
    }

    static func sparse(_ path: String, size: Int) {
        let file = open(path, O_WRONLY | O_CREAT, 0o644)
        ftruncate(file, size)
        let piece = bytes(70_000, 11)
        pwrite(file, piece, piece.count, 1 << 20)
        pwrite(file, piece, 10, 3 << 20)
        close(file)
    }

    static func attribute(_ path: String, _ name: String, _ value: [UInt8]) {
        _ = cposix_lsetxattr(path, name, value, value.count, 0)
    }

    /// Odd times, to the nanosecond, files before the directories they are in.
    static func setTimes(_ root: String) {
        var paths: [String] = []
        func collect(_ path: String) {
            guard let stream = opendir(path) else { return }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                        String(validatingCString: $0)
                    }
                }
                guard let name, name != ".", name != ".." else { continue }
                let inner = path + "/" + name
                var status = stat()
                lstat(inner, &status)
                if status.st_mode & S_IFMT == S_IFDIR { collect(inner) }
                paths.append(inner)
            }
            closedir(stream)
        }
        collect(root)
        paths.append(root)
        for (number, path) in paths.enumerated() {
            let time =
                Int64(1_500_000_000 + number) * 1_000_000_000
                + Int64(number * 1_234_567 % 999_999_999)
            _ = cposix_utimensat(AT_FDCWD, path, time, time, AT_SYMLINK_NOFOLLOW)
        }
    }
}
