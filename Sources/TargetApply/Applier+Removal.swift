internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// Taking things away, and putting back what is known and stands in the wrong place.
extension Applier {
    /// Empties a name at the target so that something else can have it. A known object that belongs
    /// elsewhere is put back there; everything else is removed.
    func clear(_ parent: UInt32, _ directory: CInt, _ name: UnsafeRawBufferPointer) throws(Errno) {
        // Putting back what is found below may bring something here again, but never twice the
        // same.
        for _ in 0..<64 {
            guard let status = try status(directory, name) else { return }
            let holder = known(status)
            if holder == 0 {
                try removeTree(directory, name, of: 0)
                continue
            }
            try dropName(holder, status, parent, directory, name)
            let link = map.link(parent, name)
            if link != 0, map[link: link].node == holder { detach(link) }
        }
        throw .busy
    }

    /// Takes a name from a known object. Another name that the map has for it and the target does
    /// not gets the object; without any, it is removed with all below it.
    func dropName(
        _ node: UInt32, _ status: stat, _ parent: UInt32, _ directory: CInt,
        _ name: UnsafeRawBufferPointer
    ) throws(Errno) {
        let other = otherLink(node, than: parent, name)
        if other == 0 {
            if try retire(node, directory, name) { return }
            try removeTree(directory, name, of: node)
        } else if ObjectType(mode: status.st_mode) != .directory, status.st_nlink > 1 {
            let text = firstName.cString(name)
            _ = try SystemCall.check { cposix_unlinkat(directory, text, 0) }
        } else {
            try putBack(node, to: other, from: directory, name)
        }
    }

    /// A name of the object other than this one; 0: none.
    func otherLink(
        _ node: UInt32, than parent: UInt32, _ name: UnsafeRawBufferPointer
    ) -> UInt32 {
        let own = map.link(parent, name)
        var link = map[node].firstLink
        while link != 0, link == own { link = map[link: link].nextOfNode }
        return link
    }

    /// Whether this is what a node stands for.
    func isObject(_ status: stat, _ node: UInt32) -> Bool {
        node != 0 && UInt64(status.st_ino) == map[node].targetInode
            && ObjectType(mode: status.st_mode).rawValue == map[node].type && isStillThere(node)
    }

    /// The node of what a name holds; 0: nobody knows it.
    func known(_ status: stat) -> UInt32 {
        let node = map.find(targetInode: UInt64(status.st_ino))
        return isObject(status, node) ? node : 0
    }

    /// Moves a known object to a place where the map has it. What is in the way there goes aside
    /// first and is seen to afterwards: it may belong where the object came from, or hold it.
    private func putBack(
        _ node: UInt32, to link: UInt32, from directory: CInt, _ name: UnsafeRawBufferPointer
    ) throws(Errno) {
        guard putBackDepth < 100 else { throw .busy }
        putBackDepth += 1
        defer { putBackDepth -= 1 }
        let home = map[link: link].parent
        let slot = try openSlot(home)
        keepTimes(slot)
        let descriptor = cache[slot].descriptor
        let homeName = Array(map.name(of: link))
        let source = Array(name)
        var aside: Aside?
        try homeName.withUnsafeBytesThrowing { (homeName) throws(Errno) in
            aside = try makeRoom(home, descriptor, homeName)
            try source.withUnsafeBytesThrowing { (source) throws(Errno) in
                try movingInto(home) { () throws(Errno) in
                    let (from, to) = (firstName.cString(source), secondName.cString(homeName))
                    _ = try SystemCall.check {
                        cposix_renameat2(directory, from, descriptor, to, 0)
                    }
                }
            }
        }
        if let aside { try settle(aside) }
    }

    // MARK: After a crash, directories may lie in each other the other way round

    /// Runs a rename into `directory`. When the kernel says that it would lie within itself, the
    /// directory and those above it are first put where the map has them.
    func movingInto(_ directory: UInt32, _ body: () throws(Errno) -> Void) throws(Errno) {
        do throws(Errno) {
            try body()
        } catch {
            guard error == .invalid, isReplaying else { throw error }
            try settlePlaces(directory)
            try body()
        }
    }

    private func settlePlaces(_ directory: UInt32) throws(Errno) {
        for node in pathInMap(to: directory).reversed() where try !isAtHome(node) {
            let link = map[node].firstLink
            let descriptor = try open(node)
            try withCurrentPlace(of: descriptor, node) { (holder, name) throws(Errno) in
                try putBack(node, to: link, from: holder, name)
            }
        }
    }

    /// A directory and those above it, without the root, as the map has them.
    private func pathInMap(to directory: UInt32) -> [UInt32] {
        var chain: [UInt32] = []
        var place = directory
        while place != 0, map[place].rootNumber == 0, chain.count < Int(PATH_MAX) {
            chain.append(place)
            place = map[place].firstLink == 0 ? 0 : map[link: map[place].firstLink].parent
        }
        return chain
    }

    /// Whether the target has a directory where the map has it.
    private func isAtHome(_ node: UInt32) throws(Errno) -> Bool {
        let link = map[node].firstLink
        guard link != 0 else { return false }
        let home = map[link: link].parent
        return try Array(map.name(of: link)).withUnsafeBytesThrowing { (name) throws(Errno) in
            guard let status = try status(try open(home), name) else { return false }
            return known(status) == node
        }
    }

