internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// What is in files.
extension FileSystem {
    func read(_ call: Call, _ offset: UInt64, _ count: UInt32) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let body = call.reply.body
        let wanted = min(Int(count), body.count)
        let done = try withDescriptor(node, .read) { descriptor throws(Errno) -> Int in
            // From memory where it is there; a wait for the disk must not hold up other requests.
            let quick = understudy_preadNoWait(
                descriptor, body.baseAddress, wanted, off_t(bitPattern: UInt(offset)))
            if quick == wanted { return quick }
            var done = max(quick, 0)
            if quick < 0 { call.worker.willBlock() }
            while done < wanted {
                let rest = UnsafeMutableRawBufferPointer(rebasing: body[done..<wanted])
                let place = off_t(bitPattern: UInt(offset)) + off_t(done)
                let part = try SystemCall.check {
                    cposix_pread(descriptor, rest.baseAddress, rest.count, place)
                }
                if part == 0 { break }
                done += part
            }
            return done
        }
        return call.reply.finish(call.header.unique, body: done)
    }

    func write(
        _ call: Call, _ fixed: fuse_write_in, _ bytes: UnsafeRawBufferPointer
    ) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let offset = Int64(bitPattern: fixed.offset)
        let clearsPrivileges = fixed.write_flags & UInt32(FUSE_WRITE_KILL_SUIDGID) != 0
        var changedMode = false
        let answer = try shards.locked(node) { () throws(Errno) -> Int in
            let descriptor = try openDescriptor(node, .write)
            try requireHot(call, node)
            call.worker.act(as: call.header)
            let isThere = call.isAgain && isAppended(descriptor, offset + Int64(bytes.count))
            call.begin()
            let done =
                isThere
                ? bytes.count
                : try SystemCall.check {
                    cposix_pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
                }
            var status = statusAfter(descriptor)
            let membership = membership(node, status)
            if clearsPrivileges, clearPrivileges(call, descriptor, &status) || call.isAgain {
                changedMode = true
                if recorder.wants(membership) {
                    recorder.attributes(node.file, membership, status, .mode)
                }
            }
            if recorder.wants(membership) {
                let part = UnsafeRawBufferPointer(rebasing: bytes[..<done])
                recorder.write(node.file, membership, status, offset: offset, part)
            }
            counters.writes.pointee.wrappingAdd(1, ordering: .relaxed)
            counters.writtenBytes.pointee.wrappingAdd(UInt64(done), ordering: .relaxed)
            return call.finish(call.reply.written(call.header.unique, done))
        }
        if changedMode { call.worker.notify(.attributesChanged(node: node.id)) }
        return answer
    }

    /// Whether a file that can only be appended to has had its write: a second one would stand
    /// behind the first.
    private func isAppended(_ descriptor: CInt, _ end: Int64) -> Bool {
        guard let status = try? statusOf(descriptor), Int64(status.st_size) >= end else {
            return false
        }
        return cposix_flags(descriptor) & O_APPEND != 0
    }

    /// A write by somebody without the privilege takes setuid away, and setgid of programs or of
    /// files of a foreign group. Our own `pwrite` would not, as we have the privilege. True when
    /// there was something to clear.
    func clearPrivileges(_ call: Call, _ descriptor: CInt, _ status: inout stat) -> Bool {
        guard status.st_mode & (S_ISUID | S_ISGID) != 0 else { return false }
        var mode = status.st_mode & ~S_ISUID
        if mode & S_ISGID != 0 {
            let isMember =
                call.header.group == status.st_gid
                || CallerGroups.contain(status.st_gid, process: call.header.process)
            if mode & S_IXGRP != 0 || !isMember { mode &= ~S_ISGID }
        }
        guard mode != status.st_mode, mode & S_IFMT == S_IFREG else { return false }
        guard cposix_fchmod(descriptor, mode & 0o7777) == 0 else { return false }
        status.st_mode = mode
        return true
    }

    func allocate(
        _ call: Call, _ offset: UInt64, _ length: UInt64, _ mode: UInt32
    ) throws(Errno) -> Int {
        let node = try node(call.header.node)
        call.worker.willBlock()
        return try shards.locked(node) { () throws(Errno) -> Int in
            let descriptor = try openDescriptor(node, .write)
            try requireHot(call, node)
            call.worker.act(as: call.header)
            let shifts = mode & UInt32(FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE) != 0
            var isThere = false
            if shifts {
                // What shifts bytes must not be done twice, and shows in the size.
                let size = Int64(try statusOf(descriptor).st_size)
                isThere = call.isAgain && size != call.worker.intent.size
                if !call.isAgain { call.worker.intent.size = size }
            }
            call.begin()
            if !isThere {
                _ = try SystemCall.check {
                    cposix_fallocate(
                        descriptor, CInt(bitPattern: mode), off_t(bitPattern: UInt(offset)),
                        off_t(bitPattern: UInt(length)))
                }
            }
            let status = statusAfter(descriptor)
            let membership = membership(node, status)
            if recorder.wants(membership) {
                recorder.allocate(
                    node.file, membership, status, offset: offset, length: length, mode: mode)
            }
            return call.finish(call.success())
        }
    }

    func seek(_ call: Call, _ offset: UInt64, _ whence: UInt32) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let place = try withDescriptor(node, .read) { descriptor throws(Errno) -> off_t in
            try SystemCall.check {
                cposix_lseek(
                    descriptor, off_t(bitPattern: UInt(offset)), CInt(bitPattern: whence))
            }
        }
        return call.reply.place(call.header.unique, UInt64(place))
    }

    func sync(_ call: Call, dataOnly: Bool) throws(Errno) -> Int {
        let node = try node(call.header.node)
        call.worker.willBlock()
        try withDescriptor(node, .read) { descriptor throws(Errno) -> Void in
            _ = try SystemCall.check {
                dataOnly ? cposix_fdatasync(descriptor) : cposix_fsync(descriptor)
            }
        }
        return call.success()
    }

    func syncFileSystem(_ call: Call) throws(Errno) -> Int {
        call.worker.willBlock()
        _ = try SystemCall.check { cposix_syncfs(backing) }
        return call.success()
    }

    func statistics(_ call: Call) throws(Errno) -> Int {
        var status = statvfs()
        _ = try SystemCall.check { cposix_fstatvfs(backing, &status) }
        return call.reply.statistics(call.header.unique, status)
    }

    /// Flags of the file system's own (immutable, append only, ...), as the backing tree has them.
    /// Those that travel are recorded like an extended attribute.
    func control(
        _ call: Call, _ fixed: fuse_ioctl_in, _ input: UnsafeRawBufferPointer
    ) throws(Errno) -> Int {
        let command = UInt(fixed.cmd)
        let count: Int
        switch command {
        case understudy_ioctlGetFlags(), understudy_ioctlSetFlags(): count = 4
        case understudy_ioctlGetExtended(), understudy_ioctlSetExtended(): count = 28
        case understudy_ioctlGetVersion(): count = 8
        default: throw Errno(rawValue: ENOTTY)
        }
        let writes =
            command == understudy_ioctlSetFlags() || command == understudy_ioctlSetExtended()
        let node = try node(call.header.node)
        guard node.type == .regular || node.type == .directory else {
            throw Errno(rawValue: ENOTTY)
        }
        let head = MemoryLayout<fuse_ioctl_out>.size
        let body = call.reply.body
        let room = UnsafeMutableRawBufferPointer(rebasing: body[head..<head + 32])
        room.initializeMemory(as: UInt8.self, repeating: 0)
        if writes {
            guard input.count >= count else { throw .invalid }
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
        }
        return try shards.locked(node) { () throws(Errno) -> Int in
            let descriptor = try openDescriptor(node, .read)
            var before = stat()
            if writes {
                before = try statusOf(descriptor)
                try requireHot(call, node)
                call.begin()
            }
            _ = try SystemCall.check {
                understudy_ioctlBytes(descriptor, command, room.baseAddress)
            }
            if writes { recordFlags(node, descriptor, before) }
            // Flags such as "append only" decide how the file may be opened.
            if writes, node.type == .regular, node.access == .write { node.access = .read }
            body.storeBytes(of: fuse_ioctl_out(), as: fuse_ioctl_out.self)
            let unique = call.header.unique
            guard writes else { return call.reply.finish(unique, body: head + count) }
            return call.finish(call.reply.finish(unique, body: head))
        }
    }

    private func recordFlags(_ node: Node, _ descriptor: CInt, _ before: stat) {
        let after = statusAfter(descriptor, before)
        let membership = membership(node, after)
        guard recorder.wants(membership) else { return }
        let name = Array(ObjectFlags.name.utf8)
        let value = ObjectFlags.read(descriptor)?.bytes
        name.withUnsafeBytes { name in
            if let value {
                value.withUnsafeBytes { recorder.extended(node.file, membership, after, name, $0) }
            } else {
                recorder.extended(node.file, membership, after, name, nil)
            }
        }
    }
}
