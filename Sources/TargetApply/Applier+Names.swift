internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel

/// Changes of names. Each asks what the names hold now, because it may have been done before:
///
/// * what the record wants and is there already counts as done;
/// * what the map knows and finds in the way belongs elsewhere: it is put back (a later record
///   moves it again);
/// * what nobody knows and is in the way was made by a later record that will come again, or by a
///   stranger: it is removed.
extension Applier {
    func create(_ file: FileID, _ view: NameChangeView) throws(Errno) {
        let parent = try reached(view.change.parent)
        guard parent != 0 else { return skipUnknown(view.change.parent) }
        try makingProblem(.create, parent, view.name, file) { () throws(Errno) in
            let directory = try open(parent)
            let old = map.find(file)
            if old != 0, !isAt(old, parent, view.name) {
                try untangle(parent, old)
                try removeEverywhere(old)
            }
            let slot = try make(file, parent, directory, view, mayAdopt: !isReplaying)
            // What will be in a new directory comes by itself only if the mirror does not look
            // there.
            if view.change.attributes.type != .directory {
                map.mark(cache[slot].node, .confirmed)
            } else if !willBeListed(parent) {
                map.mark(cache[slot].node, [.confirmed, .listed])
            }
        }
        touch(parent, view.change.parentModified)
    }

    /// Makes an object under a name, whatever that name holds now, with all its attributes. Answers
    /// its slot. `mayAdopt`: a directory of that name which nobody knows is taken as it is.
    func make(
        _ file: FileID, _ parent: UInt32, _ directory: CInt, _ view: NameChangeView, mayAdopt: Bool
    ) throws(Errno) -> UInt16 {
        let wanted = view.change.attributes
        let name = firstName.cString(view.name)
        var object = OpenObject()
        var isNew = true
        do throws(Errno) {
            object = try makeOnce(directory, name, wanted, view.linkText)
        } catch {
            guard error == .exists else { throw error }
            let adopts = mayAdopt || isAt(map.find(file), parent, view.name)
            if wanted.type == .directory, adopts,
                let found = try adoptable(directory, name, file)
            {
                object = found
                isNew = false
            } else {
                object = try makeInstead(parent, directory, view)
            }
        }
        let status: stat
        do throws(Errno) {
            status = try SystemCall.status(of: object.descriptor)
        } catch {
            SystemCall.close(object.descriptor)
            throw error
        }
        let slot = bind(file, object, status, parent, view.name)
        let isExact = isNew ? try givesList(parent) : true
        try bring(slot, from: status, to: wanted, extended: view.extended, isExact: isExact)
        unavailable.remove(file)
        return slot
    }

    private func makeInstead(
        _ parent: UInt32, _ directory: CInt, _ view: NameChangeView
    ) throws(Errno) -> OpenObject {
        do throws(Errno) {
            try clear(parent, directory, view.name)
        } catch {
            // In a replay: a directory keeps what strangers had put there before.
            let name = firstName.cString(view.name)
            guard error == .notEmpty, view.change.attributes.type == .directory,
                let found = try adoptable(directory, name, .none)
            else { throw error }
            return found
        }
        let name = firstName.cString(view.name)
        return try makeOnce(directory, name, view.change.attributes, view.linkText)
    }

    /// Notes what an open object is, and puts it into the cache.
    func bind(
        _ file: FileID, _ object: OpenObject, _ status: stat, _ parent: UInt32,
        _ name: UnsafeRawBufferPointer
    ) -> UInt16 {
        let known = map.find(file)
        if known != 0 { discard(known) }
        let holder = map.find(targetInode: UInt64(status.st_ino))
        if holder != 0, holder != known { discard(holder) }
        let node = withHandle(object.descriptor, "", flags: AT_EMPTY_PATH) { handle in
            map.bind(
                file, targetInode: UInt64(status.st_ino), type: ObjectType(mode: status.st_mode),
                handle: handle)
        }
        boundOperation = operation
        attach(node, parent, name)
        let slot = keep(object, for: node)
        cache[slot].operation = operation
        return slot
    }

    /// Gives a node a name in the map; what had it there loses it.
    func attach(_ node: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer) {
        // A name that comes while a directory's list is received is newer than the list.
        if listed != nil, listed?.directory == map[parent].file { listed?.insert(name) }
        map.arrived(map[parent].file, name)
        map.mark(node, .placed)
        if !resync.doomed.isEmpty {
            resync.doomed[AwaitedName(parent: map[parent].file, name: Array(name))] = nil
        }
        let old = map.link(parent, name)
        if old != 0 {
            let holder = map[link: old].node
            if holder == node { return }
            map.detach(old)
            attachOnly(node, parent, name)
            // Last, because the node may have come from below the one that is forgotten.
            if map[holder].firstLink == 0, !rescue(holder) { forget(holder) }
            return
        }
        attachOnly(node, parent, name)
    }

