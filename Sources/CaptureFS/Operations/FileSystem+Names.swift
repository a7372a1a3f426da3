internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// Looking names up, and making and removing them.
extension FileSystem {
    func lookup(_ call: Call, _ name: RequestName) throws(Errno) -> Int {
        if name.isDot || name.isDotDot { return try lookupAgain(call, up: name.isDotDot) }
        let parent = try node(call.header.node)
        return try withDescriptor(parent, .read) { directory throws(Errno) -> Int in
            var status = stat()
            let result = cposix_fstatat(directory, name.text, &status, AT_SYMLINK_NOFOLLOW)
            if result == -ENOENT {
                // Nobody else makes the name, so the kernel may remember that it is not there.
                var absent = Entry()
                absent.validSeconds = Self.validSeconds
                return call.entry(absent)
            }
            _ = try SystemCall.check { result }
            return tell(call, try entry(status, parent, directory, name).0)
        }
    }

    /// "." and ".." are asked for by NFS only, which has nothing but the number of a node.
    private func lookupAgain(_ call: Call, up: Bool) throws(Errno) -> Int {
        if let node = table.find(call.header.node) {
            if up { return try lookupParent(call, node) }
            return try withDescriptor(node, .path) { descriptor throws(Errno) -> Int in
                tell(call, try entry(try statusOf(descriptor), nil, descriptor, nil).0)
            }
        }
        // Nodes the kernel has forgotten can be found again where inode numbers are enough (ext4).
        // What is found is compared with the client's handle by its generation, in the kernel.
        guard !up, let inode = UInt32(exactly: call.header.node) else { throw .stale }
        let flags = OpenFlags.path | O_NOFOLLOW
        let descriptor = try SystemCall.check {
            FileHandle(inodeAlone: inode).open(backing, flags)
        }
        defer { _ = cposix_close(descriptor) }
        let status = try statusOf(descriptor)
        guard status.st_nlink > 0, UInt64(status.st_dev) == table.root.device else {
            throw .stale
        }
        return tell(call, try entry(status, nil, descriptor, nil).0)
    }

    private func lookupParent(_ call: Call, _ node: Node) throws(Errno) -> Int {
        if let parent = node === table.root ? node : table.parent(of: node) {
            return try withDescriptor(parent, .path) { descriptor throws(Errno) -> Int in
                tell(call, try entry(try statusOf(descriptor), nil, descriptor, nil).0)
            }
        }
        guard node.type == .directory else { throw .stale }
        return try withDescriptor(node, .read) { descriptor throws(Errno) -> Int in
            // Not across a mount: the folder that is covered by ours is the root.
            let flags = UInt64(UInt32(bitPattern: OpenFlags.path | O_DIRECTORY))
            let found = cposix_openat2(descriptor, "..", flags, 0, OpenFlags.noCrossing)
            if found == -EXDEV {
                return tell(call, try entry(try statusOf(backing), nil, backing, nil).0)
            }
            let parent = try SystemCall.check { found }
            defer { _ = cposix_close(parent) }
            return tell(call, try entry(try statusOf(parent), nil, parent, nil).0)
        }
    }

    // MARK: Making

    func makeNode(
        _ call: Call, _ fixed: fuse_mknod_in, _ name: RequestName
    ) throws(Errno) -> Int {
        let mode = mode_t(fixed.mode)
        let device = NodeAttributes.deviceNumber(fixed.rdev)
        return try create(call, name, umask: fixed.umask) { directory throws(Errno) in
            guard mode & S_IFMT == S_IFREG else {
                _ = try SystemCall.check {
                    cposix_mknodat(directory, name.text, mode, dev_t(device))
                }
                return -1
            }
            // Opened at once, because most new files are written to.
            return try SystemCall.open(
                at: directory, name.text, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW,
                mode: UInt32(mode & 0o7777))
        }
    }

    func makeDirectory(
        _ call: Call, _ fixed: fuse_mkdir_in, _ name: RequestName
    ) throws(Errno) -> Int {
        try create(call, name, umask: fixed.umask) { directory throws(Errno) in
            _ = try SystemCall.check {
                cposix_mkdirat(directory, name.text, mode_t(fixed.mode & 0o7777))
            }
            return -1
        }
    }

