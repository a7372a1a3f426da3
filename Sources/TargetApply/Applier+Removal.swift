internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// Taking things away, and putting back what is known and stands in the wrong place.
extension Applier {
    /// Empties a name at the target so that something else can have it. A known object that belongs
    /// elsewhere is put back there; everything else is removed.
    func clear(_ parent: UInt32, _ directory: CInt, _ name: UnsafeRawBufferPointer) throws(Errno) {
        guard let status = try status(directory, name) else { return }
        let holder = known(status)
        if holder != 0, !isAt(holder, parent, name) {
            if ObjectType(mode: status.st_mode) != .directory, status.st_nlink > 1 {
                let text = firstName.cString(name)
                _ = try SystemCall.check { cposix_unlinkat(directory, text, 0) }
            } else {
                try putBack(holder, from: directory, name)
            }
        } else {
            try removeTree(directory, name, of: holder)
            let link = map.link(parent, name)
            if link != 0 { detach(link) }
        }
    }

    /// The node of what a name holds; 0: nobody knows it.
    func known(_ status: stat) -> UInt32 {
        let node = map.find(targetInode: UInt64(status.st_ino))
        return node != 0 && map[node].type == ObjectType(mode: status.st_mode).rawValue ? node : 0
    }

    /// Moves a known object to the place where the map has it. What is in the way there goes first.
    private func putBack(
        _ node: UInt32, from directory: CInt, _ name: UnsafeRawBufferPointer, depth: Int = 0
    ) throws(Errno) {
        let link = map[node].firstLink
        guard link != 0, depth < 64 else {
            return try removeTree(directory, name, of: node)
        }
        let home = map[link: link].parent
        // The slot is not part of the operation: its descriptor is used at once.
        let slot = try openSlot(home)
        keepTimes(slot)
        let homeName = Array(map.name(of: link))
        let source = Array(name)
        try homeName.withUnsafeBytesThrowing { (homeName) throws(Errno) in
            let descriptor = cache[slot].descriptor
            if let there = try status(descriptor, homeName) {
                let holder = known(there)
                if holder != 0, !isAt(holder, home, homeName) {
                    try putBack(holder, from: descriptor, homeName, depth: depth + 1)
                } else {
                    try removeTree(descriptor, homeName, of: holder)
                }
            }
            let to = secondName.cString(homeName)
            try source.withUnsafeBytesThrowing { (source) throws(Errno) in
                let from = firstName.cString(source)
                _ = try SystemCall.check {
                    cposix_renameat2(directory, from, cache[slot].descriptor, to, 0)
                }
            }
        }
    }

    /// A directory that is changed without the source saying so keeps its time.
    private func keepTimes(_ slot: UInt16) {
        guard cache[slot].modified == OpenObject.unset,
            let status = try? SystemCall.status(of: cache[slot].descriptor)
        else { return }
        cache[slot].modified = cposix_nanoseconds(status.st_mtim)
    }

    /// Removes all names of a known object, and what lies below it, and forgets it.
    func removeEverywhere(_ node: UInt32) throws(Errno) {
        var link = map[node].firstLink
        while link != 0 {
            let parent = map[link: link].parent
            let name = Array(map.name(of: link))
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                guard let slot = try slotOrNothing(parent) else { return }
                let directory = cache[slot].descriptor
                guard let status = try status(directory, name),
                    UInt64(status.st_ino) == map[node].targetInode
                else { return }
                keepTimes(slot)
                try removeTree(directory, name, of: node)
            }
            link = map[link: link].nextOfNode
        }
        forget(node)
    }

    private func slotOrNothing(_ node: UInt32) throws(Errno) -> UInt16? {
        do throws(Errno) {
            return try openSlot(node)
        } catch {
            if error.concernsWholeTarget { throw error }
            return nil
        }
    }

    /// Removes what a name holds, with all below it. `node`: who it is, 0 when nobody knows it. Known
    /// objects found below that belong elsewhere are put back. In a replay, what is older than the
    /// place it began at stays, and `notEmpty` is thrown.
    func removeTree(
        _ directory: CInt, _ name: UnsafeRawBufferPointer, of node: UInt32
    ) throws(Errno) {
        let text = firstName.cString(name)
        let result = cposix_unlinkat(directory, text, 0)
        if result >= 0 || result == -ENOENT { return }
        guard result == -EISDIR || result == -EPERM else { throw Errno(rawValue: -result) }
        let top: CInt
        do throws(Errno) {
            top = try SystemCall.open(
                at: directory, firstName.cString(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            // No directory after all: it may not be removed.
            if error == .notDirectory || error == .tooManyLinks { throw Errno(rawValue: -result) }
            throw error
        }
        defer { SystemCall.close(top) }
        while try empty(top, top: top, of: node, depth: 0) {}
        let last = firstName.cString(name)
        _ = try SystemCall.check { cposix_unlinkat(directory, last, AT_REMOVEDIR) }
    }

    /// Removes what is in a directory. Answers whether another pass is needed.
    private func empty(
        _ directory: CInt, top: CInt, of node: UInt32, depth: Int
    ) throws(Errno) -> Bool {
        var reader = DirectoryReader(bufferBytes: 32 << 10)
        try reader.start(directory)
        var again = false
        while let entry = try reader.next() {
            guard let text = entry.cString else { continue }
            let status: stat
            do throws(Errno) {
                status = try SystemCall.status(at: directory, text)
            } catch {
                if error == .noSuchFile { continue }
                throw error
            }
            let isDirectory = ObjectType(mode: status.st_mode) == .directory
            let child = known(status)
            if child != 0, child != node, node == 0 || !map.isBelow(child, node),
                isDirectory || status.st_nlink == 1
            {
                try putBack(child, from: directory, entry.name)
                continue
            }
            if !isDirectory {
                if child == 0, isOlderThanReplay(status) { continue }
                _ = try SystemCall.check { cposix_unlinkat(directory, text, 0) }
                continue
            }
            if depth == 48 {
                // Too deep to hold every directory open: this one is emptied from the top, later.
                asideCount += 1
                let aside = ".understudy-aside-\(asideCount)"
                _ = try SystemCall.check { cposix_renameat2(directory, text, top, aside, 0) }
                again = true
                continue
            }
            if try emptyAndRemove(directory, text, top: top, of: node, depth: depth) { again = true }
        }
        return again
    }

    private func emptyAndRemove(
        _ directory: CInt, _ name: UnsafePointer<CChar>, top: CInt, of node: UInt32, depth: Int
    ) throws(Errno) -> Bool {
        let inner = try SystemCall.open(
            at: directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        defer { SystemCall.close(inner) }
        let again = try empty(inner, top: top, of: node, depth: depth + 1)
        let result = cposix_unlinkat(directory, name, AT_REMOVEDIR)
        if result >= 0 || result == -ENOENT { return again }
        // What stays inside makes the last step of `removeTree` fail, which says so.
        if result == -ENOTEMPTY || result == -EEXIST { return again }
        throw Errno(rawValue: -result)
    }

    /// Whether something unknown stood there before any change that comes again.
    private func isOlderThanReplay(_ status: stat) -> Bool {
        isReplaying && cposix_nanoseconds(status.st_ctim) < replayTime - 1_000_000_000
    }
}
