internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// Owner, mode, times and extended attributes.
extension Applier {
    func setAttributes(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer
    ) throws(Errno) {
        guard payload.count == ObjectAttributes.byteCount else { return misunderstood(record) }
        let wanted = payload.loadUnaligned(as: ObjectAttributes.self)
        let set = AttributeSet(rawValue: record.flags)
        let node = map.find(record.file)
        guard node != 0, !isStale(node) else { return skipUnknown(record.file) }
        guard let slot = try slotOrOvertaken(node) else { return }
        if set.contains(.owner) || set.contains(.group) {
            let user = set.contains(.owner) ? wanted.user : UInt32.max
            let group = set.contains(.group) ? wanted.group : UInt32.max
            try attempt(.owner, node) { () throws(Errno) in
                try changeOwner(cache[slot].descriptor, user: user, group: group)
            }
        }
        // A change of owner takes setuid away, here and at the source, but not always both.
        let isLink = cache[slot].isPath && map[node].type == ObjectType.symbolicLink.rawValue
        if !set.isDisjoint(with: [.mode, .owner, .group]), !isLink, wanted.mode & 0o170000 != 0 {
            try attempt(.mode, node) { () throws(Errno) in
                try changeMode(cache[slot].descriptor, wanted.mode, isPath: cache[slot].isPath)
            }
        }
        if set.contains(.accessed) { cache[slot].accessed = wanted.accessed }
        if set.contains(.modified) { cache[slot].modified = wanted.modified }
    }

    func setExtended(
        _ kind: OperationKind, _ record: OperationRecord, _ payload: UnsafeRawBufferPointer
    ) throws(Errno) {
        var attributes = AttributeChangeIterator(payload)
        guard let attribute = attributes.next(), !attribute.name.contains(0) else {
            return misunderstood(record)
        }
        let node = map.find(record.file)
        guard node != 0, !isStale(node) else { return skipUnknown(record.file) }
        guard let slot = try slotOrOvertaken(node) else { return }
        if attribute.name.elementsEqual(Self.capabilityName) { capabilities[node] = nil }
        cache[slot].givesList = nil
        let object = cache[slot]
        let name = firstName.cString(attribute.name)
        try attempt(.setExtended, node) { () throws(Errno) in
            if kind == .removeExtended {
                try ExtendedAttributes.remove(object.descriptor, isPath: object.isPath, name)
            } else {
                try setOne(object, name, attribute.name, attribute.value)
            }
        }
    }

    // MARK: A new or mirrored object

    /// Whether what is made in a directory gets an access list that the source did not name.
    func givesList(_ directory: UInt32) throws(Errno) -> Bool {
        let slot = try openSlot(directory)
        if let known = cache[slot].givesList { return known }
        let none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        let found = try? ExtendedAttributes.get(
            cache[slot].descriptor, isPath: false, "system.posix_acl_default", into: none)
        let gives = (found ?? 0) > 0
        cache[slot].givesList = gives
        return gives
    }

    /// Brings owner, extended attributes, mode and times to what the source has. `status` is how
    /// the object stands now. `isExact`: extended attributes that the source does not name are
    /// removed.
    func bring(
        _ slot: UInt16, from status: stat, to wanted: ObjectAttributes,
        extended: UnsafeRawBufferPointer, isExact: Bool
    ) throws(Errno) {
        let object = cache[slot]
        let node = object.node
        var mode = status.st_mode & 0o7777
        if status.st_uid != wanted.user || status.st_gid != wanted.group {
            try attempt(.owner, node) { () throws(Errno) in
                try changeOwner(object.descriptor, user: wanted.user, group: wanted.group)
            }
            // May have lost setuid and setgid.
            if mode & 0o6000 != 0 { mode = UInt32.max }
        }
        if isExact || !extended.isEmpty {
            let changed = try bringExtended(slot, to: extended, isExact: isExact)
            // An access list changes the mode's group bits.
            if changed { mode = UInt32.max }
        }
        if wanted.type != .symbolicLink, mode != wanted.mode & 0o7777 {
            try attempt(.mode, node) { () throws(Errno) in
                try changeMode(object.descriptor, wanted.mode, isPath: object.isPath)
            }
        }
        cache[slot].accessed = wanted.accessed
        cache[slot].modified = wanted.modified
    }

    /// Answers whether anything was changed.
    private func bringExtended(
        _ slot: UInt16, to wanted: UnsafeRawBufferPointer, isExact: Bool
    ) throws(Errno) -> Bool {
        let object = cache[slot]
        cache[slot].givesList = nil
        var isChanged = false
        if isExact {
            isChanged = try removeExtended(object, notIn: wanted)
        }
        var attributes = AttributeChangeIterator(wanted)
        while let (name, value) = attributes.next() {
            guard !name.contains(0) else { continue }
            let text = firstName.cString(name)
            if isExact, has(object, text, value) { continue }
            try attempt(.setExtended, object.node) { () throws(Errno) in
                try setOne(object, text, name, value)
            }
            isChanged = true
        }
        return isChanged
    }

