internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// Moving names.
extension Applier {
    func rename(_ record: OperationRecord, _ view: NameChangeView) throws(Errno) {
        guard !view.otherName.isEmpty else { return misunderstood(record) }
        let wasWanted = map.awaiting.wantsAll(view.change.parent, view.name)
        map.arrived(view.change.parent, view.name)
        map.arrived(view.change.otherParent, view.otherName)
        let node = try moved(record)
        let from = try reached(view.change.parent)
        var to = try reached(view.change.otherParent)
        if node != 0, seemsWithin(to, node) { to = 0 }
        defer {
            // Either may have gone with what was in the way.
            let (from, to) = (map.find(view.change.parent), map.find(view.change.otherParent))
            if from != 0 { touch(from, view.change.parentModified) }
            if to != 0, to != from { touch(to, view.change.otherParentModified) }
        }
        guard to != 0 else { return try renameAway(node, from, view, record) }
        // It may have been here before, and have left what is replicated since.
        guard node != 0 else { return try renameUnknown(to, view, record) }
        try makingProblem(.rename, to, view.otherName, .none) { () throws(Errno) in
            do throws(Errno) {
                try move(node, from, to, view, record)
                if wasWanted { requestContent(to, view.otherName, isKnown: false) }
            } catch {
                // After a crash the map may have what the target has not.
                guard error == .stale, isResyncing else { throw error }
                requestContent(to, view.otherName, isKnown: false)
                if from != 0, record.flags & UInt8(RENAME_EXCHANGE) != 0 {
                    requestContent(from, view.name, isKnown: false)
                }
            }
        }
    }

    private func move(
        _ node: UInt32, _ from: UInt32, _ to: UInt32, _ view: NameChangeView,
        _ record: OperationRecord
    ) throws(Errno) {
        if record.flags & UInt8(RENAME_EXCHANGE) != 0 {
            try exchange(node, from, to, view)
        } else {
            try place(
                node, from: from, view.name, to: to, view.otherName,
                replacing: view.change.replaced)
            // It may have been found elsewhere.
            let from = map.find(view.change.parent)
            if mirror != nil, from != 0, !isAt(node, from, view.name) {
                try removeUnbound(from, view.name)
            }
        }
        requestIfMissed(node, to, view.otherName)
    }

    /// To a directory that the target does not have. When it is awaited, it will come with what is
    /// in it.
    private func renameAway(
        _ node: UInt32, _ from: UInt32, _ view: NameChangeView, _ record: OperationRecord
    ) throws(Errno) {
        guard mirror != nil || !map.awaiting.isEmpty else {
            return skipUnknown(view.change.otherParent)
        }
        count { $0.skipped += 1 }
        guard from != 0 else { return }
        if node != 0, isAt(node, from, view.name) {
            let directory = try open(from)
            if let status = try status(directory, view.name), isObject(status, node) {
                try dropName(node, status, from, directory, view.name)
            }
            let link = map.link(from, view.name)
            if link != 0 { detach(link) }
        } else {
            try removeUnbound(from, view.name)
        }
        if record.flags & UInt8(RENAME_EXCHANGE) != 0 { requestUnlessListed(from, view.name) }
    }

    /// An object that the target does not have moves to where it has to be.
    private func renameUnknown(
        _ to: UInt32, _ view: NameChangeView, _ record: OperationRecord
    ) throws(Errno) {
        let replaced = map.find(view.change.replaced)
        if replaced != 0, isAt(replaced, to, view.otherName) {
            try clear(to, try open(to), view.otherName)
            let link = map.link(to, view.otherName)
            if link != 0 { detach(link) }
        }
        // Not before: it may have gone with what was in the way.
        let from = try reached(view.change.parent)
        if from != 0, mirror != nil { try removeUnbound(from, view.name) }
        requestUnlessListed(to, view.otherName)
        if from != 0, record.flags & UInt8(RENAME_EXCHANGE) != 0 {
            requestUnlessListed(from, view.name)
        }
    }

