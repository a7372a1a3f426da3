internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel

/// Taking the source's tree as it stands.
extension Applier {
    func beginMirror(_ options: MirrorOptions) throws(Errno) {
        try checkpoint.update { checkpoint in
            checkpoint.flags.insert(.inconsistent)
            if options.isDisjoint(with: [.partial, .resync]) {
                checkpoint.flags.insert(.wholeRequired)
            }
            checkpoint.mirrorGeneration += 1
        }
        syncer.forgetCompletion()
        mirror = options
        listed = nil
        if !options.contains(.partial) {
            // What may differ is said as it is now: no change of before comes again.
            if isResyncing { replayThrough = 0 }
            if isMapUnsure { try survey() }
        }
        beginNames()
        if options.contains(.resync) { return map.setAllMarks([]) }
        if options.contains(.partial) {
            // Nothing that the map has will be looked at again, only what is made from here on.
            map.setAllMarks([.confirmed, .listed])
            return
        }
        map.setAllMarks([])
        map.awaitNothing()
        wholeMirrorBegins()
    }

    func stopMirror() {
        let isWhole = isWholeMirroring
        mirror = nil
        if isWhole {
            resync.keepsGone = false
            map.awaitNothing()
        } else {
            // What is awaited comes with the resync that has to follow.
            requireResync()
        }
    }

    /// Everything is applied; the flag on disk goes with the next sync, when all of it is there,
    /// too. While something is awaited the mirror goes on: the source sends what is missing and
    /// another end.
    func endMirror() throws(Errno) {
        requestUnfinished()
        if requestAwaitedAgain() { return }
        findLimbo()
        try emptyLimbo()
        try removeAsides()
        try flushAll()
        noteApplied(max(applied, sequence))
        try log.append(&map.changes, journalID: journalID, applied: applied)
        publish()
        let isRequired = mirrorIsComplete()
        syncer.completeMirror(
            generation: mirrorGeneration, isStillRequired: isRequired,
            isWholeStillRequired: needsWholeMirror,
            provesContent: !(mirror?.contains(.partial) ?? true))
        mirror = nil
        capabilities = [:]
    }

    func mirrorObject(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer
    ) throws(Errno) {
        if let root = RootObjectView(payload) { return try mirrorRoot(record, root) }
        guard let view = NameChangeView(payload) else { return misunderstood(record) }
        let parent = map.find(view.change.parent)
        guard parent != 0 else { return skipUnknown(view.change.parent) }
        let wasWanted = map.awaiting.wantsAll(view.change.parent, view.name)
        map.arrived(view.change.parent, view.name)
        let flags = MirrorObjectFlags(rawValue: record.flags)
        try makingProblem(.mirror, parent, view.name, record.file) { () throws(Errno) in
            guard let slot = try slot(for: record.file, parent, view, flags) else {
                requestContent(parent, view.name, isKnown: false)
                return
            }
            let marks = map[cache[slot].node].marks
            let wasLeft = marks.contains(.unfinished) && !marks.contains(.compared)
            try fill(slot, view.change.attributes, view.extended, flags, below: parent)
            let isPart = !flags.saysAll(of: view.change.attributes.type)
            if isResyncing, isPart, boundOperation == operation || wasWanted || wasLeft {
                // It is not what it was: what is not suspect of it, its names or its content, is
                // not here any more, or has not come since an earlier mirror.
                requestContent(parent, view.name, isKnown: false)
            }
            if isUnproven, !isResyncing, view.change.attributes.type == .regular,
                view.change.attributes.size > 0,
                flags.isDisjoint(with: [.contentFollows, .compared])
            {
                // Taken for equal by its size and time, which the kernel knows without the disk.
                requestContent(parent, view.name, isKnown: false)
            }
            map.mark(cache[slot].node, .confirmed)
            unavailable.remove(record.file)
            count { $0.mirrorObjects += 1 }
        }
        // It may have been given up.
        if map.find(view.change.parent) == parent { touch(parent, view.change.parentModified) }
    }

    private func mirrorRoot(_ record: OperationRecord, _ root: RootObjectView) throws(Errno) {
        guard record.offset >= 0, record.offset < Int64(rootDescriptors.count),
            root.change.attributes.type == .directory
        else { return misunderstood(record) }
        let node = try bindRoot(UInt32(record.offset), record.file)
        try fill(try openSlot(node), root.change.attributes, root.extended, [], below: 0)
        count { $0.mirrorObjects += 1 }
    }