    private func removeExtended(
        _ object: OpenObject, notIn wanted: UnsafeRawBufferPointer
    ) throws(Errno) -> Bool {
        let list = UnsafeMutableRawBufferPointer(
            rebasing: attributeRoom[..<ExtendedAttributes.valueBytesMax])
        let count: Int
        do throws(Errno) {
            count = try ExtendedAttributes.list(
                object.descriptor, isPath: object.isPath, into: list)
        } catch {
            if error.concernsWholeTarget { throw error }
            return false
        }
        guard count > 0 else { return false }
        var isChanged = false
        for name in AttributeNameIterator(UnsafeRawBufferPointer(rebasing: list[..<count])) {
            let isWanted = AttributeChangeIterator(wanted).contains { $0.name.elementsEqual(name) }
            if isWanted || !isOurs(name) { continue }
            let text = firstName.cString(name)
            try attempt(.setExtended, object.node) { () throws(Errno) in
                try ExtendedAttributes.remove(object.descriptor, isPath: object.isPath, text)
            }
            isChanged = true
        }
        return isChanged
    }

    /// Labels of the target's own security module are not the source's to remove.
    private func isOurs(_ name: UnsafeRawBufferPointer) -> Bool {
        !name.starts(with: Array("security.".utf8)) || name.elementsEqual(Self.capabilityName)
    }

    private func has(
        _ object: OpenObject, _ name: UnsafePointer<CChar>, _ value: UnsafeRawBufferPointer
    ) -> Bool {
        let room = UnsafeMutableRawBufferPointer(
            rebasing: attributeRoom[ExtendedAttributes.valueBytesMax...])
        guard
            let count = try? ExtendedAttributes.get(
                object.descriptor, isPath: object.isPath, name, into: room)
        else { return false }
        return UnsafeRawBufferPointer(rebasing: room[..<count]).elementsEqual(value)
    }

    private func setOne(
        _ object: OpenObject, _ name: UnsafePointer<CChar>, _ bytes: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) throws(Errno) {
        if !isPrivileged, bytes.starts(with: Array("security.".utf8)) { throw .notPermitted }
        do throws(Errno) {
            try ExtendedAttributes.set(object.descriptor, isPath: object.isPath, name, value)
        } catch {
            // The room for attributes of one object can be full while the file system is not.
            if error == .noSpace, hasSpace(object.descriptor) { throw .notSupported }
            throw error
        }
    }

    private func hasSpace(_ descriptor: CInt) -> Bool {
        var result = statvfs()
        guard cposix_fstatvfs(descriptor, &result) >= 0 else { return false }
        return UInt64(result.f_bavail) * UInt64(result.f_frsize) > 1 << 20
    }

    // MARK: Single calls

    func changeOwner(_ descriptor: CInt, user: UInt32, group: UInt32) throws(Errno) {
        _ = try SystemCall.check {
            cposix_fchownat(descriptor, "", user, group, AT_EMPTY_PATH)
        }
    }

    func changeMode(_ descriptor: CInt, _ mode: UInt32, isPath: Bool) throws(Errno) {
        var bits = mode & 0o7777
        if !isPrivileged, ObjectType(mode: mode) != .directory { bits &= 0o1777 }
        _ = try SystemCall.check {
            isPath ? cposix_chmodDescriptor(descriptor, bits) : cposix_fchmod(descriptor, bits)
        }
    }

    /// Trouble with one attribute is noted, and the others are set all the same.
    func attempt(
        _ what: ApplyProblem.Action, _ node: UInt32, _ body: () throws(Errno) -> Void
    ) throws(Errno) {
        do throws(Errno) {
            try body()
        } catch {
            if error.concernsWholeTarget { throw error }
            note(what, at: path(of: node), error)
        }
    }

    // MARK: File capabilities

    static let capabilityName = Array("security.capability".utf8)

    /// Remembers the capability that a mirrored file has to have after its bytes were written.
    func rememberCapability(_ node: UInt32, _ extended: UnsafeRawBufferPointer) {
        for (name, value) in AttributeChangeIterator(extended)
        where name.elementsEqual(Self.capabilityName) {
            capabilities[node] = Array(value)
        }
    }

    func restoreCapability(_ object: OpenObject) throws(Errno) {
        guard let value = capabilities[object.node], isPrivileged else { return }
        try attempt(.setExtended, object.node) { () throws(Errno) in
            try value.withUnsafeBytesThrowing { (bytes) throws(Errno) in
                try ExtendedAttributes.set(
                    object.descriptor, isPath: object.isPath, "security.capability", bytes)
            }
        }
    }
}

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` that knows which error its body throws.
    func withUnsafeBytesThrowing<Result>(
        _ body: (UnsafeRawBufferPointer) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        try withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> Swift.Result<Result, Errno> in
            do throws(Errno) { return .success(try body(bytes)) } catch { return .failure(error) }
        }.get()
    }
}
