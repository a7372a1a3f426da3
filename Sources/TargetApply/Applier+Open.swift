internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// Finding and opening objects of the target.
extension Applier {
    /// A descriptor of the object: for directories one to read, for files one to write where that
    /// is possible, for everything else an O_PATH one. It stays open until the record is done.
    /// Throws `stale` when the object is at none of its names.
    func open(_ node: UInt32, forData: Bool = false) throws(Errno) -> CInt {
        let slot = try openSlot(node, forData: forData)
        return cache[slot].descriptor
    }

    func openSlot(_ node: UInt32, forData: Bool = false) throws(Errno) -> UInt16 {
        let slot = try openSlot(node, forData: forData, depth: 0)
        cache[slot].operation = operation
        cache[slot].batch = batch
        cache[slot].wasUsed = true
        return slot
    }

    private func openSlot(
        _ node: UInt32, forData: Bool, depth: Int
    ) throws(Errno) -> UInt16 {
        let known = map[node].slot
        if known != 0 {
            if !forData || cache[known].isWritable { return known }
            release(known)
        }
        guard depth < Int(PATH_MAX) else { throw .nameTooLong }
        var failure = Errno.stale
        var link = map[node].firstLink
        while link != 0 {
            let parent = map[link: link].parent
            do throws(Errno) {
                let slot = try openSlot(parent, forData: false, depth: depth + 1)
                if let opened = try open(node, link, below: cache[slot].descriptor, forData) {
                    return keep(opened, for: node)
                }
            } catch {
                if error.concernsWholeTarget { throw error }
                failure = error
            }
            link = map[link: link].nextOfNode
        }
        if isReplaying {
            if let opened = openByHandle(node, forData) { return keep(opened, for: node) }
            if mirror == nil, let slot = try standIn(for: node, depth) { return slot }
        }
        throw failure
    }

    /// In a replay: a directory that a later change removes is gone already, but things were made
    /// in it before that and moved out of it. It is made again, to be removed again.
    private func standIn(for node: UInt32, _ depth: Int) throws(Errno) -> UInt16? {
        let link = map[node].firstLink
        guard map[node].type == ObjectType.directory.rawValue, link != 0,
            map.handle(of: node).count > 1 || map[node].targetInode == 0
        else { return nil }
        let parent = map[link: link].parent
        let name = Array(map.name(of: link))
        let slot = try openSlot(parent, forData: false, depth: depth + 1)
        let (file, holder) = (map[node].file, cache[slot].descriptor)
        keepTimes(slot)
        return try name.withUnsafeBytesThrowing { (name) throws(Errno) in
            let aside = try makeRoom(parent, holder, name)
            var wanted = ObjectAttributes()
            wanted.mode = 0o040700
            let text = firstName.cString(name)
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            let object = try makeOnce(holder, text, wanted, none)
            let status = try SystemCall.status(of: object.descriptor)
            let made = bind(file, object, status, parent, name)
            if let aside { try settle(aside) }
            return map[map.find(file)].slot == 0 ? nil : made
        }
    }

    /// nil: the name does not hold the object.
    private func open(
        _ node: UInt32, _ link: UInt32, below directory: CInt, _ forData: Bool
    ) throws(Errno) -> OpenObject? {
        guard let name = map.name(of: link).baseAddress?.assumingMemoryBound(to: CChar.self) else {
            return nil
        }
        var object = OpenObject()
        do throws(Errno) {
            object = try open(map[node].type, forData) { flags in
                cposix_openat(directory, name, flags, 0)
            }
        } catch {
            switch error {
            // Something of another type.
            case .noSuchFile, .tooManyLinks, .notDirectory, .isDirectory, .noDevice: return nil
            default: throw error
            }
        }
        guard isSame(object.descriptor, node) else {
            SystemCall.close(object.descriptor)
            return nil
        }
        return object
    }