    /// Attributes, and what the flags say about content. An object that was made just now has
    /// nothing but what it inherited from `parent`.
    private func fill(
        _ slot: UInt16, _ wanted: ObjectAttributes, _ extended: UnsafeRawBufferPointer,
        _ flags: MirrorObjectFlags, below parent: UInt32
    ) throws(Errno) {
        let isNew = cache[slot].madeBy == operation
        let status = isNew ? madeStatus : try SystemCall.status(of: cache[slot].descriptor)
        let isExact = isNew ? try givesList(parent) : true
        try bring(slot, from: status, to: wanted, extended: extended, isExact: isExact)
        guard wanted.type == .regular else { return }
        if flags.contains(.compared) {
            guard cache[slot].isWritable else { throw .notPermitted }
            if !extended.isEmpty { rememberCapability(cache[slot].node, extended) }
            unfinished(slot)
            map.mark(cache[slot].node, .compared)
            // Behind the source's end is nothing: a change that lengthens the file again leaves
            // zeros there.
            if status.st_size > wanted.size {
                let size = Int(wanted.size)
                _ = try SystemCall.check { cposix_ftruncate(cache[slot].descriptor, size) }
                cache[slot].wasWritten = true
            }
            return
        }
        guard flags.contains(.contentFollows) else { return }
        let node = cache[slot].node
        guard cache[slot].isWritable else { throw .notPermitted }
        if status.st_size > 0 {
            _ = try SystemCall.check { cposix_ftruncate(cache[slot].descriptor, 0) }
        }
        if flags.contains(.sparse), wanted.size > 0 {
            _ = try SystemCall.check { cposix_ftruncate(cache[slot].descriptor, Int(wanted.size)) }
        }
        cache[slot].wasWritten = true
        if !extended.isEmpty { rememberCapability(node, extended) }
        if wanted.size > 0 { unfinished(slot) } else { map.unmark(node, .unfinished) }
    }

    /// Until the last of the content came, the file must not look like the source's.
    private func unfinished(_ slot: UInt16) {
        map.mark(cache[slot].node, .unfinished)
        cache[slot].modified = OpenObject.unfinishedTime
    }

    // MARK: Which object

    /// The object that is to be `file` under this name, made or found; nil: its content is needed.
    private func slot(
        for file: FileID, _ parent: UInt32, _ view: NameChangeView, _ flags: MirrorObjectFlags
    ) throws(Errno) -> UInt16? {
        let wanted = view.change.attributes
        let directory = try open(parent)
        var node = map.find(file)
        if node != 0 {
            if map[node].rootNumber != 0 { throw .invalid }
            try untangle(parent, node)
        }
        if node != 0, map[node].type != wanted.type.rawValue {
            try removeEverywhere(node)
            node = 0
        }
        let hasContent =
            wanted.type != .regular || !flags.isDisjoint(with: [.contentFollows, .compared])
        if node == 0, hasContent {
            do throws(Errno) {
                return try makeNew(file, parent, directory, view)
            } catch {
                if error != .exists { throw error }
            }
        }
        if node != 0 {
            if isStale(node), !hasContent, try !looksRight(node, wanted) { return nil }
            if let slot = try move(node, parent, directory, view) { return slot }
        }
        if let slot = try adopt(file, parent, directory, view, flags) { return slot }
        guard hasContent || wanted.size == 0 else { return nil }
        try clear(parent, directory, view.name)
        return try makeNew(file, parent, directory, view)
    }

    /// Whether a known file has the size and the time that the source compared.
    private func looksRight(_ node: UInt32, _ wanted: ObjectAttributes) throws(Errno) -> Bool {
        let slot: UInt16
        do throws(Errno) {
            slot = try openSlot(node)
        } catch {
            if error == .stale { return false }
            throw error
        }
        let status = try SystemCall.status(of: cache[slot].descriptor)
        let pending = cache[slot].modified
        let modified = pending == OpenObject.unset ? cposix_nanoseconds(status.st_mtim) : pending
        return status.st_size == wanted.size && modified == wanted.modified
    }

    private func makeNew(
        _ file: FileID, _ parent: UInt32, _ directory: CInt, _ view: NameChangeView
    ) throws(Errno) -> UInt16 {
        let name = firstName.cString(view.name)
        let object = try makeOnce(directory, name, view.change.attributes, view.linkText)
        do throws(Errno) {
            let status = try SystemCall.status(of: object.descriptor)
            let slot = bind(file, object, status, parent, view.name)
            cache[slot].madeBy = operation
            madeStatus = status
            return slot
        } catch {
            SystemCall.close(object.descriptor)
            throw error
        }
    }