    /// A directory has one name: where else the map had it, it is not any more.
    private func attachOnly(
        _ node: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer
    ) {
        map.attach(node, parent, name)
        guard map[node].type == ObjectType.directory.rawValue else { return }
        let new = map[node].firstLink
        while map[link: new].nextOfNode != 0 { map.detach(map[link: new].nextOfNode) }
    }

    func link(_ record: OperationRecord, _ view: NameChangeView) throws(Errno) {
        let file = record.file
        let parent = try reached(view.change.parent)
        guard parent != 0 else { return skipUnknown(view.change.parent) }
        let node = try moved(record)
        guard node != 0 else {
            touch(parent, view.change.parentModified)
            if willBeListed(parent) { return skipUnknown(file) }
            return requestContent(parent, view.name, isKnown: false)
        }
        try makingProblem(.link, parent, view.name, .none) { () throws(Errno) in
            try addName(node, parent, view.name)
            requestIfMissed(node, parent, view.name)
        }
        touch(parent, view.change.parentModified)
    }

    /// Gives a known object a further name at the target, whatever that name holds now.
    func addName(
        _ node: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer
    ) throws(Errno) {
        let directory = try open(parent)
        var aside: Aside?
        if let status = try status(directory, name) {
            if isObject(status, node) {
                return attach(node, parent, name)
            }
            if ObjectType(mode: status.st_mode) == .directory {
                // Aside, and not away: it may hold the only name of the object.
                aside = try makeRoom(parent, directory, name)
            } else {
                try clear(parent, directory, name)
            }
        }
        if let slot = try slotOrOvertaken(node) {
            let (descriptor, text) = (cache[slot].descriptor, firstName.cString(name))
            _ = try SystemCall.check { cposix_linkDescriptor(descriptor, directory, text) }
        }
        attach(node, parent, name)
        if let aside { try settle(aside) }
    }

    /// `unlink`, `removeDirectory` and `leave`.
    func remove(_ file: FileID, _ view: NameChangeView, _ kind: OperationKind) throws(Errno) {
        map.arrived(view.change.parent, view.name)
        let parent = try reached(view.change.parent)
        let node = map.find(file)
        guard parent != 0 else { return skipUnknown(view.change.parent) }
        defer { touch(parent, view.change.parentModified) }
        let link = map.link(parent, view.name)
        let isLinked = link != 0 && map[link: link].node == node && node != 0
        let directory = try open(parent)
        if let status = try status(directory, view.name) {
            if isObject(status, node) {
                try makingProblem(.remove, parent, view.name, .none) { () throws(Errno) in
                    try removeHeld(node, status, parent, directory, view.name, kind)
                }
                return
            }
        }
        if isLinked {
            lose(link)
        } else if mirror != nil {
            try removeUnbound(parent, view.name)
        }
    }

    /// The name holds the object that is to lose it.
    private func removeHeld(
        _ node: UInt32, _ status: stat, _ parent: UInt32, _ directory: CInt,
        _ name: UnsafeRawBufferPointer, _ kind: OperationKind
    ) throws(Errno) {
        let link = map.link(parent, name)
        if map[node].type != ObjectType.directory.rawValue {
            try dropName(node, status, parent, directory, name)
            if link != 0 { detach(link) }
            return
        }
        if kind != .leave {
            let text = firstName.cString(name)
            let result = cposix_unlinkat(directory, text, AT_REMOVEDIR)
            if result >= 0 || result == -ENOENT { return forget(node) }
            if result != -ENOTEMPTY && result != -EEXIST { throw Errno(rawValue: -result) }
            // Strangers' files in a directory that the source removed: they stay, and the directory
            // with them, unless it is known that a later record made them.
            if !isReplaying || resync.keepsGone { try removeKnownChildren(node) }
            if isResyncing { try removeForgotten(in: node) }
            if !isReplaying {
                let again = cposix_unlinkat(directory, firstName.cString(name), AT_REMOVEDIR)
                forget(node)
                if again < 0 { throw Errno(rawValue: -again) }
                return
            }
        }
        if try retire(node, directory, name) {
            let link = map.link(parent, name)
            if link != 0 { map.detach(link) }
            return
        }
        try removeTree(directory, name, of: node)
        forget(node)
    }

    private func removeKnownChildren(_ node: UInt32) throws(Errno) {
        let directory = try open(node)
        while map[node].firstChild != 0 {
            let link = map[node].firstChild
            let child = map[link: link].node
            let name = Array(map.name(of: link))
            try name.withUnsafeBytesThrowing { (name) throws(Errno) in
                if let status = try status(directory, name), isObject(status, child) {
                    if try retire(child, directory, name) { return }
                    try removeTree(directory, name, of: child)
                }
            }
            detach(link)
        }
    }

