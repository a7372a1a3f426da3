internal import CaptureControl
internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import Glibc

/// A folder that is to be protected: what was below it is reached through `backing`, and our own
/// file system lies over it after `attach`.
package struct CaptureMount: Sendable {
    /// Absolute, links resolved, bytes as on disk.
    package let path: [UInt8]
    /// The folder itself, opened before anything covered it.
    package let backing: CInt

    /// Opens the folder; refuses what must not be covered.
    package init(path: String) throws(CaptureError) {
        let flags = O_RDONLY | O_DIRECTORY
        let backing = cposix_open(path, flags, 0)
        guard backing >= 0 else {
            if backing == -ENOTDIR { throw .notADirectory(path) }
            throw .system("open \(path)", errno: -backing)
        }
        var problem: CaptureError?
        var real: [UInt8] = []
        do throws(Errno) {
            real = try Self.realPath(backing)
        } catch {
            problem = .system("resolve \(path)", errno: error.rawValue)
        }
        if problem == nil { problem = Self.reasonAgainst(real, backing) }
        if let problem {
            _ = cposix_close(backing)
            throw problem
        }
        self.path = real
        self.backing = backing
    }

    /// A folder that is covered by us already.
    init(covered backing: CInt) throws(Errno) {
        path = try Self.realPath(backing)
        self.backing = backing
    }

    private static func realPath(_ descriptor: CInt) throws(Errno) -> [UInt8] {
        var room = [CChar](repeating: 0, count: 4096)
        let count = try SystemCall.check {
            cposix_readlinkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", &room, 4096)
        }
        return room[..<count].map { UInt8(bitPattern: $0) }
    }

    private static func reasonAgainst(_ path: [UInt8], _ backing: CInt) -> CaptureError? {
        let text = String(decoding: path, as: UTF8.self)
        if path == [0x2F] { return .root }
        let table = MountTable(WholeFile.read(WholeFile.mounts) ?? [])
        if let inside = table.mount(below: path)?.point {
            return .submount(text, inside: String(decoding: inside, as: UTF8.self))
        }
        if table.isCaptured(path) { return .alreadyMounted(text) }
        return nil
    }

    /// Puts the file system that is served through `device` over the folder.
    package func attach(_ device: CInt) throws(CaptureError) {
        var status = statvfs()
        guard cposix_fstatvfs(backing, &status) == 0 else {
            throw .system("statvfs", errno: EIO)
        }
        // As the folder is mounted, so are we: statvfs and mount(2) have the same bits but one.
        let same: UInt = 1 | 2 | 4 | 8 | 16 | 1024 | 2048
        var flags = UInt(status.f_flag) & same
        if UInt(status.f_flag) & 4096 != 0 { flags |= 1 << 21 }
        let options =
            "fd=\(device),rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other"
        // Through the descriptor, so that what was checked is what is covered.
        let result = cposix_mount(
            "understudy", "/proc/self/fd/\(backing)", "fuse.understudy", flags, options)
        if result < 0 { throw .system("mount", errno: -result) }
    }

    /// Takes the file system away again; `isLazy`: even while it is used, for those who come later.
    package func detach(isLazy: Bool) throws(CaptureError) {
        var text = path.map { CChar(bitPattern: $0) }
        text.append(0)
        let flags = CInt(8) | (isLazy ? CInt(2) : 0)
        let result = cposix_umount2(text, flags)
        guard result < 0 else { return }
        if result == -EBUSY { throw .busy(String(decoding: path, as: UTF8.self)) }
        throw .system("umount", errno: -result)
    }

    package static func openDevice() throws(CaptureError) -> CInt {
        let device = cposix_open("/dev/fuse", O_RDWR | O_NONBLOCK, 0)
        guard device >= 0 else { throw .system("open /dev/fuse", errno: -device) }
        return device
    }
}

/// Why a folder cannot be captured.
package enum CaptureError: Error, Equatable, Sendable {
    case notADirectory(String)
    case root
    case submount(String, inside: String)
    case alreadyMounted(String)
    case busy(String)
    case journal(String)
    case system(String, errno: CInt)

    package var text: String {
        switch self {
        case .notADirectory(let path): "'\(path)' is not a directory"
        case .root: "'/' cannot be mounted over"
        case .submount(let path, let inside):
            "'\(path)' has another file system mounted below it, at '\(inside)'"
        case .alreadyMounted(let path): "'\(path)' is already captured"
        case .busy(let path): "busy: files below '\(path)' are in use"
        case .journal(let problem): "the journal's memory cannot be used: \(problem)"
        case .system(let what, let code):
            "\(what): \(Errno(rawValue: code).description)"
        }
    }
}