    /// A known object gets this name, or has it. nil: it cannot be found at the target.
    private func move(
        _ node: UInt32, _ parent: UInt32, _ directory: CInt, _ view: NameChangeView
    ) throws(Errno) -> UInt16? {
        let slot: UInt16
        do throws(Errno) {
            slot = try openSlot(node)
            // A stranger may have removed it, or put something else in its place.
            let found = try SystemCall.status(of: cache[slot].descriptor)
            guard found.st_nlink > 0, try fits(cache[slot], found, view) else { throw .stale }
        } catch {
            if error != .stale { throw error }
            forget(node)
            return nil
        }
        if let status = try status(directory, view.name), known(status) == node {
            attach(node, parent, view.name)
            return slot
        }
        let isDirectory = map[node].type == ObjectType.directory.rawValue
        if view.change.attributes.linkCount > 1, !isDirectory {
            try addName(node, parent, view.name)
        } else {
            let link = map[node].firstLink
            // After a crash the map may have it where there is no directory any more.
            let from = try reachable(map[link: link].parent)
            let name = Array(map.name(of: link))
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                try place(node, from: from, name, to: parent, view.name)
            }
        }
        return try openSlot(node)
    }

    /// Takes what the name holds, if it can be this object. Content that has several names here but
    /// one at the source must not be shared.
    private func adopt(
        _ file: FileID, _ parent: UInt32, _ directory: CInt, _ view: NameChangeView,
        _ flags: MirrorObjectFlags
    ) throws(Errno) -> UInt16? {
        let wanted = view.change.attributes
        guard let status = try status(directory, view.name),
            ObjectType(mode: status.st_mode) == wanted.type
        else { return nil }
        if wanted.type == .regular, flags.isDisjoint(with: [.contentFollows, .compared]),
            status.st_size != wanted.size
                || cposix_nanoseconds(status.st_mtim) != wanted.modified
        {
            // Not what the source was told when it decided to send no content.
            return nil
        }
        if wanted.type == .regular, isResyncing,
            flags.isDisjoint(with: [.contentFollows, .compared])
        {
            // What a crash left looks right in size and time before it is.
            return nil
        }
        var holder = known(status)
        // It may come up elsewhere.
        if holder != 0, isResyncing { return nil }
        if holder != 0, isAt(holder, parent, view.name), wanted.type == .regular,
            status.st_nlink == 1
        {
            // Another file stood here, with the same content as far as size and time can tell.
            forget(holder)
            holder = 0
        }
        if holder != 0 || (status.st_nlink > 1 && wanted.type != .directory) {
            let mayShare = holder == 0 && wanted.linkCount > 1
            if wanted.type == .regular, !flags.contains(.contentFollows), !mayShare {
                return try copy(file, parent, directory, view)
            }
            if !mayShare || flags.contains(.contentFollows) { return nil }
        }
        let object = try openFound(directory, view.name, wanted.type)
        let found: stat
        do throws(Errno) {
            found = try SystemCall.status(of: object.descriptor)
            if found.st_ino == status.st_ino, try fits(object, found, view) {
                return bind(file, object, found, parent, view.name)
            }
        } catch {
            SystemCall.close(object.descriptor)
            throw error
        }
        SystemCall.close(object.descriptor)
        return nil
    }

    private func openFound(
        _ directory: CInt, _ name: UnsafeRawBufferPointer, _ type: ObjectType
    ) throws(Errno) -> OpenObject {
        var object = OpenObject()
        let text = firstName.cString(name)
        switch type {
        case .regular:
            let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
            object.descriptor = try SystemCall.open(at: directory, text, flags)
            object.isWritable = true
        case .directory:
            object.descriptor = try SystemCall.open(
                at: directory, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        default:
            object.descriptor = try SystemCall.open(at: directory, text, O_PATH | O_NOFOLLOW)
            object.isPath = true
        }
        return object
    }

    /// Whether an object can become what is wanted by its content and attributes alone.
    private func fits(
        _ object: OpenObject, _ found: stat, _ view: NameChangeView
    ) throws(Errno) -> Bool {
        let wanted = view.change.attributes
        switch wanted.type {
        case .regular, .directory: return true
        case .symbolicLink: return try hasText(object, view.linkText)
        case .characterDevice, .blockDevice: return found.st_rdev == dev_t(wanted.device)
        default: return true
        }
    }

    private func hasText(
        _ object: OpenObject, _ wanted: UnsafeRawBufferPointer
    ) throws(Errno) -> Bool {
        guard let room = attributeRoom.baseAddress?.assumingMemoryBound(to: CChar.self) else {
            return false
        }
        let count = try SystemCall.check {
            cposix_readlinkat(object.descriptor, "", room, Int(PATH_MAX))
        }
        return UnsafeRawBufferPointer(rebasing: attributeRoom[..<count]).elementsEqual(wanted)
    }

    /// Gives the name a file of its own with the bytes that it shows now.
    private func copy(
        _ file: FileID, _ parent: UInt32, _ directory: CInt, _ view: NameChangeView
    ) throws(Errno) -> UInt16? {
        let old = try openFound(directory, view.name, .regular)
        defer { SystemCall.close(old.descriptor) }
        try clear(parent, directory, view.name)
        let slot = try makeNew(file, parent, directory, view)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { room.deallocate() }
        let size = Int64(try SystemCall.status(of: old.descriptor).st_size)
        var place: Int64 = 0
        while let data = try FileExtents.nextData(old.descriptor, from: place, size: size) {
            place = data.lowerBound
            while place < data.upperBound {
                let wanted = Int(min(Int64(room.count), data.upperBound - place))
                let part = UnsafeMutableRawBufferPointer(rebasing: room[..<wanted])
                let count = try SystemCall.readAll(old.descriptor, part, at: place)
                if count == 0 { break }
                let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
                try SystemCall.writeAll(cache[slot].descriptor, bytes, at: place)
                place += Int64(count)
            }
            place = data.upperBound
        }
        _ = try SystemCall.check { cposix_ftruncate(cache[slot].descriptor, Int(size)) }
        madeStatus = try SystemCall.status(of: cache[slot].descriptor)
        return slot
    }

    // MARK: Names that are gone

    func mirrorDirectory(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer
    ) throws(Errno) {
        let flags = NameListFlags(rawValue: record.flags)
        if flags.contains(.identities) { return try mirrorIdentities(record, payload) }
        guard let names = NameListView(payload) else { return misunderstood(record) }
        if flags.contains(.first) || listed?.directory != record.file {
            listed = flags.contains(.first) ? ListedNames(record.file) : nil
        }
        for name in names { listed?.insert(name) }
        // Without the first part nothing can be said about what is missing.
        guard flags.contains(.last), let list = listed else { return }
        listed = nil
        let node = map.find(record.file)
        guard node != 0, map[node].type == ObjectType.directory.rawValue else {
            return skipUnknown(record.file)
        }
        map.mark(node, .listed)
        let directory = try open(node)
        try removeBound(node, directory, notIn: list)
        try removeOrphans(node, directory, notIn: list, all: flags.contains(.removeOrphans))
        touch(node, record.time)
    }

    private func removeBound(
        _ node: UInt32, _ directory: CInt, notIn list: ListedNames
    ) throws(Errno) {
        var gone: [[UInt8]] = []
        var link = map[node].firstChild
        while link != 0 {
            let name = map.name(of: link)
            if !list.contains(name), !isAside(node, name) { gone.append(Array(name)) }
            link = map[link: link].nextSibling
        }
        for name in gone {
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                let link = map.link(node, name)
                guard link != 0 else { return }
                let child = map[link: link].node
                try makingProblem(.remove, node, name, .none) { () throws(Errno) in
                    if let status = try status(directory, name), known(status) == child {
                        try removeTree(directory, name, of: child)
                        count { $0.removed += 1 }
                    }
                }
                let still = map.link(node, name)
                if still != 0 { detach(still) }
            }
        }
    }

    /// Without `all` only what changes made that the map lost in a crash.
    private func removeOrphans(
        _ node: UInt32, _ directory: CInt, notIn list: ListedNames, all: Bool
    ) throws(Errno) {
        guard all || !unsureTimes.isEmpty else { return }
        var orphans: [[UInt8]] = []
        var reader = DirectoryReader()
        try reader.start(directory)
        while let entry = try reader.next() {
            if !list.contains(entry.name), map.link(node, entry.name) == 0,
                !isAside(node, entry.name)
            {
                if !all, try !isForgotten(directory, entry.name) { continue }
                orphans.append(Array(entry.name))
            }
        }
        for name in orphans {
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                try makingProblem(.remove, node, name, .none) { () throws(Errno) in
                    try clear(node, directory, name)
                    count { $0.removed += 1 }
                }
            }
        }
    }
}