    /// Takes a name out of the map; an object without names is forgotten.
    func detach(_ link: UInt32) {
        let node = map[link: link].node
        if map[node].firstLink == link, map[link: link].nextOfNode == 0 {
            forget(node)
        } else {
            map.detach(link)
        }
    }

    // MARK: Helpers

    func touch(_ directory: UInt32, _ modified: Int64) {
        // A directory that cannot be opened has no times to set either.
        if let slot = try? openSlot(directory) { cache[slot].modified = modified }
    }

    /// Whether the map has the object at this place.
    func isAt(_ node: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer) -> Bool {
        let link = map.link(parent, name)
        return link != 0 && node != 0 && map[link: link].node == node
    }

    /// nil: there is nothing of that name.
    func status(_ directory: CInt, _ name: UnsafeRawBufferPointer) throws(Errno) -> stat? {
        do throws(Errno) {
            return try SystemCall.status(at: directory, firstName.cString(name))
        } catch {
            if error == .noSuchFile { return nil }
            throw error
        }
    }

    /// An object's file handle: its type and its bytes, for the map.
    func withHandle<Result>(
        _ directory: CInt, _ name: UnsafePointer<CChar>, flags: CInt,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(byteCount: Int(MAX_HANDLE_SZ) + 1, alignment: 1) { room in
            var type: CInt = 0
            guard let start = room.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                return body(UnsafeRawBufferPointer(start: nil, count: 0))
            }
            let count = cposix_handle(directory, name, flags, start + 1, &type)
            guard count > 0, (1...255).contains(type) else {
                return body(UnsafeRawBufferPointer(start: nil, count: 0))
            }
            start[0] = UInt8(type)
            return body(UnsafeRawBufferPointer(start: start, count: Int(count) + 1))
        }
    }

    func makeOnce(
        _ directory: CInt, _ name: UnsafePointer<CChar>, _ wanted: ObjectAttributes,
        _ text: UnsafeRawBufferPointer
    ) throws(Errno) -> OpenObject {
        var object = OpenObject()
        let mode = wanted.mode & 0o777
        switch wanted.type {
        case .regular:
            object.descriptor = try SystemCall.open(
                at: directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, mode: mode)
            object.isWritable = true
            return object
        case .directory:
            _ = try SystemCall.check { cposix_mkdirat(directory, name, mode) }
            object.descriptor = try SystemCall.open(
                at: directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            return object
        case .symbolicLink:
            guard text.count < Int(PATH_MAX), !text.isEmpty, !text.contains(0) else {
                throw .invalid
            }
            let link = linkText.cString(text)
            _ = try SystemCall.check { cposix_symlinkat(link, directory, name) }
        case .fifo, .socket:
            _ = try SystemCall.check {
                cposix_mknodat(directory, name, wanted.mode & 0o170777, 0)
            }
        case .characterDevice, .blockDevice:
            guard isPrivileged else { throw .notPermitted }
            let device = dev_t(wanted.device)
            _ = try SystemCall.check {
                cposix_mknodat(directory, name, wanted.mode & 0o170777, device)
            }
        case .unknown: throw .invalid
        }
        object.descriptor = try SystemCall.open(at: directory, name, O_PATH | O_NOFOLLOW)
        object.isPath = true
        return object
    }

    /// A directory under this name that is not another known object.
    private func adoptable(
        _ directory: CInt, _ name: UnsafePointer<CChar>, _ file: FileID
    ) throws(Errno) -> OpenObject? {
        var object = OpenObject()
        do throws(Errno) {
            object.descriptor = try SystemCall.open(
                at: directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            if error == .notDirectory || error == .tooManyLinks { return nil }
            throw error
        }
        guard let status = try? SystemCall.status(of: object.descriptor) else {
            SystemCall.close(object.descriptor)
            return nil
        }
        let holder = map.find(targetInode: UInt64(status.st_ino))
        let isAnothers = holder != 0 && map[holder].file != file
        // One of ours that the map lost has in it what belongs to what it was.
        let isOurs =
            holder == 0 && isResyncing
            && isForgotten(object.descriptor, "", flags: CInt(AT_EMPTY_PATH), status)
        if isAnothers || isOurs {
            SystemCall.close(object.descriptor)
            return nil
        }
        return object
    }

    /// Runs a change of one object; trouble with it is noted under its path, and further operations
    /// on it are skipped in silence.
    func makingProblem(
        _ what: ApplyProblem.Action, _ parent: UInt32, _ name: UnsafeRawBufferPointer,
        _ file: FileID, _ body: () throws(Errno) -> Void
    ) throws(Errno) {
        let holder = map[parent].file
        do throws(Errno) {
            try body()
        } catch {
            if error.concernsWholeTarget { throw error }
            if error == .stale, what == .mirror, map.find(holder) == parent,
                try recover(parent, name)
            {
                return
            }
            let object = file == .none ? holder : file
            note(what, at: path(of: parent, name), error, about: object)
            if file != .none { unavailable.insert(file) }
        }
    }
}
