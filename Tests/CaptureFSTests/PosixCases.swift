import CPosix
import Glibc

/// One behaviour of a POSIX tree, shown by calls below a root.
struct PosixCase: Sendable, CustomStringConvertible {
    let name: String
    let run: @Sendable (Probe) -> Void

    init(_ name: String, _ run: @escaping @Sendable (Probe) -> Void) {
        self.name = name
        self.run = run
    }

    var description: String { name }

    static let all = names + renames + data + attributes + users
}

extension PosixCase {
    static let names = [
        PosixCase("create, exclusive create, open of what is not there") { probe in
            close(probe.open("a", O_CREAT | O_RDWR))
            probe.open("a", O_CREAT | O_EXCL | O_RDWR)
            probe.open("absent", O_RDONLY)
            probe.open("a/b", O_RDONLY)
            close(probe.open("readonly", O_CREAT | O_WRONLY, 0o444))
            probe.open("directory", O_DIRECTORY | O_CREAT)
            probe.status("a")
            probe.status("readonly")
            probe.names()
        },
        PosixCase("umask") { probe in
            // Only this thread's: a user's thread leaves its umask behind.
            probe.asUser(0, 0) { probe in
                _ = cposix_unshareFileSystemState()
                umask(0o027)
                close(probe.open("masked", O_CREAT | O_RDWR, 0o666))
                probe.note("mkdir", mkdir(probe.path("maskedDirectory"), 0o777))
                probe.note("mknod", mknod(probe.path("fifo"), S_IFIFO | 0o666, 0))
            }
            probe.status("masked")
            probe.status("maskedDirectory")
            probe.status("fifo")
        },
        PosixCase("directories") { probe in
            probe.note("mkdir", mkdir(probe.path("d"), 0o755))
            probe.note("again", mkdir(probe.path("d"), 0o755))
            probe.note("deep", mkdir(probe.path("d/e"), 0o700))
            probe.status("d")
            probe.note("not empty", rmdir(probe.path("d")))
            probe.note("unlink", unlink(probe.path("d")))
            probe.note("rmdir", rmdir(probe.path("d/e")))
            probe.status("d")
            probe.note("rmdir", rmdir(probe.path("d")))
            probe.note("gone", rmdir(probe.path("d")))
            probe.make("file")
            probe.note("of a file", rmdir(probe.path("file")))
            probe.note("root", rmdir(probe.path(".")))
            probe.names()
        },
        PosixCase("special files") { probe in
            probe.note("fifo", mknod(probe.path("fifo"), S_IFIFO | 0o640, 0))
            probe.note("character", mknod(probe.path("null"), S_IFCHR | 0o666, makedev(1, 3)))
            probe.note("block", mknod(probe.path("disk"), S_IFBLK | 0o600, makedev(259, 300_000)))
            probe.note("socket", mknod(probe.path("socket"), S_IFSOCK | 0o600, 0))
            probe.note("regular", mknod(probe.path("regular"), S_IFREG | 0o600, 0))
            for name in ["fifo", "null", "disk", "socket", "regular"] { probe.status(name) }
            probe.names()
            probe.note("unlink", unlink(probe.path("null")))
            probe.open("fifo", O_WRONLY | O_NONBLOCK)
        },
        PosixCase("symbolic links") { probe in
            probe.note("symlink", symlink("target", probe.path("link")))
            probe.note("again", symlink("other", probe.path("link")))
            probe.open("link", O_RDONLY)
            probe.make("target", "text")
            probe.content("link")
            probe.status("link")
            var room = [CChar](repeating: 0, count: 5000)
            probe.note("readlink", readlink(probe.path("link"), &room, 5000))
            let long = String(repeating: "x", count: 4000)
            probe.note("long", symlink(long, probe.path("long")))
            probe.note("readlink", readlink(probe.path("long"), &room, 5000))
            probe.note("too long", symlink(String(repeating: "x", count: 4096), probe.path("no")))
            probe.note("loop", symlink("loop", probe.path("loop")))
            probe.open("loop", O_RDONLY)
            probe.open("link", O_RDONLY | O_NOFOLLOW)
            probe.note("lchown", lchown(probe.path("link"), 11, 12))
            probe.status("link")
            probe.status("target")
        },
        PosixCase("hard links") { probe in
            probe.make("one", "text")
            probe.note("link", link(probe.path("one"), probe.path("two")))
            probe.note("again", link(probe.path("one"), probe.path("two")))
            probe.status("one")
            probe.note(
                "append",
                { () -> Int in
                    let file = Glibc.open(probe.path("two"), O_WRONLY | O_APPEND)
                    defer { close(file) }
                    return Glibc.write(file, "more", 4)
                }())
            probe.content("one")
            probe.note("unlink", unlink(probe.path("one")))
            probe.status("two")
            probe.content("two")
            mkdir(probe.path("d"), 0o755)
            probe.note("of a directory", link(probe.path("d"), probe.path("e")))
            probe.note("symlink", symlink("two", probe.path("s")))
            probe.note("of a link", link(probe.path("s"), probe.path("t")))
            probe.status("t")
        },
        PosixCase("names of every kind") { probe in
            let names: [[UInt8]] = [
                [0xFF, 0xFE, 0x80], Array("with blank".utf8), Array("line\nend".utf8),
                [UInt8](repeating: 0x61, count: 255), Array("ümlaut".utf8), Array("...".utf8),
                [0x5C, 0x22, 0x27, 0x2A, 0x3F], [0x01, 0x1B],
            ]
            for name in names {
                var path = Array((probe.root + "/").utf8) + name
                path.append(0)
                let file = path.withUnsafeBytes {
                    Glibc.open(
                        $0.baseAddress!.assumingMemoryBound(to: CChar.self), O_CREAT | O_RDWR, 0o600
                    )
                }
                probe.noteOpen("create", file)
                close(file)
            }
            probe.open(String(repeating: "a", count: 256), O_CREAT | O_RDWR)
            probe.note("lookup", access(probe.path(String(repeating: "b", count: 256)), F_OK))
            probe.names()
        },
        PosixCase("an open file stays usable without a name") { probe in
            let file = probe.open("gone", O_CREAT | O_RDWR)
            probe.write(file, "before")
            probe.note("unlink", unlink(probe.path("gone")))
            probe.write(file, " after")
            probe.note("truncate", ftruncate(file, 9))
            probe.note(probe.text(of: file))
            var status = stat()
            probe.note("fstat", fstat(file, &status))
            probe.note(Probe.describe(status))
            probe.note("chmod", fchmod(file, 0o600))
            probe.note("attribute", fsetxattr(file, "user.x", "y", 1, 0))
            probe.note("sync", fsync(file))
            // Its number must not be given to another file meanwhile.
            for index in 0..<20 { probe.make("other\(index)", "other") }
            probe.note(probe.text(of: file))
            close(file)
            probe.status("gone")
        },
        PosixCase("an open directory stays usable without a name") { probe in
            mkdir(probe.path("d"), 0o755)
            let directory = probe.open("d", O_RDONLY | O_DIRECTORY)
            probe.note("rmdir", rmdir(probe.path("d")))
            var status = stat()
            probe.note("fstat", fstat(directory, &status))
            probe.note(Probe.describe(status))
            probe.noteOpen("create", openat(directory, "x", O_CREAT | O_RDWR, 0o600))
            close(directory)
        },
        PosixCase("a file without a name from the start") { probe in
            let temporary: CInt = 0o20200000
            let file = probe.noteOpen("tmpfile", Glibc.open(probe.root, temporary | O_RDWR, 0o640))
            probe.write(file, "hidden")
            probe.write(file, "far", at: 100_000)
            probe.names()
            probe.note("chown", fchown(file, 5, 6))
            probe.note(
                "link",
                linkat(
                    AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, probe.path("shown"),
                    AT_SYMLINK_FOLLOW))
            close(file)
            probe.status("shown")
            probe.content("shown")
            let hidden = probe.noteOpen(
                "exclusive", Glibc.open(probe.root, temporary | O_RDWR | O_EXCL, 0o640))
            probe.note(
                "link",
                linkat(
                    AT_FDCWD, "/proc/self/fd/\(hidden)", AT_FDCWD, probe.path("no"),
                    AT_SYMLINK_FOLLOW))
            close(hidden)
            probe.names()
        },
        PosixCase("listing while entries go") { probe in
            mkdir(probe.path("many"), 0o755)
            for index in 0..<3000 {
                close(Glibc.open(probe.path("many/entry\(index)"), O_CREAT, 0o600))
            }
            guard let directory = opendir(probe.path("many")) else { return }
            var seen = Set<String>()
            var twice = 0
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if !seen.insert(name).inserted { twice += 1 }
                if name != ".", name != ".." { unlink(probe.path("many/" + name)) }
            }
            probe.note("seen \(seen.count), twice \(twice)")
            rewinddir(directory)
            var left = 0
            while readdir(directory) != nil { left += 1 }
            probe.note("left \(left)")
            closedir(directory)
            probe.note("rmdir", rmdir(probe.path("many")))
        },
        PosixCase("places in a listing can be returned to") { probe in
            mkdir(probe.path("many"), 0o755)
            for index in 0..<500 {
                close(Glibc.open(probe.path("many/entry\(index)"), O_CREAT, 0o600))
            }
            guard let directory = opendir(probe.path("many")) else { return }
            for _ in 0..<100 { _ = readdir(directory) }
            let place = telldir(directory)
            func next() -> String {
                guard let entry = readdir(directory) else { return "end" }
                return withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            }
            let first = next()
            for _ in 0..<300 { _ = readdir(directory) }
            seekdir(directory, place)
            probe.note("same entry: \(next() == first)")
            closedir(directory)
        },
    ]
}