extension Applier {
    private func isForgotten(
        _ directory: CInt, _ name: UnsafeRawBufferPointer
    ) throws(Errno) -> Bool {
        guard let status = try status(directory, name) else { return false }
        return isForgotten(directory, firstName.cString(name), status)
    }
}

extension MirrorObjectFlags {
    /// Whether the names of a directory, or the content of a file, come as a whole.
    fileprivate func saysAll(of type: ObjectType) -> Bool {
        switch type {
        case .directory: contains(.contentFollows)
        case .regular:
            !isDisjoint(with: [.contentFollows, .compared]) && !contains(.inPart)
        default: true
        }
    }
}

/// A `mirrorObject` payload without name and parent: the root of a mapping.
struct RootObjectView {
    let change: NameChange
    let extended: UnsafeRawBufferPointer

    /// nil when it is a payload with a name, or none at all.
    init?(_ payload: UnsafeRawBufferPointer) {
        let fixed = NameChange.fixedByteCount
        guard payload.count >= fixed else { return nil }
        let change = payload.loadUnaligned(as: NameChange.self)
        guard change.nameLength == 0, change.otherNameLength == 0, change.linkTextLength == 0,
            change.parent == .none, change.byteCount == payload.count
        else { return nil }
        self.change = change
        extended = UnsafeRawBufferPointer(rebasing: payload[fixed...])
    }
}
