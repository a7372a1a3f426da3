internal import CPosix
package import FileSystemAccess
internal import Glibc
internal import MirrorCore
package import ReplicationModel

/// The names of a resync. The source says of suspect directories which objects have which names;
/// what the map knows elsewhere is moved here, what it does not know is asked for.
///
/// Until all names have come nothing that is known is destroyed: what loses its last name waits
/// under a name of ours in the root (*limbo*), in the map too, so that its changes go on and a
/// later list finds it by its identity.
extension Applier {
    /// Whether a mirror of what may differ runs.
    var isResyncing: Bool { mirror?.contains(.resync) ?? false }

    /// A resync is about to begin, or a mirror that may find what an earlier one left in limbo.
    func beginNames() {
        resync = ResyncState()
        resync.keepsGone = isResyncing
        findLimbo()
    }

    /// What is in limbo by the map: from before, or because a change failed half way.
    func findLimbo() {
        var found = Set(resync.limbo)
        for index in rootDescriptors.indices {
            let root = map.root(UInt32(index))
            guard root != 0 else { continue }
            var link = map[root].firstChild
            while link != 0 {
                let file = map[map[link: link].node].file
                if map.name(of: link).starts(with: Self.asidePrefix), found.insert(file).inserted {
                    resync.limbo.append(file)
                }
                link = map[link: link].nextSibling
            }
        }
    }

    // MARK: Lists

    func mirrorIdentities(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer
    ) throws(Errno) {
        guard let elements = IdentityListView(payload, mount: record.file.mount) else {
            return misunderstood(record)
        }
        let flags = NameListFlags(rawValue: record.flags)
        if flags.contains(.first) { listed = ListedNames(record.file) }
        var node = map.find(record.file)
        guard node != 0, map[node].type == ObjectType.directory.rawValue else {
            listed = nil
            return skipUnknown(record.file)
        }
        resync.keepsGone = isResyncing
        for element in elements {
            if listed?.directory == record.file { listed?.insert(element.name) }
            if element.flags.contains(.onlyListed) { continue }
            try makingProblem(.mirror, node, element.name, element.file) { () throws(Errno) in
                try settle(element, node)
            }
            // It may have been made anew, or have gone with what it was in.
            node = map.find(record.file)
            if node == 0 { return }
        }
        // Without the first part nothing can be said about what is missing.
        guard flags.contains(.last), let list = listed, list.directory == record.file else {
            return
        }
        listed = nil
        // Asked for before, and gone by a change that came to be a mark.
        map.forgetAwaited(in: record.file) { name in
            name.withUnsafeBytes { list.contains($0) }
        }
        try doom(node, try open(node), notIn: list, all: flags.contains(.removeOrphans))
        touch(node, record.time)
    }