    /// In a mirror, a name that the source gives up may still hold what was there at an earlier
    /// time: a copy that the map does not know, or an object that the mirror has not come to yet.
    func removeUnbound(_ parent: UInt32, _ name: UnsafeRawBufferPointer) throws(Errno) {
        let link = map.link(parent, name)
        if link != 0, !isStale(map[link: link].node) {
            // The object is right, and this name of it is not: the source has just had another
            // object there.
            let other = otherLink(map[link: link].node, than: parent, name)
            guard !isReplaying, other != 0 else { return }
        }
        let directory = try open(parent)
        guard let status = try status(directory, name) else { return }
        if ObjectType(mode: status.st_mode) == .directory {
            // One of ours that the map lost in a crash.
            if link == 0, known(status) == 0, isResyncing,
                isForgotten(directory, firstName.cString(name), status)
            {
                return try removeTree(directory, name, of: 0)
            }
            // What is in it may come up elsewhere.
            guard link != 0, isObject(status, map[link: link].node) else { return }
            try putIntoLimbo(map[link: link].node, directory, name)
            return map.detach(link)
        }
        if link == 0 {
            if known(status) == 0 { try removeTree(directory, name, of: 0) }
        } else if isObject(status, map[link: link].node) {
            try clear(parent, directory, name)
        }
    }

    // MARK: Placing

    /// Gives an object the name `toName` in `to` instead of `name` in `from` (0: none that is
    /// known).
    func place(
        _ node: UInt32, from: UInt32, _ name: UnsafeRawBufferPointer, to: UInt32,
        _ toName: UnsafeRawBufferPointer, replacing replaced: FileID = .none
    ) throws(Errno) {
        try untangle(to, node)
        // A rename of the source says the time itself.
        if mirror != nil, from != 0 { keepTimes(try openSlot(from)) }
        let toDirectory = try open(to)
        // Before anything is looked at: in a replay opening can put things where they belong.
        let fromDirectory = from == 0 ? -1 : try open(from)
        var there = try status(toDirectory, toName)
        if let status = there {
            // What the source did not mean to replace has another name there by now.
            let holder = known(status)
            let link = map.link(to, toName)
            if holder != 0, holder != node, link != 0, map[link: link].node == holder,
                map[holder].file != replaced, otherLink(holder, than: to, toName) == 0,
                try retire(holder, toDirectory, toName)
            {
                map.detach(link)
                there = nil
            }
        }
        let isSamePlace = from == to && name.elementsEqual(toName)
        var aside: Aside?
        let isAtOld = isSamePlace || from == 0 ? false : try holds(fromDirectory, name, node)
        if let there, isObject(there, node) {
            if isAtOld {
                let text = firstName.cString(name)
                _ = try SystemCall.check { cposix_unlinkat(fromDirectory, text, 0) }
            }
        } else {
            if let there, try isInTheWay(there, of: node, to, toName) {
                // Aside, and not away: it may hold the very object that is to take its place.
                aside = try makeRoom(to, toDirectory, toName)
            }
            if isAtOld {
                try movingInto(to) { () throws(Errno) in
                    let (old, new) = (firstName.cString(name), secondName.cString(toName))
                    _ = try SystemCall.check {
                        cposix_renameat2(fromDirectory, old, toDirectory, new, 0)
                    }
                }
            } else {
                if there != nil, aside == nil { try clear(to, toDirectory, toName) }
                try fetch(node, to, toDirectory, toName)
            }
        }
        attach(node, to, toName)
        if !isSamePlace, from != 0 {
            let old = map.link(from, name)
            if old != 0, map[link: old].node == node { map.detach(old) }
        }
        if let aside { try settle(aside) }
    }

