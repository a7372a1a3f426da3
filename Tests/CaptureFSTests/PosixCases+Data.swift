import CPosix
import Glibc

extension PosixCase {
    private static let pageBytes = 4096

    static let data = [
        PosixCase("writes, appends, truncations") { probe in
            let file = probe.open("a", O_CREAT | O_RDWR)
            probe.write(file, "hello")
            probe.write(file, "J", at: 0)
            probe.write(file, "far", at: 10_000)
            probe.note("truncate", ftruncate(file, 10_001))
            probe.content("a")
            probe.note("truncate", truncate(probe.path("a"), 3))
            probe.note("grow", ftruncate(file, 20))
            probe.content("a")
            let appended = probe.open("a", O_WRONLY | O_APPEND)
            probe.write(appended, "end")
            probe.write(appended, "END", at: 0)
            close(appended)
            probe.content("a")
            close(probe.open("a", O_WRONLY | O_TRUNC))
            probe.status("a")
            probe.note("negative", ftruncate(file, -1))
            var byte: UInt8 = 0
            probe.note("read at the end", read(file, &byte, 1))
            close(file)
            let reader = probe.open("a", O_RDONLY)
            probe.write(reader, "no")
            close(reader)
        },
        PosixCase("large writes") { probe in
            let count = 3 << 20
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 1000) }
            let file = probe.open("large", O_CREAT | O_RDWR)
            probe.note("write", Glibc.write(file, bytes, count))
            var back = [UInt8](repeating: 0, count: count)
            probe.note("read", pread(file, &back, count, 0))
            probe.note("equal \(back == bytes)")
            close(file)
            probe.status("large")
        },
        PosixCase("holes") { probe in
            let file = probe.open("a", O_CREAT | O_RDWR)
            probe.note("grow", ftruncate(file, 1 << 20))
            probe.write(file, "data", at: 262_144)
            probe.note("data", lseek(file, 0, SEEK_DATA))
            probe.note("hole", lseek(file, 262_144, SEEK_HOLE))
            probe.note("no data", lseek(file, 600_000, SEEK_DATA))
            probe.note("behind", lseek(file, 2 << 20, SEEK_HOLE))
            var status = stat()
            fstat(file, &status)
            probe.note("blocks \(status.st_blocks)")
            close(file)
        },
        PosixCase("allocation") { probe in
            let file = probe.open("a", O_CREAT | O_RDWR)
            probe.note("allocate", fallocate(file, 0, 0, 100_000))
            probe.status("a")
            probe.write(file, String(repeating: "x", count: 50_000), at: 0)
            probe.note("keep size", fallocate(file, 1, 100_000, 100_000))
            probe.status("a")
            probe.note("punch", fallocate(file, 3, 4096, 8192))
            probe.note("zero", fallocate(file, 16, 20_000, 100))
            probe.content("a")
            probe.note("nothing", fallocate(file, 0, 0, 0))
            probe.note("punch without keep", fallocate(file, 2, 0, 10))
            close(file)
            let reader = probe.open("a", O_RDONLY)
            probe.note("read only", fallocate(reader, 0, 0, 10))
            close(reader)
        },
        PosixCase("direct") { probe in
            let direct: CInt = 0o40000
            let file = probe.open("a", O_CREAT | O_RDWR | direct)
            let room = UnsafeMutableRawPointer.allocate(byteCount: 8192, alignment: 4096)
            defer { room.deallocate() }
            room.initializeMemory(as: UInt8.self, repeating: 0x64, count: 8192)
            probe.note("pwrite", pwrite(file, room, 8192, 4096))
            room.initializeMemory(as: UInt8.self, repeating: 0, count: 8192)
            probe.note("pread", pread(file, room, 4096, 8192))
            probe.note("byte \(room.load(as: UInt8.self))")
            close(file)
            probe.content("a")
        },
        PosixCase("shared mappings") { probe in
            let file = probe.open("a", O_CREAT | O_RDWR)
            probe.note("grow", ftruncate(file, 3 * off_t(pageBytes)))
            let memory = mmap(nil, 3 * pageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
            guard let memory, memory != MAP_FAILED else { return probe.note("no mapping") }
            memory.storeBytes(of: 0x41, toByteOffset: 100, as: UInt8.self)
            memory.storeBytes(of: 0x42, toByteOffset: 2 * pageBytes, as: UInt8.self)
            probe.note("msync", msync(memory, 3 * pageBytes, MS_SYNC))
            probe.content("a")
            probe.write(file, "w", at: 1)
            probe.note("seen \(memory.load(fromByteOffset: 1, as: UInt8.self))")
            memory.storeBytes(of: 0x43, toByteOffset: 3 * pageBytes - 1, as: UInt8.self)
            munmap(memory, 3 * pageBytes)
            close(file)
            probe.content("a")
        },
        PosixCase("locks") { probe in
            let one = probe.open("a", O_CREAT | O_RDWR)
            let two = probe.open("a", O_RDWR)
            probe.note("flock", flock(one, LOCK_EX | LOCK_NB))
            probe.note("flock", flock(two, LOCK_EX | LOCK_NB))
            probe.note("unlock", flock(one, LOCK_UN))
            probe.note("flock", flock(two, LOCK_SH | LOCK_NB))
            probe.note("unlock", flock(two, LOCK_UN))
            probe.note("range", cposix_flock(one, Int16(F_WRLCK)) == 0 ? 0 : 1)
            probe.note("range", cposix_flock(two, Int16(F_RDLCK)) == 0 ? 0 : 1)
            close(one)
            probe.note("range", cposix_flock(two, Int16(F_RDLCK)) == 0 ? 0 : 1)
            close(two)
        },
        PosixCase("syncing") { probe in
            let file = probe.open("a", O_CREAT | O_RDWR | O_SYNC)
            probe.write(file, "synced")
            probe.note("fsync", fsync(file))
            probe.note("fdatasync", fdatasync(file))
            probe.note("syncfs", syncfs(file))
            close(file)
            let directory = probe.open(".", O_RDONLY | O_DIRECTORY)
            probe.note("directory", fsync(directory))
            close(directory)
        },
        PosixCase("copies between files") { probe in
            let one = probe.open("one", O_CREAT | O_RDWR)
            probe.write(one, String(repeating: "copy", count: 5000))
            close(one)
            // `cp` asks for a copy inside the kernel first.
            let copy = try? CaptureRig.spawn(
                ["/bin/cp", "--reflink=never", probe.path("one"), probe.path("two")], output: -1)
            var status: CInt = 0
            if let copy { waitpid(copy, &status, 0) }
            probe.note("copied \(status)")
            probe.content("two")
        },
        PosixCase("reads and writes of directories") { probe in
            mkdir(probe.path("d"), 0o755)
            probe.open("d", O_RDWR)
            let directory = probe.open("d", O_RDONLY)
            var byte: UInt8 = 0
            probe.note("read", read(directory, &byte, 1))
            probe.note("truncate", truncate(probe.path("d"), 0))
            close(directory)
        },
    ]
}
