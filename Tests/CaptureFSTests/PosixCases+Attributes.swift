import CPosix
import Glibc

extension PosixCase {
    static let attributes = [
        PosixCase("mode and owner") { probe in
            probe.make("a")
            probe.note("chmod", chmod(probe.path("a"), 0o4711))
            probe.status("a")
            probe.note("chown", chown(probe.path("a"), 1000, 2000))
            probe.status("a")
            probe.note("group", chown(probe.path("a"), uid_t.max, 7))
            probe.status("a")
            probe.note("setgid", chmod(probe.path("a"), 0o2770))
            probe.note("chown", chown(probe.path("a"), 1, gid_t.max))
            probe.status("a")
            mkdir(probe.path("d"), 0o755)
            probe.note("sticky", chmod(probe.path("d"), 0o1777))
            probe.status("d")
            probe.note("absent", chmod(probe.path("absent"), 0o600))
        },
        PosixCase("times") { probe in
            probe.make("a")
            mkdir(probe.path("d"), 0o755)
            symlink("a", probe.path("s"))
            for name in ["a", "d", "s"] {
                var times = [
                    timespec(tv_sec: 1_000_000_000, tv_nsec: 123_456_789),
                    timespec(tv_sec: -1, tv_nsec: 999_999_999),
                ]
                probe.note(
                    "set", utimensat(AT_FDCWD, probe.path(name), &times, AT_SYMLINK_NOFOLLOW))
                times[0].tv_nsec = (1 << 30) - 2
                times[1] = timespec(tv_sec: 2_000_000_000, tv_nsec: 1)
                probe.note(
                    "omit", utimensat(AT_FDCWD, probe.path(name), &times, AT_SYMLINK_NOFOLLOW))
                var status = stat()
                lstat(probe.path(name), &status)
                probe.note("\(status.st_atim.tv_sec) \(status.st_atim.tv_nsec)")
                probe.note("\(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)")
            }
        },
        PosixCase("times move with changes") { probe in
            func modified(_ name: String) -> Int {
                var status = stat()
                stat(probe.path(name), &status)
                return status.st_mtim.tv_sec
            }
            probe.make("a", "a")
            mkdir(probe.path("d"), 0o755)
            var old = [timespec(tv_sec: 5, tv_nsec: 0), timespec(tv_sec: 5, tv_nsec: 0)]
            func age(_ name: String) { utimensat(AT_FDCWD, probe.path(name), &old, 0) }
            age("a")
            let file = probe.open("a", O_WRONLY)
            probe.write(file, "b")
            probe.note("write moves \(modified("a") > 5)")
            close(file)
            age("a")
            probe.note("chmod", chmod(probe.path("a"), 0o600))
            probe.note("chmod moves \(modified("a") > 5)")
            age("d")
            probe.make("d/x")
            probe.note("create moves \(modified("d") > 5)")
            age("d")
            unlink(probe.path("d/x"))
            probe.note("unlink moves \(modified("d") > 5)")
            age("a")
            truncate(probe.path("a"), 1)
            probe.note("truncate moves \(modified("a") > 5)")
        },
        PosixCase("extended attributes") { probe in
            probe.make("a")
            mkdir(probe.path("d"), 0o755)
            symlink("a", probe.path("s"))
            for name in ["a", "d", "s"] {
                let path = probe.path(name)
                probe.note("set", lsetxattr(path, "user.one", "value", 5, 0))
                probe.note("create", lsetxattr(path, "user.one", "v", 1, 1))
                probe.note("replace", lsetxattr(path, "user.two", "v", 1, 2))
                probe.note("empty", lsetxattr(path, "user.empty", "", 0, 0))
                probe.note("trusted", lsetxattr(path, "trusted.t", "v", 1, 0))
                probe.note("unknown", lsetxattr(path, "strange.t", "v", 1, 0))
                probe.attribute(name, "user.one")
                probe.attribute(name, "user.absent")
                var byte = [UInt8](repeating: 0, count: 2)
                probe.note("small", lgetxattr(path, "user.one", &byte, 2))
                probe.note("size", lgetxattr(path, "user.one", nil, 0))
                probe.attributes(name)
                probe.note("remove", lremovexattr(path, "user.one"))
                probe.note("again", lremovexattr(path, "user.one"))
                probe.attributes(name)
            }
            let large = [UInt8](repeating: 7, count: 2000)
            probe.note("large", lsetxattr(probe.path("a"), "user.large", large, 2000, 0))
            let huge = [UInt8](repeating: 7, count: 70_000)
            probe.note("huge", lsetxattr(probe.path("a"), "user.huge", huge, 70_000, 0))
            probe.attribute("a", "user.large")
        },
        PosixCase("access lists") { probe in
            probe.make("a", mode: 0o640)
            // Version 2; owner rw, user 1000 rw, group r, mask rw, others none.
            let list = accessList([
                (1, 6, .max), (2, 6, 1000), (4, 4, .max), (16, 6, .max), (32, 0, .max),
            ])
            probe.note(
                "set", lsetxattr(probe.path("a"), "system.posix_acl_access", list, list.count, 0))
            probe.status("a")
            probe.attribute("a", "system.posix_acl_access")
            probe.asUser(1000, 1000) { probe in close(probe.open("a", O_RDWR)) }
            probe.asUser(1001, 1001) { probe in probe.open("a", O_RDWR) }
            probe.note("chmod", chmod(probe.path("a"), 0o600))
            probe.attribute("a", "system.posix_acl_access")
            probe.asUser(1000, 1000) { probe in probe.open("a", O_RDWR) }
            probe.note("remove", lremovexattr(probe.path("a"), "system.posix_acl_access"))
            probe.attribute("a", "system.posix_acl_access")
            probe.status("a")
        },
        PosixCase("default access lists") { probe in
            mkdir(probe.path("d"), 0o755)
            let list = accessList([
                (1, 7, .max), (2, 5, 1000), (4, 5, .max), (16, 7, .max), (32, 5, .max),
            ])
            probe.note(
                "set", lsetxattr(probe.path("d"), "system.posix_acl_default", list, list.count, 0))
            close(probe.open("d/file", O_CREAT | O_RDWR, 0o666))
            probe.note("mkdir", mkdir(probe.path("d/below"), 0o777))
            probe.note("mknod", mknod(probe.path("d/fifo"), S_IFIFO | 0o600, 0))
            symlink("file", probe.path("d/link"))
            for name in ["d/file", "d/below", "d/fifo", "d/link"] {
                probe.status(name)
                probe.attribute(name, "system.posix_acl_access")
                probe.attribute(name, "system.posix_acl_default")
            }
            probe.note(
                "of a file",
                lsetxattr(
                    probe.path("d/file"), "system.posix_acl_default", list, list.count, 0))
        },
        PosixCase("flags of the file system") { probe in
            let file = probe.open("a", O_CREAT | O_RDWR)
            var flags: CInt = 0
            probe.note("get", ioctl(file, 0x8008_6601, &flags))
            flags |= 0x40
            probe.note("set no dump", ioctl(file, 0x4008_6602, &flags))
            flags = 0
            probe.note("get", ioctl(file, 0x8008_6601, &flags))
            probe.note("no dump \(flags & 0x40)")
            probe.note("unknown", ioctl(file, 0x1234_5678, &flags))
            close(file)
        },
        PosixCase("space of the file system") { probe in
            var status = statvfs()
            probe.note("statvfs", statvfs(probe.root, &status))
            probe.note("\(status.f_bsize) \(status.f_namemax) \(status.f_blocks) \(status.f_files)")
        },
    ]

    /// An access list in the kernel's form: tag, permissions, id.
    static func accessList(_ entries: [(UInt16, UInt16, UInt32)]) -> [UInt8] {
        var bytes: [UInt8] = [2, 0, 0, 0]
        for (tag, permissions, id) in entries {
            bytes += [UInt8(tag & 255), UInt8(tag >> 8), UInt8(permissions), 0]
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: id >> (8 * UInt32($0))) }
        }
        return bytes
    }
}