    func symbolicLink(
        _ call: Call, _ name: RequestName, _ target: RequestName
    ) throws(Errno) -> Int {
        try create(call, name, umask: 0, linkText: target.bytes) { directory throws(Errno) in
            _ = try SystemCall.check { cposix_symlinkat(target.text, directory, name.text) }
            return -1
        }
    }

    /// `effect` makes the object in a directory and may answer a descriptor of it, else -1.
    private func create(
        _ call: Call, _ name: RequestName, umask: UInt32,
        linkText: UnsafeRawBufferPointer = Recorder.nothing,
        _ effect: (CInt) throws(Errno) -> CInt
    ) throws(Errno) -> Int {
        let parent = try node(call.header.node)
        return try inNames { () throws(Errno) -> Int in
            try shards.locked(parent) { () throws(Errno) -> Int in
                let directory = try openDescriptor(parent, .read)
                try requireHot(call, parent)
                call.worker.act(as: call.header)
                call.worker.mask(umask)
                call.begin()
                let opened = try make(call, directory, name, effect)
                let made: (status: stat, entry: Entry, node: Node)
                do throws(Errno) {
                    made = try take(call, parent, directory, name, opened)
                } catch {
                    // Without an identity it cannot be recorded, so it must not stay.
                    undo(directory, name)
                    throw error
                }
                inheritHeat(made.node, from: parent)
                made.node.hasNoCapability.store(true, ordering: .relaxed)
                let membership = membership(made.node, made.status)
                if recorder.wants(membership) {
                    var change = NameChange()
                    change.attributes = ObjectAttributes(made.status)
                    fillParent(&change, parent, directory)
                    let extended = inheritedLists(call, directory, name)
                    recorder.names(
                        .create, made.node.file, membership, change,
                        NameParts(name: name.bytes, linkText: linkText, extended: extended))
                }
                return call.finish(call.entry(made.entry))
            }
        }
    }