    /// Makes one name stand for the object that the source has under it.
    private func settle(
        _ element: IdentityListView.Element, _ parent: UInt32
    ) throws(Errno) {
        let directory = try open(parent)
        var node = map.find(element.file)
        let isDirectory = element.flags.contains(.isDirectory)
        if node != 0, isDirectory != (map[node].type == ObjectType.directory.rawValue) {
            // An inode number that is used again, on a file system that does not tell them apart.
            try removeEverywhere(node)
            node = 0
        }
        if node != 0, map[node].rootNumber != 0 { throw .invalid }
        // What was asked for and has not come is not there because its name is right.
        let isWanted = isDirectory && map.awaiting.wantsAll(map[parent].file, element.name)
        defer {
            if isWanted, map.find(element.file) != 0 {
                requestContent(parent, element.name, isKnown: false)
            }
        }
        let there = try status(directory, element.name)
        let link = map.link(parent, element.name)
        let holder = link == 0 ? 0 : map[link: link].node
        if holder != 0, holder != node {
            if let there, isObject(there, holder) {
                try dropName(holder, there, parent, directory, element.name)
            }
            let still = map.link(parent, element.name)
            if still != 0, map[link: still].node == holder { lose(still) }
            node = map.find(element.file)
        } else if holder != 0, let there, isObject(there, node) {
            // The map may have lost in a crash that its content had only begun to come.
            if !isDirectory, cposix_nanoseconds(there.st_mtim) == OpenObject.unfinishedTime {
                map.mark(node, .unfinished)
            }
            return attach(node, parent, element.name)
        }
        if node != 0 { node = try found(node) }
        guard node != 0 else {
            if !element.flags.contains(.objectFollows) {
                requestContent(parent, element.name, isKnown: false)
            }
            return
        }
        count { $0.moved += 1 }
        if element.flags.contains(.hasOtherNames), !isDirectory {
            try addName(node, parent, element.name)
        } else {
            let old = map[node].firstLink
            let from = old == 0 ? 0 : map[link: old].parent
            let name = old == 0 ? [] : Array(map.name(of: old))
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                try place(node, from: reachable(from), name, to: parent, element.name)
            }
        }
    }

    /// The node, if the target has its object somewhere; 0: it is forgotten.
    private func found(_ node: UInt32) throws(Errno) -> UInt32 {
        do throws(Errno) {
            let slot = try openSlot(node)
            if try SystemCall.status(of: cache[slot].descriptor).st_nlink > 0 { return node }
        } catch {
            if error != .stale { throw error }
        }
        forget(node)
        return 0
    }

    func reachable(_ directory: UInt32) throws(Errno) -> UInt32 {
        guard directory != 0 else { return 0 }
        do throws(Errno) {
            _ = try openSlot(directory)
            return directory
        } catch {
            if error.concernsWholeTarget { throw error }
            return 0
        }
    }

    /// Notes which names of a directory go when all names have come: those that the map has and the
    /// list does not, and those that changes must have made which the map forgot in a crash. With
    /// `all`, whatever else there is.
    private func doom(
        _ node: UInt32, _ directory: CInt, notIn list: ListedNames, all: Bool
    ) throws(Errno) {
        let file = map[node].file
        var link = map[node].firstChild
        while link != 0 {
            let name = map.name(of: link)
            if !list.contains(name), !isAside(node, name) {
                resync.doomed[AwaitedName(parent: file, name: Array(name))] =
                    DoomedName(file: map[map[link: link].node].file)
            }
            link = map[link: link].nextSibling
        }
        var reader = DirectoryReader()
        try reader.start(directory)
        while let entry = try reader.next() {
            if list.contains(entry.name) || isAside(node, entry.name) { continue }
            guard let text = entry.cString,
                let status = try? SystemCall.status(at: directory, text)
            else { continue }
            let place = AwaitedName(parent: file, name: Array(entry.name))
            let isOurs = known(status) != 0
            if map.link(node, entry.name) != 0 {
                // After a crash it may hold another of our objects, which the map forgets before.
                resync.doomed[place]?.isOurs = isOurs
            } else if all || isOurs || isForgotten(directory, text, status) {
                resync.doomed[place] = DoomedName(file: .none, isOurs: true)
            }
        }
    }

    /// Whether something unknown was made by a change that the map lost in a crash. What is older
    /// is a stranger's, whatever was done to it since.
    func isForgotten(
        _ directory: CInt, _ name: UnsafePointer<CChar>, flags: CInt = 0, _ status: stat
    ) -> Bool {
        guard !unsureTimes.isEmpty else { return false }
        let born = cposix_birthTime(directory, name, flags)
        return unsureTimes.contains(born > 0 ? born : cposix_nanoseconds(status.st_ctim))
    }

    /// Empties a directory that the source removed of what changes must have made in it which the
    /// map forgot, and of what is known elsewhere. Strangers' files stay.
    func removeForgotten(in node: UInt32) throws(Errno) {
        let directory = try open(node)
        for name in try DirectoryReader.names(in: directory) {
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                guard let there = try status(directory, name) else { return }
                let place = AwaitedName(parent: map[node].file, name: Array(name))
                if known(there) != 0 || resync.doomed[place] != nil
                    || isForgotten(directory, firstName.cString(name), there)
                {
                    try clear(node, directory, name)
                }
            }
        }
    }

    func isAside(_ node: UInt32, _ name: UnsafeRawBufferPointer) -> Bool {
        map[node].rootNumber != 0 && name.starts(with: Self.asidePrefix)
    }

    // MARK: Limbo

    /// The node of what a change gives a name; 0: the target does not have it. What comes into the
    /// set may have been in it before, and have changed since unseen: then it comes whole.
    func moved(_ record: OperationRecord) throws(Errno) -> UInt32 {
        let node = map.find(record.file)
        let arrives = NameFlags(rawValue: record.flags).contains(.arrives)
        guard arrives, node != 0, map[node].rootNumber == 0, isOnlyAside(node) else { return node }
        try removeEverywhere(node)
        return 0
    }

    /// Whether all names of an object are ours.
    private func isOnlyAside(_ node: UInt32) -> Bool {
        var link = map[node].firstLink
        while link != 0, isAside(map[link: link].parent, map.name(of: link)) {
            link = map[link: link].nextOfNode
        }
        return link == 0
    }

    /// Puts a known object that loses its last name into limbo. Answers false where nothing is kept
    /// there. The name stays in the map; the caller takes it out.
    func retire(
        _ node: UInt32, _ directory: CInt, _ name: UnsafeRawBufferPointer
    ) throws(Errno) -> Bool {
        guard resync.keepsGone, node != 0, map[node].rootNumber == 0 else { return false }
        try putIntoLimbo(node, directory, name)
        return true
    }

    func putIntoLimbo(
        _ node: UInt32, _ directory: CInt, _ name: UnsafeRawBufferPointer
    ) throws(Errno) {
        let aside = try newAside(node)
        guard aside.root != 0 else { throw .invalid }
        try aside.name.withUnsafeBytesThrowing { (asideName) throws(Errno) in
            let (from, to) = (firstName.cString(name), secondName.cString(asideName))
            _ = try SystemCall.check {
                cposix_renameat2(directory, from, aside.directory, to, 0)
            }
            map.attach(node, aside.root, asideName)
        }
        map.unmark(node, .placed)
        resync.limbo.append(map[node].file)
    }

    /// Takes a name out of the map that the target does not have. The object may wait aside, where
    /// a change put it that failed half way: then it waits in limbo.
    func lose(_ link: UInt32) {
        let node = map[link: link].node
        let isLast = map[node].firstLink == link && map[link: link].nextOfNode == 0
        if isLast, rescue(node) {
            map.detach(link)
        } else {
            detach(link)
        }
    }

    /// What a change that failed half way had put aside waits in limbo. Answers whether there is
    /// such an object.
    func rescue(_ node: UInt32) -> Bool {
        guard isResyncing else { return false }
        return (try? bringIntoLimbo(node)) ?? false
    }

    /// Puts an object into limbo that is somewhere at the target, but not where the map has it.
    /// Answers false when there is none.
    func bringIntoLimbo(_ node: UInt32) throws(Errno) -> Bool {
        guard map[node].rootNumber == 0, map[node].targetInode != 0 else { return false }
        // With the times that are pending for it.
        if map[node].slot != 0 { release(map[node].slot) }
        guard let found = openByHandle(node, false) else { return false }
        defer { SystemCall.close(found.descriptor) }
        let before = resync.limbo.count
        do throws(Errno) {
            if map[node].type == ObjectType.directory.rawValue {
                try withCurrentPlace(of: found.descriptor, node) { (holder, name) throws(Errno) in
                    try putIntoLimbo(node, holder, name)
                }
            } else {
                let aside = try newAside(node)
                guard aside.root != 0 else { return false }
                try aside.name.withUnsafeBytesThrowing { (name) throws(Errno) in
                    let text = firstName.cString(name)
                    _ = try SystemCall.check {
                        cposix_linkDescriptor(found.descriptor, aside.directory, text)
                    }
                    map.attach(node, aside.root, name)
                }
                map.unmark(node, .placed)
                resync.limbo.append(map[node].file)
            }
        } catch {
            if error.concernsWholeTarget { throw error }
            return false
        }
        return resync.limbo.count > before
    }

    /// Makes it possible that `node` goes into `parent`. When the map has `parent` within `node`,
    /// the source says that it is not: one of the directories between them is not where the mirror
    /// will find it, and waits in limbo for that.
    func untangle(_ parent: UInt32, _ node: UInt32) throws(Errno) {
        guard parent == node || map.isBelow(parent, node) else { return }
        guard mirror != nil, parent != node else { throw .invalid }
        var place = parent
        while place != 0, place != node, map[place].marks.contains(.placed) {
            let link = map[place].firstLink
            place = link == 0 ? 0 : map[link: link].parent
        }
        guard place != 0, place != node else { throw .invalid }
        let link = map[place].firstLink
        let above = try reachable(map[link: link].parent)
        let name = Array(map.name(of: link))
        let isThere = try name.withUnsafeBytesThrowing { (name) throws(Errno) -> Bool in
            guard above != 0 else { return false }
            let slot = try openSlot(above)
            let holder = cache[slot].descriptor
            guard let status = try status(holder, name), isObject(status, place) else {
                return false
            }
            keepTimes(slot)
            try putIntoLimbo(place, holder, name)
            return true
        }
        guard isThere else { throw .stale }
        map.detach(link)
    }

    /// All names have come: what is in limbo still, and what was doomed and named by nobody since,
    /// is gone at the source.
    func endNames() throws(Errno) {
        if map.awaiting.isEmpty { resync.isVisited = true }
        try emptyLimbo()
    }

    func emptyLimbo() throws(Errno) {
        resync.keepsGone = false
        // What the target does not have under a name goes last: an object that the map has there
        // may be what lies under another of these names.
        try removeDoomed(onlyPresent: true)
        try removeDoomed(onlyPresent: false)
        while let file = resync.limbo.first {
            try removeFromLimbo(file)
            resync.limbo.removeFirst()
        }
    }

    /// Each is forgotten when it is gone: after an error of the whole target this comes again.
    private func removeDoomed(onlyPresent: Bool) throws(Errno) {
        for (place, doomed) in resync.doomed {
            let parent = map.find(place.parent)
            var isDone = true
            if parent != 0 {
                try place.name.withUnsafeBytesThrowing { (name) throws(Errno) in
                    try makingProblem(.remove, parent, name, .none) { () throws(Errno) in
                        if onlyPresent, try status(open(parent), name) == nil {
                            isDone = false
                        } else {
                            try removeDoomed(parent, name, doomed)
                        }
                    }
                }
            }
            if isDone { resync.doomed[place] = nil }
        }
    }

    private func removeDoomed(
        _ parent: UInt32, _ name: UnsafeRawBufferPointer, _ doomed: DoomedName
    ) throws(Errno) {
        let link = map.link(parent, name)
        let child = link == 0 ? 0 : map[link: link].node
        // Another object has come here since.
        guard child == 0 || map[child].file == doomed.file else { return }
        let slot = try openSlot(parent)
        let directory = cache[slot].descriptor
        keepTimes(slot)
        let there = try status(directory, name)
        let isChild = there.map { isObject($0, child) } ?? false
        if let there, isChild {
            try dropName(child, there, parent, directory, name)
            count { $0.removed += 1 }
        }
        let still = map.link(parent, name)
        if still != 0, map[link: still].node == child { detach(still) }
        // What a change put there that the map lost in a crash goes as well.
        guard let there, !isChild else { return }
        if doomed.isOurs || known(there) != 0
            || isForgotten(directory, firstName.cString(name), there)
        {
            try clear(parent, directory, name)
            count { $0.removed += 1 }
        }
    }

    private func removeFromLimbo(_ file: FileID) throws(Errno) {
        let node = map.find(file)
        guard node != 0 else { return }
        var link = map[node].firstLink
        while link != 0 {
            let (parent, next) = (map[link: link].parent, map[link: link].nextOfNode)
            if isAside(parent, map.name(of: link)) {
                if hasConfirmed(below: node) { requireMirror() }
                let name = Array(map.name(of: link))
                try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                    try makingProblem(.remove, parent, name, .none) { () throws(Errno) in
                        try removeDoomed(parent, name, DoomedName(file: file))
                    }
                }
                if map.find(file) != node { return }
            }
            link = next
        }
    }

    /// Whether something that the mirror has said to be right lies below a directory. That it goes
    /// with what is in limbo cannot be right.
    private func hasConfirmed(below node: UInt32) -> Bool {
        guard !isResyncing else { return false }
        var pending = [node]
        while let place = pending.popLast() {
            var link = map[place].firstChild
            while link != 0 {
                let child = map[link: link].node
                if map[child].marks.isSuperset(of: [.confirmed, .placed]),
                    map.link(of: child, notBelow: node) == 0
                {
                    return true
                }
                if map[child].type == ObjectType.directory.rawValue { pending.append(child) }
                link = map[link: link].nextSibling
            }
        }
        return false
    }

    // MARK: What a resync does not come by

    /// What the map has of an object, or of what it is in, does not hold since a crash: the source
    /// is asked for it, and for all above it that the target does not have. Answers false where
    /// that was done before.
    func recover(_ parent: UInt32, _ name: UnsafeRawBufferPointer) throws(Errno) -> Bool {
        guard isResyncing else { return false }
        var (holder, wanted, gone) = (parent, Array(name), UInt32(0))
        while map[holder].rootNumber == 0, try reachable(holder) == 0 {
            let link = map[holder].firstLink
            guard link != 0 else { return false }
            (gone, wanted) = (holder, Array(map.name(of: link)))
            holder = map[link: link].parent
        }
        let place = AwaitedName(parent: map[holder].file, name: wanted)
        guard resync.recovered.insert(place).inserted else { return false }
        if gone != 0 { forget(gone) }
        wanted.withUnsafeBytes { requestContent(holder, $0, isKnown: false) }
        return true
    }

    /// A known object got another name while the source walks its tree: the walk may miss it where
    /// it was, and need not come by where it is now.
    func requestIfNotVisited(
        _ node: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer
    ) {
        guard isResyncing, !resync.isVisited, !map[node].marks.contains(.confirmed) else { return }
        requestContent(parent, name, isKnown: true)
    }

    /// An object that the map has and the target does not: in a resync it is brought again.
    func requestLost(_ node: UInt32) {
        let link = map[node].firstLink
        // What is in limbo at the end is gone at the source.
        guard link != 0, !isAside(map[link: link].parent, map.name(of: link)) else { return }
        let name = Array(map.name(of: link))
        name.withUnsafeBytes { requestContent(map[link: link].parent, $0, isKnown: false) }
    }

    /// Files whose content an earlier mirror left incomplete, and which this one had no reason to
    /// look at. Each is asked for once.
    func requestUnfinished() {
        for file in map.unfinished where resync.requestedFiles.insert(file).inserted {
            requestLost(map.find(file))
        }
    }

    // MARK: Sums

    /// A descriptor to read the sums of a file with, in the order of the stream; nil: the target
    /// does not have the file. May be used, and closed, on another thread.
    package func readable(_ file: FileID) -> OwnedDescriptor? {
        operation += 1
        // All of it is sent then, and so written again.
        guard !isCutOff, !isUnproven else { return nil }
        let node = map.find(file)
        guard node != 0, map[node].type == ObjectType.regular.rawValue,
            let slot = try? openSlot(node)
        else { return nil }
        let copy = cposix_reopen(cache[slot].descriptor, O_RDONLY | O_NOATIME)
        return copy < 0 ? nil : OwnedDescriptor(copy)
    }
}

/// What a resync keeps in mind until all names have come.
struct ResyncState {
    /// Whether what loses its last name is put into limbo.
    var keepsGone = false
    /// All objects of the source's tree have been looked at.
    var isVisited = false
    var limbo: [FileID] = []
    /// Unfinished ones that were asked for.
    var requestedFiles: Set<FileID> = []
    /// Places whose objects were asked for, because the map was wrong about them.
    var recovered: Set<AwaitedName> = []
    /// Names that go, with the object that they stood for; `.none`: an unknown one.
    var doomed: [AwaitedName: DoomedName] = [:]

    var holdsSpace: Bool { !limbo.isEmpty || !doomed.isEmpty }
}

/// What a name stands for that goes when all names have come.
struct DoomedName {
    /// What the map has there.
    var file: FileID
    /// What the target has there was made by us.
    var isOurs = false
}
