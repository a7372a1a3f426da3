internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// Notices changes below the protected folder that do not come through the mount: by files that
/// were open before, from another mount namespace, on the backing path. The kernel tells of all
/// changes of the file system, ours included, which costs something for each; so it is an option.
///
/// Bytes that somebody writes are noticed when he closes the file.
final class Tripwire: @unchecked Sendable {
    /// What was noticed since the last time it was asked for.
    struct Suspects {
        var files: Set<FileID> = []
        /// More happened than could be listed.
        var isMore = false
    }

    private let descriptor: CInt
    private let mount: UInt32
    private let backing: CInt
    private let path: [UInt8]
    private let processes: Set<pid_t>
    private let suspects = Mutex(Suspects())
    private let noticed = Atomic<UInt64>(0)

    /// So many fit into one answer.
    private static let filesMax = 2048

    /// Throws where the system has no such thing (kernel below 5.9, no permission).
    init(backing: CInt, path: [UInt8], mount: UInt32, processes: Set<pid_t>) throws(Errno) {
        descriptor = try SystemCall.check { cposix_tripwire(backing) }
        self.backing = backing
        self.path = path
        self.mount = mount
        self.processes = processes
    }

    /// Changes noticed so far.
    var count: UInt64 { noticed.load(ordering: .relaxed) }

    func take() -> Suspects {
        suspects.withLock { suspects in
            defer { suspects = Suspects() }
            return suspects
        }
    }

    /// On a thread of its own, for as long as the server lives.
    func run() {
        cposix_nameThread("tripwire")
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
        while true {
            let count = cposix_read(descriptor, room.baseAddress, room.count)
            guard count > 0 else {
                if count == -Int(EINTR) { continue }
                return
            }
            var place = 0
            while place < count, let start = room.baseAddress {
                var trip = cposix_trip()
                let length = cposix_tripwireEvent(start + place, count - place, &trip)
                if length == 0 { break }
                place += length
                if trip.isOverflow != 0 { addMore() }
                if !processes.contains(trip.process), trip.handleBytes > 0 { look(&trip) }
            }
        }
    }

    private func look(_ trip: inout cposix_trip) {
        let flags = O_RDONLY | O_DIRECTORY
        let directory = withUnsafeBytes(of: &trip.handle) {
            cposix_openHandle(
                backing, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), trip.handleBytes,
                trip.handleType, flags)
        }
        // Gone with everything in it: then its own directory changed as well.
        guard directory >= 0 else { return }
        defer { _ = cposix_close(directory) }
        guard isInside(directory) else { return }
        noticed.wrappingAdd(1, ordering: .relaxed)
        if trip.isAboutName != 0 { add(directory, "", AT_EMPTY_PATH) }
        withUnsafeBytes(of: &trip.name) { bytes in
            guard let name = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            add(directory, name, 0)
        }
    }

    private func isInside(_ directory: CInt) -> Bool {
        var room = [CChar](repeating: 0, count: 4096)
        let count = cposix_readlinkat(AT_FDCWD, "/proc/self/fd/\(directory)", &room, 4096)
        guard count > 0 else { return false }
        let found = room[..<count].map { UInt8(bitPattern: $0) }
        return found == path || found.starts(with: path + [0x2F])
    }

    private func add(_ directory: CInt, _ name: UnsafePointer<CChar>, _ flags: CInt) {
        var identity = cposix_identity()
        guard cposix_identify(directory, name, flags | AT_SYMLINK_NOFOLLOW, &identity) >= 0 else {
            return
        }
        let generation = cposix_generation(directory, name, flags)
        let file = FileID(inode: identity.inode, generation: generation, mount: mount)
        suspects.withLock { suspects in
            if suspects.files.count < Self.filesMax || suspects.files.contains(file) {
                suspects.files.insert(file)
            } else {
                suspects.isMore = true
            }
        }
    }

    /// The kernel dropped events: what they were about may lie here.
    private func addMore() {
        noticed.wrappingAdd(1, ordering: .relaxed)
        suspects.withLock { $0.isMore = true }
    }
}