    private func open(
        _ type: UInt8, _ forData: Bool, _ call: (CInt) -> CInt
    ) throws(Errno) -> OpenObject {
        var object = OpenObject()
        let careful = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        switch ObjectType(rawValue: type) {
        case .directory:
            object.descriptor = try SystemCall.check { call(careful | O_RDONLY | O_DIRECTORY) }
        case .regular:
            do throws(Errno) {
                object.descriptor = try SystemCall.check { call(careful | O_RDWR) }
                object.isWritable = true
            } catch {
                // Immutable, or being executed: attributes can still be looked at.
                if forData || error == .noSuchFile || error.concernsWholeTarget { throw error }
                object.descriptor = try SystemCall.check { call(careful | O_RDONLY) }
            }
        default:
            object.descriptor = try SystemCall.check { call(O_NOFOLLOW | O_PATH) }
            object.isPath = true
        }
        return object
    }

    /// Whether a descriptor stands for the object that the map has.
    func isSame(_ descriptor: CInt, _ node: UInt32) -> Bool {
        guard let status = try? SystemCall.status(of: descriptor) else { return false }
        if map[node].type == ObjectType.regular.rawValue,
            cposix_nanoseconds(status.st_mtim) == OpenObject.unfinishedTime
        {
            map.mark(node, .unfinished)
        }
        return isObject(status, node)
    }

    /// In a replay the map is older than the tree: what it has may be gone, and its inode number be
    /// another object's. The file handle tells; a node whose object is gone forgets it.
    func isStillThere(_ node: UInt32) -> Bool {
        guard isReplaying, !map[node].marks.contains(.met), map.handle(of: node).count > 1 else {
            return true
        }
        let descriptor = openHandle(of: node, O_PATH)
        if descriptor == -ESTALE {
            map.loseObject(node)
            return false
        }
        if descriptor >= 0 { SystemCall.close(descriptor) }
        map.mark(node, .met)
        return true
    }