    /// Whether a rename may not replace in one step what a name holds.
    private func isInTheWay(
        _ there: stat, of node: UInt32, _ to: UInt32, _ name: UnsafeRawBufferPointer
    ) throws(Errno) -> Bool {
        let holder = known(there)
        let isDirectory = ObjectType(mode: there.st_mode) == .directory
        let becomesDirectory = map[node].type == ObjectType.directory.rawValue
        let belongsElsewhere =
            holder != 0 && there.st_nlink == 1 && otherLink(holder, than: to, name) != 0
        return belongsElsewhere || isDirectory || becomesDirectory
    }

    private func holds(
        _ directory: CInt, _ name: UnsafeRawBufferPointer, _ node: UInt32
    ) throws(Errno) -> Bool {
        guard let status = try status(directory, name) else { return false }
        return isObject(status, node)
    }

    /// In a replay: the object has moved on already, and is brought from where it is now.
    private func fetch(
        _ node: UInt32, _ to: UInt32, _ directory: CInt, _ name: UnsafeRawBufferPointer
    ) throws(Errno) {
        guard let slot = try slotOrOvertaken(node) else { return }
        let object = cache[slot]
        if map[node].type != ObjectType.directory.rawValue {
            let text = firstName.cString(name)
            // The name where it was found is taken from it by a later record.
            _ = try SystemCall.check {
                cposix_linkDescriptor(object.descriptor, directory, text)
            }
            return
        }
        try movingInto(to) { () throws(Errno) in
            try withCurrentPlace(of: object.descriptor, node) { (holder, old) throws(Errno) in
                let (oldText, newText) = (firstName.cString(old), secondName.cString(name))
                _ = try SystemCall.check {
                    cposix_renameat2(holder, oldText, directory, newText, 0)
                }
            }
        }
    }

    // MARK: Exchange

    private func exchange(
        _ node: UInt32, _ from: UInt32, _ to: UInt32, _ view: NameChangeView
    ) throws(Errno) {
        let other = map.find(view.change.replaced)
        guard from != 0, other != 0, !seemsWithin(from, other) else {
            // Only one of the two is known here.
            try place(node, from: from, view.name, to: to, view.otherName)
            let from = map.find(view.change.parent)
            if from != 0 { requestUnlessListed(from, view.name) }
            return
        }
        guard other != node, to != node, from != other else { throw .invalid }
        try untangle(to, node)
        try untangle(from, other)
        let fromDirectory = try open(from)
        let toDirectory = try open(to)
        if try holds(fromDirectory, view.name, node), try holds(toDirectory, view.otherName, other)
        {
            let (old, new) = (firstName.cString(view.name), secondName.cString(view.otherName))
            let result = cposix_renameat2(
                fromDirectory, old, toDirectory, new, UInt32(RENAME_EXCHANGE))
            if result >= 0 { return swapInMap(node, from, other, to, view) }
            if result != -EINVAL && result != -EOPNOTSUPP { throw Errno(rawValue: -result) }
        } else if try holds(fromDirectory, view.name, other),
            try holds(toDirectory, view.otherName, node)
        {
            return swapInMap(node, from, other, to, view)
        }
        let aside = try newAside(to)
        let root = aside.root
        try aside.name.withUnsafeBytesThrowing { (aside) throws(Errno) in
            try place(node, from: from, view.name, to: root, aside)
            try place(other, from: to, view.otherName, to: from, view.name)
            try place(node, from: root, aside, to: to, view.otherName)
        }
        requestIfMissed(other, from, view.name)
    }

    private func swapInMap(
        _ node: UInt32, _ from: UInt32, _ other: UInt32, _ to: UInt32, _ view: NameChangeView
    ) {
        let old = map.link(from, view.name)
        if old != 0 { map.detach(old) }
        let new = map.link(to, view.otherName)
        if new != 0 { map.detach(new) }
        attach(other, from, view.name)
        attach(node, to, view.otherName)
        requestIfMissed(other, from, view.name)
    }
}
