internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// Nodes and their descriptors.
extension FileSystem {
    func node(_ id: UInt64) throws(Errno) -> Node {
        guard let node = table.find(id) else { throw .stale }
        return node
    }

    /// A descriptor that can do at least what `need` says. The node's shard is held.
    @inline(__always)
    func openDescriptor(_ node: Node, _ need: DescriptorAccess) throws(Errno) -> CInt {
        node.wasUsed.store(true, ordering: .relaxed)
        if node.access >= need { return node.descriptor }
        return try open(node, need)
    }

    private func open(_ node: Node, _ need: DescriptorAccess) throws(Errno) -> CInt {
        let (fresh, access) = try openFresh(node, need)
        if node.descriptor >= 0 {
            // In place, because others may be reading with that number.
            let result = cposix_dup3(fresh, node.descriptor)
            _ = cposix_close(fresh)
            if result < 0 { throw Errno(rawValue: -result) }
        } else {
            node.descriptor = fresh
            cache.admit(node)
        }
        node.access = access
        return node.descriptor
    }

    private func openFresh(
        _ node: Node, _ need: DescriptorAccess
    ) throws(Errno) -> (CInt, DescriptorAccess) {
        switch node.type {
        case .directory:
            return (try reopen(node, O_RDONLY | O_DIRECTORY), .write)
        case .regular where need == .read:
            return (try reopen(node, O_RDONLY | O_NONBLOCK), .read)
        case .regular where need == .write:
            do throws(Errno) {
                return (try reopen(node, O_RDWR | O_NONBLOCK), .write)
            } catch {
                guard error == .notPermitted else { throw error }
                // A file that can only be appended to.
                return (try reopen(node, O_RDWR | O_APPEND | O_NONBLOCK), .write)
            }
        default:
            guard need <= .path else { throw .invalid }
            return (try reopen(node, OpenFlags.path | O_NOFOLLOW), .path)
        }
    }

    private func reopen(_ node: Node, _ flags: CInt) throws(Errno) -> CInt {
        if node.descriptor >= 0 && (node.isKept || node.handle == nil) {
            return try SystemCall.check { cposix_reopen(node.descriptor, flags & ~O_NOFOLLOW) }
        }
        guard let handle = node.handle else { throw .stale }
        return try SystemCall.check { handle.open(backing, flags) }
    }

    /// Uses a descriptor without holding the shard meanwhile, for what changes nothing.
    @inline(__always)
    func withDescriptor<Result>(
        _ node: Node, _ need: DescriptorAccess, _ body: (CInt) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let descriptor = try shards.locked(node) { () throws(Errno) -> CInt in
            let descriptor = try openDescriptor(node, need)
            node.pin()
            return descriptor
        }
        defer { node.unpin() }
        return try body(descriptor)
    }

    func statusOf(_ descriptor: CInt) throws(Errno) -> stat {
        try SystemCall.status(of: descriptor)
    }

    /// After an effect: it must be recorded even if the file system cannot be asked any more. Then
    /// `known` counts, with the time that it is now.
    @inline(__always)
    func statusAfter(_ descriptor: CInt, _ known: @autoclosure () -> stat = stat()) -> stat {
        var status = stat()
        if !CrashPoint.hidesOutcome, cposix_fstat(descriptor, &status) >= 0 { return status }
        return unread(known())
    }

    func unread(_ known: stat) -> stat {
        recorder.countUnread()
        var status = known
        status.st_mtim = cposix_timespec(cposix_realtime())
        status.st_ctim = status.st_mtim
        return status
    }

    /// What the kernel is told about an object found under a name; counts as one lookup.
    /// `opened` is a descriptor that becomes the node's, if it is new.
    func entry(
        _ status: stat, _ parent: Node?, _ directory: CInt, _ name: RequestName?,
        opened: CInt = -1
    ) throws(Errno) -> (Entry, Node) {
        let bytes = name?.bytes ?? Recorder.nothing
        var entry = Entry()
        entry.validSeconds = Self.validSeconds
        entry.attributes = NodeAttributes(status, validSeconds: Self.validSeconds)
        let node: Node
        if let known = table.findAndCount(status, name == nil ? nil : parent, bytes) {
            node = known
            if opened >= 0 { _ = cposix_close(opened) }
        } else {
            node = try makeNode(status, parent, directory, name, opened)
        }
        entry.node = node.id
        entry.generation = UInt64(node.file.generation)
        return (entry, node)
    }

    private func makeNode(
        _ status: stat, _ parent: Node?, _ directory: CInt, _ name: RequestName?, _ opened: CInt
    ) throws(Errno) -> Node {
        let isForeign = UInt64(status.st_dev) != table.root.device
        let handle: FileHandle?
        if isForeign || table.root.handle == nil {
            handle = nil
        } else if opened >= 0 {
            handle = FileHandle(opened, "", flags: AT_EMPTY_PATH)
        } else if let name {
            handle = FileHandle(directory, name.text, flags: 0)
        } else {
            handle = FileHandle(directory, "", flags: AT_EMPTY_PATH)
        }
        var descriptor = opened
        if descriptor < 0, handle == nil {
            let path = OpenFlags.path | O_NOFOLLOW
            descriptor =
                if let name { try SystemCall.open(at: directory, name.text, path) } else {
                    try SystemCall.check { cposix_dup(directory) }
                }
        }
        // The node gets its descriptor before anybody else can see it, so no shard is needed: its
        // own may be one that the caller holds for the directory.
        let access: DescriptorAccess = opened >= 0 ? .write : .path
        var isMine = false
        let node = table.insert(
            status, name == nil ? nil : parent, name?.bytes ?? Recorder.nothing
        ) { id in
            isMine = true
            let node = Node(
                id: id, inode: UInt64(status.st_ino), device: UInt64(status.st_dev),
                type: ObjectType(mode: status.st_mode), handle: handle, mount: mount)
            node.descriptor = descriptor
            node.access = descriptor >= 0 ? access : .none
            return node
        }
        if descriptor >= 0 {
            if isMine { cache.admit(node) } else { _ = cposix_close(descriptor) }
        }
        return node
    }

    /// Before the last name of a node goes: from here on only the descriptor leads to it. The
    /// shard is held.
    func keep(_ node: Node, _ directory: CInt, _ name: UnsafePointer<CChar>) throws(Errno) {
        guard node.descriptor < 0 else { return }
        let flags = OpenFlags.path | O_NOFOLLOW
        node.descriptor = try SystemCall.open(at: directory, name, flags)
        node.access = .path
        cache.admit(node)
    }

    /// The last name is gone. Shard held.
    func becameNameless(_ node: Node) {
        node.isKept = true
        node.isNameless = true
    }

    /// The node's membership, 0 where its changes are not recorded.
    @inline(__always)
    func membership(_ node: Node, _ status: stat) -> UInt16 {
        node.isNameless ? 0 : table.membership(of: node, linkCount: Int(status.st_nlink))
    }
}
