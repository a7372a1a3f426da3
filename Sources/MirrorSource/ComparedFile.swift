internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel

/// A file whose content is to be compared when all names are done. Found again by its file handle
/// when it was renamed meanwhile.
struct PendingFile {
    var root: Int
    /// Below the root, when it was queued.
    var path: [UInt8]
    var file: FileID
    var content: Suspect.Content
    /// What there is to compare, as far as could be seen when it was queued.
    let plannedBytes: UInt64
    private var handle: [UInt8] = []
    private var handleType: CInt = 0

    init(
        root: Int, path: [UInt8], descriptor: CInt, file: FileID, content: Suspect.Content,
        size: Int64
    ) {
        self.root = root
        self.path = path
        self.file = file
        self.content = content
        plannedBytes = content.byteCount(size: UInt64(max(size, 0)))
        var bytes = [UInt8](repeating: 0, count: Int(MAX_HANDLE_SZ))
        let count = cposix_handle(descriptor, "", AT_EMPTY_PATH, &bytes, &handleType)
        handle = count > 0 ? Array(bytes[..<Int(count)]) : []
    }

    /// A descriptor of the file, wherever it is now; nil when it is gone.
    func open(below rootDescriptor: CInt, mount: UInt32) throws(Errno) -> CInt? {
        let flags = O_RDONLY | O_NONBLOCK | O_NOATIME | O_NOCTTY
        do throws(Errno) {
            let descriptor = try BytePath(path).withCString { (text) throws(Errno) in
                try SystemCall.openBeneath(rootDescriptor, text, flags | O_NOFOLLOW)
            }
            if isSame(descriptor, mount) { return descriptor }
            SystemCall.close(descriptor)
        } catch {
            switch error {
            case .noSuchFile, .notDirectory, .tooManyLinks, .nameTooLong, .noDevice: break
            default: throw error
            }
        }
        guard !handle.isEmpty else { return nil }
        let found = cposix_openHandle(rootDescriptor, handle, CInt(handle.count), handleType, flags)
        guard found >= 0 else { return nil }
        if isSame(found, mount) { return found }
        SystemCall.close(found)
        return nil
    }

    private func isSame(_ descriptor: CInt, _ mount: UInt32) -> Bool {
        guard let status = try? SystemCall.status(of: descriptor), status.st_nlink > 0,
            ObjectType(mode: status.st_mode) == .regular
        else { return false }
        return FileID(descriptor, status, mount: mount) == file
    }
}

/// A file whose blocks are being compared.
struct ComparedFile {
    let descriptor: CInt
    let pending: PendingFile
    /// Whether it has holes, as far as could be seen when it was opened.
    let isSparse: Bool
    /// Blocks that were not asked for yet, the next ones last.
    var rest: [Range<UInt64>]
    /// Questions that were asked, the oldest first.
    var asked: [Asked] = []
    var hasSetSize = false
    /// Of the planned bytes, those that were compared.
    var settledBytes: UInt64 = 0

    struct Asked {
        let id: UInt64
        let blocks: Range<UInt64>
        /// The block of them that comes next.
        var next: UInt64
    }

    init(_ pending: PendingFile, descriptor: CInt, size: Int64, isSparse: Bool) {
        self.pending = pending
        self.descriptor = descriptor
        self.isSparse = isSparse
        let all = 0..<Blocks.count(size: size)
        switch pending.content {
        case .none: rest = []
        case .all: rest = [all]
        case .blocks(let ranges):
            rest = ranges.map { $0.clamped(to: all) }.filter { !$0.isEmpty }.reversed()
        }
        // The target is asked at least whether it has the file, and how large it is.
        if rest.allSatisfy(\.isEmpty) { rest = [0..<0] }
    }

    var isAsked: Bool { rest.isEmpty }
    var isDone: Bool { rest.isEmpty && asked.isEmpty }

    /// The next blocks to ask for.
    mutating func takeRest() -> Range<UInt64>? {
        guard let range = rest.popLast() else { return nil }
        let end = min(range.upperBound, range.lowerBound + UInt64(Blocks.questionMax))
        if end < range.upperBound { rest.append(end..<range.upperBound) }
        return range.lowerBound..<end
    }
}