    /// Calls `body` with the directory and the name where a known directory is now. Not at all,
    /// when it is nowhere below a root.
    func withCurrentPlace(
        of descriptor: CInt, _ node: UInt32,
        _ body: (CInt, UnsafeRawBufferPointer) throws(Errno) -> Void
    ) throws(Errno) {
        let place = currentPath(descriptor)
        for root in rootDescriptors {
            let top = currentPath(root.descriptor)
            guard place.count > top.count + 1, place.starts(with: top), place[top.count] == 0x2F
            else { continue }
            let below = BytePath(Array(place[(top.count + 1)...]))
            let parent = below.parent.isRoot ? BytePath(".") : below.parent
            let holder = try parent.withCString { (path) throws(Errno) in
                try SystemCall.openBeneath(root.descriptor, path, O_PATH | O_DIRECTORY)
            }
            defer { SystemCall.close(holder) }
            return try below.name.withUnsafeBytesThrowing { (name) throws(Errno) in
                guard let status = try status(holder, name), known(status) == node else { return }
                // Who loses it does not hear of it from the source.
                let modified = cposix_nanoseconds(try SystemCall.status(of: holder).st_mtim)
                try body(holder, name)
                _ = cposix_utimesDescriptor(holder, OpenObject.unset, modified)
            }
        }
    }

    /// Where something waits under a name of ours, in the root.
    struct Aside {
        var root: UInt32
        var directory: CInt
        var name: [UInt8]
    }

    static let asidePrefix = Array(".understudy-aside-".utf8)

    /// A name in the root above `node` that nothing has.
    func newAside(_ node: UInt32) throws(Errno) -> Aside {
        let mapping = path(of: node).mapping
        let root = rootDescriptors[Int(mapping)].descriptor
        if map.root(UInt32(mapping)) != 0 { keepTimes(try openSlot(map.root(UInt32(mapping)))) }
        while true {
            asideCount += 1
            let aside = Aside(
                root: map.root(UInt32(mapping)), directory: root,
                name: Self.asidePrefix + Array("\(asideCount)".utf8))
            let isTaken = try aside.name.withUnsafeBytesThrowing { (name) throws(Errno) in
                try status(root, name) != nil
            }
            if !isTaken { return aside }
        }
    }

    /// Moves what a name holds aside; nil: it holds nothing.
    func makeRoom(
        _ parent: UInt32, _ directory: CInt, _ name: UnsafeRawBufferPointer
    ) throws(Errno) -> Aside? {
        guard try status(directory, name) != nil else { return nil }
        let aside = try newAside(parent)
        try aside.name.withUnsafeBytesThrowing { (asideName) throws(Errno) in
            let (from, to) = (firstName.cString(name), secondName.cString(asideName))
            _ = try SystemCall.check {
                cposix_renameat2(directory, from, aside.directory, to, 0)
            }
        }
        return aside
    }

    /// Puts back what is known of something aside, and removes the rest.
    func settle(_ aside: Aside) throws(Errno) {
        try aside.name.withUnsafeBytesThrowing { (name) throws(Errno) in
            try clear(aside.root, aside.directory, name)
        }
    }

    /// Removes what a crash left under names of ours. Called when everything was replayed.
    func removeAsides() throws(Errno) {
        for (index, root) in rootDescriptors.enumerated() {
            let node = map.root(UInt32(index))
            guard node != 0 else { continue }
            var found: [[UInt8]] = []
            var reader = DirectoryReader()
            try reader.start(root.descriptor)
            while let entry = try reader.next() {
                if entry.name.starts(with: Self.asidePrefix) { found.append(Array(entry.name)) }
            }
            guard !found.isEmpty else { continue }
            if map[node].slot != 0 { keepTimes(map[node].slot) }
            for name in found {
                try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                    let link = map.link(node, name)
                    if link != 0 {
                        // In limbo; or what a change that failed half way left beside the name
                        // that the object got when it was made again.
                        let holder = map[link: link].node
                        guard mirror == nil, otherLink(holder, than: node, name) != 0 else {
                            return
                        }
                    }
                    try makingProblem(.remove, node, name, .none) { () throws(Errno) in
                        try clear(node, root.descriptor, name)
                    }
                }
            }
        }
    }

    /// A directory that is changed without the source saying so keeps its time.
    func keepTimes(_ slot: UInt16) {
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
                guard let status = try status(directory, name), isObject(status, node) else {
                    return
                }
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

    /// Removes what a name holds, with all below it. `node`: who it is, 0 when nobody knows it.
    /// Known objects found below that belong elsewhere are put back. In a replay, what is older
    /// than the place it began at stays, and `notEmpty` is thrown.
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
        // What was put back from below may have this place now.
        guard let there = try status(directory, name),
            there.st_ino == (try SystemCall.status(of: top)).st_ino
        else { return }
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
            let home = child == 0 || child == node ? 0 : map.link(of: child, notBelow: node)
            if home != 0, isDirectory || status.st_nlink == 1 {
                try putBack(child, to: home, from: directory, entry.name)
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
                let aside = ".understudy-deep-\(asideCount)"
                _ = try SystemCall.check { cposix_renameat2(directory, text, top, aside, 0) }
                again = true
                continue
            }
            if try emptyAndRemove(directory, text, top: top, of: node, depth: depth) {
                again = true
            }
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

    /// Whether something unknown stood there before any change that comes again. What a resync
    /// takes away was named as it is now, not as it was once.
    private func isOlderThanReplay(_ status: stat) -> Bool {
        isReplaying && !isResyncing
            && cposix_nanoseconds(status.st_ctim) < replayTime - 1_000_000_000
    }
}
