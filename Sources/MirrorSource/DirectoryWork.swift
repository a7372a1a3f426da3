internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel

/// A directory that is still to be walked. Found again by its file handle when it was renamed
/// meanwhile: a rename moves it at the target too, but does not bring what is in it.
struct PendingDirectory {
    /// Place in the walker's roots.
    var root: Int
    /// Below the root, when it was queued.
    var path: [UInt8]
    var file: FileID
    var handle: [UInt8]
    var handleType: CInt
    /// Of the question that was asked about it; 0: none yet.
    var question: UInt64 = 0
    var scope: WalkScope

    init(
        root: Int, path: [UInt8], descriptor: CInt, file: FileID, scope: WalkScope = .suspects
    ) {
        self.root = root
        self.path = path
        self.file = file
        self.scope = scope
        var bytes = [UInt8](repeating: 0, count: Int(MAX_HANDLE_SZ))
        handleType = 0
        let count = cposix_handle(descriptor, "", AT_EMPTY_PATH, &bytes, &handleType)
        handle = count > 0 ? Array(bytes[..<Int(count)]) : []
    }

    /// A descriptor of the directory, wherever it is now; nil when it is gone.
    func open(below rootDescriptor: CInt, mount: UInt32) throws(Errno) -> CInt? {
        let place = BytePath(path.isEmpty ? Array(".".utf8) : path)
        let flags = O_RDONLY | O_DIRECTORY | O_NOATIME
        do throws(Errno) {
            let descriptor = try place.withCString { (text) throws(Errno) in
                try SystemCall.openBeneath(rootDescriptor, text, flags)
            }
            if isSame(descriptor, mount) { return descriptor }
            SystemCall.close(descriptor)
        } catch {
            switch error {
            case .noSuchFile, .notDirectory, .tooManyLinks, .nameTooLong: break
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
        guard let status = try? SystemCall.status(of: descriptor), status.st_nlink > 0 else {
            return false
        }
        return FileID(descriptor, status, mount: mount) == file
    }
}

/// What a resync does in a directory beyond what the objects in it are suspected of.
struct WalkScope: OptionSet {
    let rawValue: UInt8

    static let suspects: WalkScope = []
    /// Its names may differ: they are sent, with the objects that they stand for.
    static let listed = WalkScope(rawValue: 1)
    /// So may those of all directories below it.
    static let listedBelow = WalkScope(rawValue: 2)
    /// The target has nothing of what is in it, or has to be taken to have nothing.
    static let whole = WalkScope(rawValue: 4)
}

/// The directory that is being walked: its names as they were when it was opened.
struct DirectoryWork: ~Copyable {
    let root: Int
    let descriptor: CInt
    let file: FileID
    let path: [UInt8]
    /// Its time as of the position at hand.
    var modified: Int64
    /// The position that `modified` was read at.
    var position: UInt64 = 0
    /// Entries one after the other: length of the name, type, name, NUL.
    private var entries: [UInt8] = []
    private(set) var place = 0
    private(set) var count = 0
    /// Where in the entries the list of names for the target has got.
    var listPlace = 0
    var isListSent = false
    var scope = WalkScope.suspects
    /// What the target has, by name; empty in a full mirror.
    var listing: [[UInt8]: ObjectAttributes] = [:]

    /// Reads all names. Takes the descriptor over.
    init(
        root: Int, descriptor: CInt, file: FileID, path: [UInt8], modified: Int64,
        reader: inout DirectoryReader
    ) throws(Errno) {
        self.root = root
        self.descriptor = descriptor
        self.file = file
        self.path = path
        self.modified = modified
        var entries: [UInt8] = []
        var count = 0
        try reader.start(descriptor)
        while let entry = try reader.next() {
            guard entry.name.count <= 255 else { continue }
            entries.append(UInt8(entry.name.count))
            entries.append(entry.typeNumber)
            entries.append(contentsOf: entry.name)
            entries.append(0)
            count += 1
        }
        self.entries = entries
        self.count = count
    }

    deinit { SystemCall.close(descriptor) }

    var isDone: Bool { place == entries.count }

    /// The entry at hand: its type and its name. `next` goes on to the one after.
    func current() -> (typeNumber: UInt8, name: [UInt8]) { entry(at: place) }

    mutating func next() { place = after(place) }

    /// Adds names to a list until it has `byteCountMax` bytes or all of them.
    mutating func fill(
        _ list: inout NameList, byteCountMax: Int, includes: (UInt8, [UInt8]) -> Bool
    ) {
        while listPlace < entries.count {
            let (type, name) = entry(at: listPlace)
            if list.byteCount + name.count + 1 > byteCountMax { return }
            if includes(type, name) { name.withUnsafeBytes { list.append($0) } }
            listPlace = after(listPlace)
        }
    }

    var isListComplete: Bool { listPlace == entries.count }

    /// The entry that the list has got to; nil at its end.
    func listEntry() -> (typeNumber: UInt8, name: [UInt8])? {
        isListComplete ? nil : entry(at: listPlace)
    }

    mutating func nextListEntry() { listPlace = after(listPlace) }

    private func entry(at place: Int) -> (typeNumber: UInt8, name: [UInt8]) {
        let start = place + 2
        return (entries[place + 1], Array(entries[start..<start + Int(entries[place])]))
    }

    private func after(_ place: Int) -> Int { place + 3 + Int(entries[place]) }
}

/// The file whose content is being sent.
struct FileWork {
    var descriptor: CInt
    var root: Int
    var file: FileID
    var offset: Int64 = 0
    var size: Int64
    var modified: Int64
    var isSparse: Bool
}
