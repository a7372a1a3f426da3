internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import ReplicationModel

/// Where a server keeps what it has not delivered yet.
struct QueueFolders: Sendable {
    /// In memory: outlives every process, not the machine's next start. nil: there is no such
    /// place, and the queue ends with the last process that has it.
    let memory: String?
    /// Segments of the disk queue.
    let queue: String
    /// Hot groups, written before changes have their effect.
    let marks: String

    /// Makes them. The one in memory belongs to this state folder alone: its name holds a sum of
    /// the folder's path, and it is used only when nobody else can have put anything into it.
    init(stateDirectory: String) {
        queue = stateDirectory + "/queue"
        marks = Self.marksPath(stateDirectory)
        mkdir(queue, 0o700)
        mkdir(marks, 0o700)
        memory = Self.makePrivate(Self.memoryPath(stateDirectory))
        // So that it is found by whoever looks at the state folder, or clears it away.
        unlink(stateDirectory + "/memory")
        if let memory { symlink(memory, stateDirectory + "/memory") }
    }

    static func marksPath(_ stateDirectory: String) -> String { stateDirectory + "/marks" }

    static func memoryPath(_ stateDirectory: String) -> String {
        let path = Paths.real(stateDirectory) ?? stateDirectory
        let sum = Array(path.utf8).withUnsafeBytes { Checksum.of64($0) }
        return "/dev/shm/understudy-" + String(sum, radix: 16)
    }

    private static func makePrivate(_ path: String) -> String? {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { return nil }
        var found = cposix_identity()
        guard cposix_identify(AT_FDCWD, path, CInt(AT_SYMLINK_NOFOLLOW), &found) == 0,
            found.mode & 0o170000 == 0o040000, found.mode & 0o077 == 0, found.user == geteuid()
        else { return nil }
        return path
    }

    var journalPath: BytePath? { memory.map { BytePath($0 + "/journal") } }

    /// Dirty indexes: best in memory, where making marks never waits for a disk.
    var marksIndexes: BytePath { BytePath(memory ?? marks) }

    /// Why the queue's memory cannot be where it outlives processes: what there is, what is needed,
    /// and what helps.
    func noRoom(_ error: JournalError, _ bytes: Int) -> String {
        guard let memory, case .memory(let number) = error, number == ENOSPC else {
            return "\(error)"
        }
        let free = (try? MemoryRoom.freeBytes(at: BytePath(memory))) ?? 0
        return "got \(free >> 20) MB free in /dev/shm, expected \(bytes >> 20) MB; give it room "
            + "(mount -o remount,size=... /dev/shm) or make journalMemoryMB smaller, and restart"
    }

    /// The server stops and nothing it has undelivered is left.
    func removeMemory() {
        guard let memory else { return }
        for name in DirectoryNames.list(memory) { unlink(memory + "/" + name) }
        rmdir(memory)
    }
}
