internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel
internal import WireProtocol

/// The names of a resync: every directory is walked, what is suspect is said.
extension MirrorWalker {
    /// What is to be done about an object beyond its own suspicion, `scope` being the directory's.
    private func suspect(
        _ file: FileID, changed: Int64, isDirectory: Bool, _ scope: WalkScope
    ) -> Suspect {
        if scope.contains(.whole) {
            return .whole(isDirectory: isDirectory)
        }
        return suspicion.suspect(file, changeTime: changed, isDirectory: isDirectory)
    }

    private func maySuspect(_ status: stat, _ mount: UInt32, _ scope: WalkScope) -> Bool {
        scope.contains(.whole)
            || suspicion.maySuspect(
                inode: UInt64(status.st_ino), mount: mount,
                changeTime: cposix_nanoseconds(status.st_ctim))
    }

    /// What holds in a directory that is itself suspected of something. In a set with rules, a
    /// directory that was renamed may have taken what lies below it in or out.
    func scopeWithin(_ suspect: Suspect, _ root: Int, _ above: WalkScope) -> WalkScope {
        var scope = above.intersection([.whole, .listedBelow])
        if !roots[root].filter.includesAll, suspect.attributes || suspect.entries {
            scope.insert(.listedBelow)
        }
        if suspect.entries || !scope.isEmpty { scope.insert(.listed) }
        return scope
    }

    /// The scope of a root's own directory: the root itself is not renamed.
    mutating func rootScope(_ number: Int, _ object: SourceObject) -> WalkScope {
        let suspect = suspicion.suspect(
            roots[number].file, changeTime: object.changed, isDirectory: true)
        if !suspect.isNothing { progress.objectsSuspect += 1 }
        return suspect.entries ? .listed : .suspects
    }

    // MARK: Lists

    /// The names that a suspect directory has, with their objects, as they are now. One record; the
    /// list may need several.
    mutating func sendIdentities(
        _ work: inout DirectoryWork, _ batch: inout BatchBuilder
    ) -> MirrorStep {
        guard batch.payloadRoom >= 64 << 10 else { return .batchFull }
        let byteCountMax = min(batch.payloadRoom, 128 << 10)
        var list = IdentityList()
        let flags: NameListFlags = work.listPlace == 0 ? [.first, .identities] : .identities
        while let (type, entry) = work.listEntry(),
            list.byteCount + entry.count + 14 < byteCountMax
        {
            let isDirectory = type == ObjectType.directory.rawValue
            if includes(work.root, work.path, entry, isDirectory) {
                addIdentity(entry, work, &list)
            }
            work.nextListEntry()
        }
        guard appendList(&work, flags, list.bytes, &batch) else { return .batchFull }
        bytesLeft -= list.byteCount + 1024
        hasOpenNames = true
        return .progressed
    }

    /// A name that went meanwhile is left out: a record about that follows, or stands before.
    private mutating func addIdentity(
        _ entry: [UInt8], _ work: borrowing DirectoryWork, _ list: inout IdentityList
    ) {
        let mount = roots[work.root].file.mount
        let text = entry.withUnsafeBytes { name.cString($0) }
        guard let status = try? SystemCall.status(at: work.descriptor, text) else { return }
        let isDirectory = ObjectType(mode: status.st_mode) == .directory
        let file = FileID(
            inode: UInt64(status.st_ino),
            generation: cposix_generation(work.descriptor, text, 0), mount: mount)
        var flags: IdentityFlags = isDirectory ? .isDirectory : []
        if UInt64(status.st_dev) != devices[work.root] {
            flags.insert(.onlyListed)
        } else if maySuspect(status, mount, work.scope) {
            let changed = cposix_nanoseconds(status.st_ctim)
            let suspect = suspect(file, changed: changed, isDirectory: isDirectory, work.scope)
            if !suspect.isNothing { flags.insert(.objectFollows) }
        }
        if !isDirectory, status.st_nlink > 1 { flags.insert(.hasOtherNames) }
        entry.withUnsafeBytes { list.append($0, file, flags) }
    }

    // MARK: Objects

    /// Looks at one entry of a directory; false: the batch has no room.
    mutating func visit(
        _ place: EntryPlace, _ scope: WalkScope, _ batch: inout BatchBuilder
    ) throws(Errno) -> Bool {
        guard batch.payloadRoom >= 1024 else { return false }
        let root = roots[place.root]
        let text = place.name.withUnsafeBytes { name.cString($0) }
        let status: stat
        do throws(Errno) {
            status = try SystemCall.status(at: place.directory, text)
        } catch {
            if error == .noSuchFile { return true }
            throw error
        }
        let type = ObjectType(mode: status.st_mode)
        guard UInt64(status.st_dev) == devices[place.root],
            UInt64(status.st_ino) != root.file.inode
        else { throw .crossDevice }
        let isOther = type != .directory
        if isOther, !place.isAwaited, !maySuspect(status, root.file.mount, scope) { return true }
        let again = place.name.withUnsafeBytes { name.cString($0) }
        let found = try SourceObject.open(
            place.directory, again, typeNumber: type.rawValue, mount: root.file.mount)
        guard let object = found else { return true }
        defer { SystemCall.close(object.descriptor) }
        let isDirectory = object.attributes.type == .directory
        let suspect = suspect(
            object.file, changed: object.changed, isDirectory: isDirectory, scope)
        let within = scopeWithin(suspect, place.root, scope)
        if place.isAwaited || !suspect.isNothing {
            let hasList = isDirectory && within.contains(.listed)
            guard try send(object, place, suspect, hasList: hasList, &batch) else { return false }
        }
        if isDirectory {
            pending.append(
                PendingDirectory(
                    root: place.root, path: join(place.path, place.name),
                    descriptor: object.descriptor, file: object.file, scope: within))
        }
        return true
    }

    /// A suspect object's name and attributes; its content is put off. `hasList`: a directory's
    /// names follow.
    private mutating func send(
        _ object: SourceObject, _ place: EntryPlace, _ suspect: Suspect, hasList: Bool,
        _ batch: inout BatchBuilder
    ) throws(Errno) -> Bool {
        let attributes = object.attributes
        var flags: MirrorObjectFlags = hasList ? .contentFollows : []
        let hasNames = attributes.linkCount > 1 && attributes.type != .directory
        if hasNames { flags.insert(.hasOtherNames) }
        let isKnownByOtherName = hasNames && !place.isAwaited && namesLeft[object.file] != nil
        if attributes.type == .regular, suspect.content != .none, !isKnownByOtherName {
            flags.insert(.compared)
            if !suspect.content.covers(size: attributes.size) { flags.insert(.inPart) }
        }
        let isSent = try send(
            object, file: object.file, name: place.name, parent: place.parent,
            parentModified: place.parentModified, flags: flags, offset: 0, &batch)
        guard isSent else { return false }
        progress.objectsSuspect += 1
        hasOpenNames = true
        if hasNames, suspect.content != .none { countName(object) }
        if flags.contains(.compared) {
            putOff(
                PendingFile(
                    root: place.root, path: join(place.path, place.name),
                    descriptor: object.descriptor, file: object.file, content: suspect.content,
                    size: attributes.size))
        }
        return true
    }

    /// All names have come: what was taken away and named nowhere is gone.
    mutating func endNames(_ batch: inout BatchBuilder) -> MirrorStep {
        var record = OperationRecord(.mirrorNames, .none)
        record.sequence = position
        guard batch.append(record) else { return .batchFull }
        hasOpenNames = false
        return .progressed
    }
}