    /// The effect; or what is there already, if it happened before a server was killed.
    private func make(
        _ call: Call, _ directory: CInt, _ name: RequestName,
        _ effect: (CInt) throws(Errno) -> CInt
    ) throws(Errno) -> CInt {
        do throws(Errno) {
            return try effect(directory)
        } catch {
            guard error == .exists, call.isAgain else { throw error }
            let status = try SystemCall.status(at: directory, name.text)
            guard call.isEffect(status) else { throw error }
            guard status.st_mode & S_IFMT == S_IFREG else { return -1 }
            return try SystemCall.open(at: directory, name.text, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
        }
    }

    /// The node of a new object, counted as told to the kernel.
    private func take(
        _ call: Call, _ parent: Node, _ directory: CInt, _ name: RequestName, _ opened: CInt
    ) throws(Errno) -> (stat, Entry, Node) {
        let status: stat
        do throws(Errno) {
            status =
                opened >= 0
                ? try statusOf(opened) : try SystemCall.status(at: directory, name.text)
        } catch {
            if opened >= 0 { _ = cposix_close(opened) }
            throw error
        }
        let (entry, node) = try entry(status, parent, directory, name, opened: opened)
        call.worker.intent.counted = (Intent.plain(call.header.unique), node.id)
        return (status, entry, node)
    }

    private func undo(_ directory: CInt, _ name: RequestName) {
        if cposix_unlinkat(directory, name.text, 0) == 0 { return }
        if cposix_unlinkat(directory, name.text, AT_REMOVEDIR) < 0 { recorder.countUnread() }
    }

    /// The answer about a node that was counted for it.
    func tell(_ call: Call, _ entry: Entry) -> Int {
        call.worker.intent.counted = (Intent.plain(call.header.unique), entry.node)
        return call.entry(entry)
    }

    func fillParent(_ change: inout NameChange, _ parent: Node, _ directory: CInt) {
        change.parent = parent.file
        change.parentModified = cposix_nanoseconds(statusAfter(directory).st_mtim)
    }

    /// Access lists that a new object got from its directory's default list.
    private func inheritedLists(
        _ call: Call, _ directory: CInt, _ name: RequestName
    ) -> UnsafeRawBufferPointer {
        let list = "system.posix_acl_default"
        guard cposix_fgetxattr(directory, list, nil, 0) > 0 else { return Recorder.nothing }
        let object = cposix_openat(directory, name.text, OpenFlags.path | O_NOFOLLOW, 0)
        guard object >= 0 else { return Recorder.nothing }
        defer { _ = cposix_close(object) }
        let scratch = call.worker.scratch
        var used = 0
        for attribute in ["system.posix_acl_access", list] {
            let head = AttributeChange.fixedByteCount + attribute.utf8.count
            let room = UnsafeMutableRawBufferPointer(rebasing: scratch[(used + head)...])
            let count = cposix_getxattrDescriptor(object, attribute, room.baseAddress, room.count)
            guard count > 0 else { continue }
            var change = AttributeChange()
            change.nameLength = UInt16(attribute.utf8.count)
            change.valueLength = UInt32(count)
            scratch.storeBytes(of: change, toByteOffset: used, as: AttributeChange.self)
            UnsafeMutableRawBufferPointer(
                rebasing: scratch[(used + AttributeChange.fixedByteCount)..<(used + head)]
            ).copyBytes(from: attribute.utf8)
            used += head + count
        }
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scratch)[..<used])
    }

    func temporaryFile(_ call: Call, _ fixed: fuse_create_in) throws(Errno) -> Int {
        let parent = try node(call.header.node)
        return try withDescriptor(parent, .read) { directory throws(Errno) -> Int in
            call.worker.act(as: call.header)
            call.worker.mask(fixed.umask)
            call.begin()
            let exclusive = CInt(bitPattern: fixed.flags) & O_EXCL
            let temporary = OpenFlags.temporary
            let opened = try SystemCall.open(
                at: directory, ".", temporary | O_RDWR | exclusive, mode: fixed.mode & 0o7777)
            let status = try statusOf(opened)
            let (entry, node) = try entry(status, nil, opened, nil, opened: opened)
            call.worker.intent.counted = (Intent.plain(call.header.unique), node.id)
            shards.locked(node) { becameNameless(node) }
            node.hasNoCapability.store(true, ordering: .relaxed)
            return call.finish(call.reply.openedEntry(call.header.unique, entry))
        }
    }

    // MARK: Removing

    func remove(_ call: Call, _ name: RequestName, isDirectory: Bool) throws(Errno) -> Int {
        let parent = try node(call.header.node)
        let intent = call.worker.intent
        return try inNames { () throws(Errno) -> Int in
            let status =
                call.isAgain
                ? intent.object.status
                : try withDescriptor(parent, .read) { directory throws(Errno) -> stat in
                    try SystemCall.status(at: directory, name.text)
                }
            let node = table.find(status)
            return try shards.locked((parent, node, nil, nil)) { () throws(Errno) -> Int in
                let directory = try openDescriptor(parent, .read)
                try requireHot(call, parent)
                let isLast = isDirectory || status.st_nlink < 2
                if !call.isAgain {
                    if let node, isLast { try keep(node, directory, name.text) }
                    intent.object = (status, identity(status, node, directory, name))
                }
                let file = intent.object.file
                call.worker.act(as: call.header)
                call.begin()
                let result = cposix_unlinkat(
                    directory, name.text, isDirectory ? AT_REMOVEDIR : 0)
                if result < 0, !(call.isAgain && result == -ENOENT) {
                    throw Errno(rawValue: -result)
                }
                let membership = table.membership(parent, name.bytes, isDirectory: isDirectory)
                if let node {
                    table.remove(node, parent, name.bytes)
                    if isLast { becameNameless(node) }
                }
                if recorder.wants(membership) {
                    var change = NameChange()
                    change.attributes = ObjectAttributes(status)
                    fillParent(&change, parent, directory)
                    recorder.names(
                        isDirectory ? .removeDirectory : .unlink, file, membership, change,
                        NameParts(name: name.bytes))
                }
                return call.finish(call.success())
            }
        }
    }

    /// One operation on names at a time; shards are taken inside.
    func inNames(_ body: () throws(Errno) -> Int) throws(Errno) -> Int {
        try namesLock.withLock { _ throws(Errno) -> Int in try body() }
    }

    /// The identity of what is found under a name, before that name goes.
    func identity(
        _ status: stat, _ node: Node?, _ directory: CInt, _ name: RequestName
    ) -> FileID {
        if let node { return node.file }
        let generation = cposix_generation(directory, name.text, 0)
        return FileID(inode: UInt64(status.st_ino), generation: generation, mount: mount)
    }
}
