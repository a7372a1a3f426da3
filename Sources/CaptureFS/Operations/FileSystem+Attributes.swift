internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// Mode, owner, times, size.
extension FileSystem {
    func getAttributes(_ call: Call) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let status = try withDescriptor(node, .path) { descriptor throws(Errno) -> stat in
            try statusOf(descriptor)
        }
        let attributes = NodeAttributes(status, validSeconds: Self.validSeconds)
        return call.reply.attributes(call.header.unique, attributes)
    }

    func extendedStatus(_ call: Call, _ mask: UInt32) throws(Errno) -> Int {
        let node = try node(call.header.node)
        var status = statx()
        try withDescriptor(node, .path) { descriptor throws(Errno) -> Void in
            _ = try SystemCall.check {
                understudy_statx(
                    descriptor, "", AT_EMPTY_PATH, mask | UInt32(STATX_BASIC_STATS), &status)
            }
        }
        return call.reply.extendedStatus(
            call.header.unique, status, validSeconds: Self.validSeconds)
    }

    func setAttributes(_ call: Call, _ fixed: fuse_setattr_in) throws(Errno) -> Int {
        let node = try node(call.header.node)
        return try shards.locked(node) { () throws(Errno) -> Int in
            let status = try change(call, node, fixed)
            let attributes = NodeAttributes(status, validSeconds: Self.validSeconds)
            return call.finish(call.reply.attributes(call.header.unique, attributes))
        }
    }

    /// Size, owner, mode, times, in this order: each may undo a part of the one before. Each is
    /// recorded at once, so that one that fails does not hide those before it.
    private func change(
        _ call: Call, _ node: Node, _ fixed: fuse_setattr_in
    ) throws(Errno) -> stat {
        let valid = fixed.valid
        func has(_ bits: CInt) -> Bool { valid & UInt32(bits) != 0 }
        let setsSize = has(FATTR_SIZE)
        let descriptor = try openDescriptor(node, setsSize ? .write : .path)
        var current = try statusOf(descriptor)
        try requireHot(call, node)
        call.worker.act(as: call.header)
        call.begin()
        if setsSize {
            _ = try SystemCall.check {
                cposix_ftruncate(descriptor, off_t(bitPattern: UInt(fixed.size)))
            }
            current.st_size = off_t(bitPattern: UInt(fixed.size))
            current = statusAfter(descriptor, current)
            if has(FATTR_KILL_SUIDGID),
                clearPrivileges(call, descriptor, &current) || call.isAgain
            {
                record(node, current, .mode)
            }
            let membership = membership(node, current)
            if recorder.wants(membership) {
                recorder.truncate(node.file, membership, current, size: fixed.size)
            }
        }
        if has(FATTR_UID | FATTR_GID) {
            let user = has(FATTR_UID) ? fixed.uid : UInt32.max
            let group = has(FATTR_GID) ? fixed.gid : UInt32.max
            _ = try SystemCall.check { cposix_fchownat(descriptor, "", user, group, AT_EMPTY_PATH) }
            let before = current
            if has(FATTR_UID) { current.st_uid = user }
            if has(FATTR_GID) { current.st_gid = group }
            if current.st_mode & S_IFMT != S_IFDIR {
                current.st_mode &= ~S_ISUID
                if current.st_mode & S_IXGRP != 0 { current.st_mode &= ~S_ISGID }
            }
            current = statusAfter(descriptor, current)
            var set: AttributeSet = []
            if has(FATTR_UID) { set.insert(.owner) }
            if has(FATTR_GID) { set.insert(.group) }
            // A new owner takes setuid and setgid away.
            if current.st_mode != before.st_mode || call.isAgain { set.insert(.mode) }
            record(node, current, set)
        }
        if has(FATTR_MODE) {
            let mode = mode_t(fixed.mode & 0o7777)
            _ = try SystemCall.check {
                node.access > .path
                    ? cposix_fchmod(descriptor, mode) : cposix_chmodDescriptor(descriptor, mode)
            }
            current.st_mode = current.st_mode & S_IFMT | mode
            current = statusAfter(descriptor, current)
            record(node, current, .mode)
        }
        if has(FATTR_ATIME | FATTR_MTIME) {
            try changeTimes(descriptor, fixed)
            current = statusAfter(descriptor, current)
            var set: AttributeSet = []
            if has(FATTR_ATIME) { set.insert(.accessed) }
            if has(FATTR_MTIME) { set.insert(.modified) }
            record(node, current, set)
        }
        return current
    }

    /// UTIME_NOW and UTIME_OMIT of utimensat.
    private static let now = (1 << 30) - 1
    private static let omit = (1 << 30) - 2

    private func changeTimes(_ descriptor: CInt, _ fixed: fuse_setattr_in) throws(Errno) {
        func time(_ bit: CInt, _ nowBit: CInt, _ seconds: UInt64, _ fraction: UInt32) -> timespec {
            var time = timespec()
            if fixed.valid & UInt32(bit) == 0 {
                time.tv_nsec = Self.omit
            } else if fixed.valid & UInt32(nowBit) != 0 {
                time.tv_nsec = Self.now
            } else {
                time.tv_sec = Int(bitPattern: UInt(seconds))
                time.tv_nsec = Int(fraction)
            }
            return time
        }
        let accessed = time(FATTR_ATIME, FATTR_ATIME_NOW, fixed.atime, fixed.atimensec)
        let modified = time(FATTR_MTIME, FATTR_MTIME_NOW, fixed.mtime, fixed.mtimensec)
        _ = try SystemCall.check { understudy_setTimes(descriptor, accessed, modified) }
    }

    private func record(_ node: Node, _ status: stat, _ set: AttributeSet) {
        let membership = membership(node, status)
        if recorder.wants(membership) {
            recorder.attributes(node.file, membership, status, set)
        }
    }

    // MARK: Extended attributes

    /// The kernel asks for file capabilities before the first write to each file.
    private static let capability: StaticString = "security.capability"

    func getExtended(
        _ call: Call, _ name: RequestName, _ capacity: UInt32
    ) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let isCapability = name.equals(Self.capability)
        if isCapability, node.hasNoCapability.load(ordering: .relaxed) { throw .noData }
        let body = call.reply.body
        let room = min(Int(capacity), body.count)
        do throws(Errno) {
            let count = try withDescriptor(node, .path) { descriptor throws(Errno) -> Int in
                // A null buffer asks for the size.
                let start = room > 0 ? body.baseAddress : nil
                return try SystemCall.check {
                    node.access > .path
                        ? cposix_fgetxattr(descriptor, name.text, start, room)
                        : cposix_getxattrDescriptor(descriptor, name.text, start, room)
                }
            }
            return capacity == 0
                ? call.reply.extendedSize(call.header.unique, count)
                : call.reply.finish(call.header.unique, body: count)
        } catch {
            if isCapability, error == .noData {
                node.hasNoCapability.store(true, ordering: .relaxed)
            }
            throw error
        }
    }

    func listExtended(_ call: Call, _ capacity: UInt32) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let scratch = call.worker.scratch
        let count = try withDescriptor(node, .path) { descriptor throws(Errno) -> Int in
            try list(node, descriptor, scratch)
        }
        // Whose names these are decides who sees them: `trusted.` is for root.
        let all = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scratch)[..<count])
        let body = call.reply.body
        var kept = 0
        for name in all.split(separator: 0) {
            let hidden = call.header.user != 0 && name.starts(with: "trusted.".utf8)
            guard !hidden else { continue }
            UnsafeMutableRawBufferPointer(rebasing: body[kept..<kept + name.count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: name))
            body[kept + name.count] = 0
            kept += name.count + 1
        }
        guard capacity > 0 else { return call.reply.extendedSize(call.header.unique, kept) }
        guard kept <= Int(capacity) else { throw .range }
        return call.reply.finish(call.header.unique, body: kept)
    }

    /// Names, each ended by a NUL, into `room`; answers the bytes.
    func list(
        _ node: Node, _ descriptor: CInt, _ room: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        let start = room.baseAddress?.assumingMemoryBound(to: CChar.self)
        return try SystemCall.check {
            node.access > .path
                ? cposix_flistxattr(descriptor, start, room.count)
                : cposix_listxattrDescriptor(descriptor, start, room.count)
        }
    }

    func setExtended(
        _ call: Call, _ name: RequestName, _ value: UnsafeRawBufferPointer, _ flags: UInt32,
        _ clearsSetgid: Bool
    ) throws(Errno) -> Int {
        let isConditional = flags != 0
        return try changeExtended(call, name, value, isConditional: isConditional) {
            node, descriptor, wasThere throws(Errno) in
            // Asked for as a new one, it may be there already when this is done again.
            let isMade = flags & Self.createsOnly != 0 && call.isAgain && !wasThere
            let flags = isMade ? 0 : CInt(bitPattern: flags)
            _ = try SystemCall.check {
                node.access > .path
                    ? cposix_fsetxattr(
                        descriptor, name.text, value.baseAddress, value.count, flags)
                    : cposix_setxattrDescriptor(
                        descriptor, name.text, value.baseAddress, value.count, flags)
            }
            guard clearsSetgid, let mode = try? statusOf(descriptor).st_mode else { return }
            if mode & S_ISGID != 0 {
                _ = cposix_chmodDescriptor(descriptor, mode & 0o7777 & ~S_ISGID)
            }
        }
    }

    func removeExtended(_ call: Call, _ name: RequestName) throws(Errno) -> Int {
        try changeExtended(call, name, nil, isConditional: true) {
            node, descriptor, wasThere throws(Errno) in
            do throws(Errno) {
                _ = try SystemCall.check {
                    node.access > .path
                        ? cposix_fremovexattr(descriptor, name.text)
                        : cposix_removexattrDescriptor(descriptor, name.text)
                }
            } catch {
                guard error == .noData, call.isAgain, wasThere else { throw error }
            }
        }
    }

    /// XATTR_CREATE.
    private static let createsOnly: UInt32 = 1

    /// `isConditional`: what the effect does depends on whether the attribute is there; the effect
    /// is told whether it was when this was first tried.
    private func changeExtended(
        _ call: Call, _ name: RequestName, _ value: UnsafeRawBufferPointer?, isConditional: Bool,
        _ effect: (Node, CInt, _ wasThere: Bool) throws(Errno) -> Void
    ) throws(Errno) -> Int {
        let node = try node(call.header.node)
        return try shards.locked(node) { () throws(Errno) -> Int in
            let descriptor = try openDescriptor(node, .path)
            let before = try statusOf(descriptor)
            try requireHot(call, node)
            call.worker.act(as: call.header)
            if name.equals(Self.capability) {
                node.hasNoCapability.store(false, ordering: .relaxed)
            }
            if isConditional, !call.isAgain {
                call.worker.intent.size = hasExtended(node, descriptor, name) ? 1 : 0
            }
            call.begin()
            try effect(node, descriptor, isConditional && call.worker.intent.size != 0)
            let after = statusAfter(descriptor, before)
            let membership = membership(node, after)
            if recorder.wants(membership) {
                recorder.extended(node.file, membership, after, name.bytes, value)
                // An access list is a mode as well.
                if after.st_mode != before.st_mode || call.isAgain {
                    recorder.attributes(node.file, membership, after, .mode)
                }
            }
            return call.finish(call.success())
        }
    }

    private func hasExtended(_ node: Node, _ descriptor: CInt, _ name: RequestName) -> Bool {
        let size =
            node.access > .path
            ? cposix_fgetxattr(descriptor, name.text, nil, 0)
            : cposix_getxattrDescriptor(descriptor, name.text, nil, 0)
        return size >= 0
    }
}
