internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// After a crash or a cut batch the map is older than the tree. Changes that come again put that
/// right by themselves. A mirror does not bring them again, and has to rely on the map: so the tree
/// is looked at once, before it begins, and the map says from then on what is there.
extension Applier {
    /// Makes the map say what the target holds. What is known and lies within something unknown
    /// waits in limbo; what is nowhere is forgotten.
    func survey() throws(Errno) {
        var seen: Set<UInt32> = []
        for index in rootDescriptors.indices {
            let root = map.root(UInt32(index))
            if root != 0 { try look(from: root, &seen) }
        }
        for node in map.nodes(withoutLinkIn: seen) {
            // It may have come up in one that was brought before.
            guard !map.hasLink(of: node, in: seen), try bringIntoLimbo(node) else { continue }
            seen.insert(map[node].firstLink)
            if map[node].type == ObjectType.directory.rawValue { try look(from: node, &seen) }
        }
        for node in map.detachAll(but: seen) { forget(node) }
        isMapUnsure = false
    }

    /// Notes the names of all that is known in a directory and in the known ones below it.
    private func look(from top: UInt32, _ seen: inout Set<UInt32>) throws(Errno) {
        var pending = [top]
        while let node = pending.popLast() {
            // Each has the cache for itself.
            operation += 1
            do throws(Errno) {
                try look(into: node, &pending, &seen)
            } catch {
                if error.concernsWholeTarget { throw error }
                assume(below: node, &seen)
            }
        }
    }

    private func look(
        into node: UInt32, _ pending: inout [UInt32], _ seen: inout Set<UInt32>
    ) throws(Errno) {
        let directory = try open(node)
        let device = try SystemCall.status(of: directory).st_dev
        var reader = DirectoryReader()
        try reader.start(directory)
        while let entry = try reader.next() {
            guard let status = try status(directory, entry.name) else { continue }
            let isDirectory = ObjectType(mode: status.st_mode) == .directory
            // Something is mounted there. Of files, some file systems say other devices.
            if isDirectory, status.st_dev != device { continue }
            let child = try identified(directory, entry.name, status)
            if child == 0 {
                if isDirectory, isForgotten(directory, firstName.cString(entry.name), status) {
                    try takeOut(of: directory, entry.name, depth: 1, &pending, &seen)
                }
                continue
            }
            guard map[child].rootNumber == 0 else { continue }
            seen.insert(note(child, node, entry.name))
            if isDirectory { pending.append(child) }
        }
    }

    /// Puts what is known in a directory into limbo that was made by changes which the map lost.
    private func takeOut(
        of parent: CInt, _ name: UnsafeRawBufferPointer, depth: Int, _ pending: inout [UInt32],
        _ seen: inout Set<UInt32>
    ) throws(Errno) {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
        let directory: CInt
        do throws(Errno) {
            directory = try SystemCall.open(at: parent, firstName.cString(name), flags)
        } catch {
            // What cannot be read is found by its handle, or comes again.
            if error.concernsWholeTarget { throw error }
            return
        }
        defer { SystemCall.close(directory) }
        for name in try DirectoryReader.names(in: directory) {
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                guard let status = try status(directory, name) else { return }
                let child = try identified(directory, name, status)
                let isDirectory = ObjectType(mode: status.st_mode) == .directory
                if child != 0, map[child].rootNumber == 0 {
                    try putIntoLimbo(child, directory, name)
                    seen.insert(map[child].firstLink)
                    if isDirectory { pending.append(child) }
                } else if isDirectory, depth < Self.depthMost {
                    try takeOut(of: directory, name, depth: depth + 1, &pending, &seen)
                }
            }
        }
    }

    /// Directories that are open at the same time.
    private static let depthMost = 100

    /// Gives an object in the map the name that it has. Answers the link.
    private func note(
        _ child: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer
    ) -> UInt32 {
        let there = map.link(parent, name)
        if there != 0 {
            if map[link: there].node == child { return there }
            map.detach(there)
        }
        if map[child].type == ObjectType.directory.rawValue {
            while map[child].firstLink != 0 { map.detach(map[child].firstLink) }
        }
        map.attach(child, parent, name)
        return map[child].firstLink
    }

    /// The node of what a name holds; 0: nobody knows it. An inode number that is used again is
    /// another object.
    private func identified(
        _ directory: CInt, _ name: UnsafeRawBufferPointer, _ status: stat
    ) throws(Errno) -> UInt32 {
        let node = known(status)
        guard node != 0, map.handle(of: node).count > 1 else { return node }
        return withHandle(directory, firstName.cString(name), flags: 0) { handle in
            handle.isEmpty || handle.elementsEqual(map.handle(of: node)) ? node : 0
        }
    }

    /// A directory that cannot be read: what the map has in it may be there.
    private func assume(below directory: UInt32, _ seen: inout Set<UInt32>) {
        var pending = [directory]
        while let node = pending.popLast() {
            var link = map[node].firstChild
            while link != 0 {
                if seen.insert(link).inserted { pending.append(map[link: link].node) }
                link = map[link: link].nextSibling
            }
        }
    }
}