    /// A descriptor, or -errno.
    private func openHandle(of node: UInt32, _ flags: CInt) -> CInt {
        let handle = map.handle(of: node)
        let bytes = UnsafeRawBufferPointer(rebasing: handle[1...])
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            return -ESTALE
        }
        for root in rootDescriptors {
            let opened = cposix_openHandle(
                root.descriptor, start, CInt(bytes.count), CInt(handle[0]), flags)
            if opened != -ESTALE { return opened }
        }
        return -ESTALE
    }

    /// In a replay an object may have moved on already: its file handle finds it then.
    func openByHandle(_ node: UInt32, _ forData: Bool) -> OpenObject? {
        guard map.handle(of: node).count > 1 else { return nil }
        let found = try? open(map[node].type, forData) { flags in
            openHandle(of: node, flags & ~O_NOFOLLOW)
        }
        guard let found else { return nil }
        map.mark(node, .met)
        guard isSame(found.descriptor, node), isBelowRoots(found.descriptor) else {
            SystemCall.close(found.descriptor)
            return nil
        }
        return found
    }

    /// Directories say where they are. Of other objects the kernel need not know a name; they are
    /// what this connection made, and still have one.
    private func isBelowRoots(_ descriptor: CInt) -> Bool {
        guard let status = try? SystemCall.status(of: descriptor), status.st_nlink > 0 else {
            return false
        }
        guard ObjectType(mode: status.st_mode) == .directory else { return true }
        let path = currentPath(descriptor)
        return rootDescriptors.contains { root in
            let top = currentPath(root.descriptor)
            return path.count > top.count && path.starts(with: top)
                && (path[top.count] == 0x2F || top == [0x2F])
        }
    }

    /// Where the kernel says that a descriptor's object is.
    func currentPath(_ descriptor: CInt) -> [UInt8] {
        let room = UnsafeMutablePointer<CChar>.allocate(capacity: Int(PATH_MAX))
        defer { room.deallocate() }
        let count = cposix_readlinkat(
            AT_FDCWD, "/proc/self/fd/\(descriptor)", room, Int(PATH_MAX))
        guard count > 0 else { return [] }
        return (0..<count).map { UInt8(bitPattern: room[$0]) }
    }

    // MARK: Keeping open

    /// Keeps an open object in the cache.
    func keep(_ object: OpenObject, for node: UInt32) -> UInt16 {
        let slot = cache.candidate(operation: operation)
        if cache[slot].node != 0 { release(slot) }
        cache[slot] = object
        cache[slot].node = node
        cache[slot].batch = batch
        cache[slot].wasUsed = true
        map.setSlot(node, slot)
        return slot
    }

    /// Sets what is pending and closes. A root stays open.
    func release(_ slot: UInt16) {
        settle(slot)
        guard !cache[slot].isRoot else { return }
        SystemCall.close(cache[slot].descriptor)
        map.setSlot(cache[slot].node, 0)
        cache[slot] = OpenObject()
    }

    /// Closes without setting anything: the object is gone.
    func discard(_ node: UInt32) {
        let slot = map[node].slot
        guard slot != 0 else { return }
        if !cache[slot].isRoot { SystemCall.close(cache[slot].descriptor) }
        cache[slot] = OpenObject()
        map.setSlot(node, 0)
    }

    /// Sets a slot's pending times; trouble is noted.
    private func settle(_ slot: UInt16) {
        do throws(Errno) {
            try flush(slot)
        } catch {
            let node = cache[slot].node
            note(.times, at: path(of: node), error, about: map[node].file)
        }
    }

    func flushAll() throws(Errno) {
        for slot in 1..<DescriptorCache.slotCount where cache[slot].node != 0 {
            do throws(Errno) {
                try flush(slot)
            } catch {
                if error.concernsWholeTarget { throw error }
                let node = cache[slot].node
                note(.times, at: path(of: node), error, about: map[node].file)
            }
            // Files are not held open beyond the batches that use them: others may want to run or
            // unmount them.
            if cache[slot].isWritable, cache[slot].batch != batch { release(slot) }
        }
    }

    private func flush(_ slot: UInt16) throws(Errno) {
        let object = cache[slot]
        if object.wasWritten {
            cache[slot].wasWritten = false
            if !capabilities.isEmpty { try restoreCapability(object) }
        }
        guard object.hasPendingTimes else { return }
        let isUnfinished = map[object.node].marks.contains(.unfinished)
        let modified = isUnfinished ? OpenObject.unfinishedTime : object.modified
        let result =
            object.isPath
            ? cposix_utimesDescriptor(object.descriptor, object.accessed, modified)
            : cposix_futimens(object.descriptor, object.accessed, modified)
        // What the whole target could not do now is tried again, and these times with it.
        if result < 0, Errno(rawValue: -result).concernsWholeTarget {
            throw Errno(rawValue: -result)
        }
        cache[slot].accessed = OpenObject.unset
        cache[slot].modified = OpenObject.unset
        if result < 0 { throw Errno(rawValue: -result) }
    }

    /// Closes everything that nothing is pending for: when nothing has come for a while.
    package func closeIdle() {
        for slot in 1..<DescriptorCache.slotCount where cache[slot].node != 0 {
            release(slot)
        }
    }

    // MARK: Words

    func path(of node: UInt32, _ name: UnsafeRawBufferPointer? = nil) -> PlacedPath {
        var components: [[UInt8]] = []
        if let name { components.append(Array(name)) }
        var place = node
        while place != 0, map[place].rootNumber == 0, components.count < Int(PATH_MAX) {
            let link = map[place].firstLink
            guard link != 0 else { break }
            components.append(Array(map.name(of: link)))
            place = map[link: link].parent
        }
        var result = PlacedPath()
        for component in components.reversed() { result.path.append(component) }
        if place != 0, map[place].rootNumber != 0 {
            result.mapping = UInt16(truncatingIfNeeded: map[place].rootNumber - 1)
        }
        return result
    }

    /// Forgets an object and all below it; their descriptors are closed.
    func forget(_ node: UInt32) {
        if map[node].firstChild != 0 {
            for slot in 1..<DescriptorCache.slotCount where cache[slot].node != 0 {
                let object = cache[slot].node
                // What has a name elsewhere stays, with the times that are pending for it.
                if map.isBelow(object, node), map.link(of: object, notBelow: node) == 0 {
                    discard(object)
                }
            }
        }
        discard(node)
        if !capabilities.isEmpty { capabilities[node] = nil }
        unavailable.insert(map[node].file)
        let isDirectory = map[node].type == ObjectType.directory.rawValue
        map.remove(node)
        if isDirectory { forgetAwaitedOfMissing() }
    }
}
