internal import CLinuxFuse

/// Takes the parts of a request's body, one after the other, and checks every length once.
struct RequestBody {
    private var rest: UnsafeRawBufferPointer
    private let opcode: UInt32

    init(_ bytes: UnsafeRawBufferPointer, _ header: RequestHeader) {
        rest = UnsafeRawBufferPointer(rebasing: bytes[RequestHeader.byteCount...])
        opcode = header.opcodeNumber
    }

    mutating func operation(
        _ opcode: Opcode, _ extendedSetAttribute: Bool
    ) throws(FuseError) -> Request.Operation {
        switch opcode {
        case .lookup, .unlink, .removeDirectory, .symbolicLink, .makeNode, .makeDirectory,
            .rename, .rename2, .link, .temporaryFile:
            try nameOperation(opcode)
        case .setExtended, .getExtended, .listExtended, .removeExtended:
            try extendedOperation(opcode, extendedSetAttribute)
        case .forget:
            .forget(count: try take(fuse_forget_in.self).nlookup)
        case .batchForget:
            try batchForget()
        case .getAttributes:
            .getAttributes
        case .extendedStatus:
            .extendedStatus(mask: try take(understudy_fuse_statx_in.self).sx_mask)
        case .setAttributes:
            .setAttributes(try take(fuse_setattr_in.self))
        case .readLink:
            .readLink
        case .read, .readDirectory, .readDirectoryPlus:
            try readOperation(opcode)
        case .write:
            try write()
        case .statistics:
            .statistics
        case .release, .releaseDirectory:
            .release
        case .sync:
            .sync(dataOnly: try take(fuse_fsync_in.self).fsync_flags & 1 != 0)
        case .syncDirectory:
            .syncDirectory(dataOnly: try take(fuse_fsync_in.self).fsync_flags & 1 != 0)
        case .syncFileSystem:
            .syncFileSystem
        case .control:
            try control()
        case .allocate:
            try allocate()
        case .seek:
            try seek()
        case .initialize:
            .initialize(try initialize())
        case .destroy:
            .destroy
        case .interrupt, .notifyReply:
            .interrupt
        case .open, .openDirectory, .flush, .access, .create, .getLock, .setLock, .setLockWait,
            .blockMap, .poll, .copyRange, .copyRange64, .setupMapping, .removeMapping:
            .leftToKernel(opcode)
        }
    }

    private mutating func nameOperation(
        _ opcode: Opcode
    ) throws(FuseError) -> Request.Operation {
        switch opcode {
        case .lookup:
            return .lookup(name: try entryName(dotsAllowed: true))
        case .unlink:
            return .unlink(name: try entryName())
        case .removeDirectory:
            return .removeDirectory(name: try entryName())
        case .symbolicLink:
            let name = try entryName()
            return .symbolicLink(name: name, target: try text())
        case .makeNode:
            let fixed = try take(fuse_mknod_in.self)
            return .makeNode(fixed, name: try entryName())
        case .makeDirectory:
            let fixed = try take(fuse_mkdir_in.self)
            return .makeDirectory(fixed, name: try entryName())
        case .rename:
            let parent = try take(fuse_rename_in.self).newdir
            let name = try entryName()
            return .rename(name: name, newParent: parent, newName: try entryName(), flags: 0)
        case .rename2:
            let fixed = try take(fuse_rename2_in.self)
            let name = try entryName()
            return .rename(
                name: name, newParent: fixed.newdir, newName: try entryName(), flags: fixed.flags)
        case .link:
            let node = try take(fuse_link_in.self).oldnodeid
            return .link(node: node, name: try entryName())
        default:
            // FUSE_TMPFILE: a name follows that means nothing.
            return .temporaryFile(try take(fuse_create_in.self))
        }
    }

    private mutating func extendedOperation(
        _ opcode: Opcode, _ extendedForm: Bool
    ) throws(FuseError) -> Request.Operation {
        switch opcode {
        case .setExtended:
            let size: UInt32
            let flags: UInt32
            var clearsSetgid = false
            if extendedForm {
                let fixed = try take(fuse_setxattr_in.self)
                (size, flags) = (fixed.size, fixed.flags)
                clearsSetgid = fixed.setxattr_flags & UInt32(FUSE_SETXATTR_ACL_KILL_SGID) != 0
            } else {
                size = try take(UInt32.self)
                flags = try take(UInt32.self)
            }
            let name = try text()
            guard !name.bytes.isEmpty else { throw .badName(opcode: self.opcode) }
            let value = try bytes(Int(size))
            return .setExtended(name: name, value: value, flags: flags, clearsSetgid: clearsSetgid)
        case .getExtended:
            let capacity = try take(fuse_getxattr_in.self).size
            let name = try text()
            guard !name.bytes.isEmpty else { throw .badName(opcode: self.opcode) }
            return .getExtended(name: name, capacity: capacity)
        case .listExtended:
            return .listExtended(capacity: try take(fuse_getxattr_in.self).size)
        default:
            let name = try text()
            guard !name.bytes.isEmpty else { throw .badName(opcode: self.opcode) }
            return .removeExtended(name: name)
        }
    }

    private mutating func readOperation(
        _ opcode: Opcode
    ) throws(FuseError) -> Request.Operation {
        let fixed = try take(fuse_read_in.self)
        guard opcode != .read else { return .read(offset: fixed.offset, count: fixed.size) }
        return .readDirectory(
            offset: fixed.offset, capacity: fixed.size, plus: opcode == .readDirectoryPlus)
    }

    private mutating func write() throws(FuseError) -> Request.Operation {
        let fixed = try take(fuse_write_in.self)
        return .write(fixed, bytes: try bytes(Int(fixed.size)))
    }

    private mutating func control() throws(FuseError) -> Request.Operation {
        let fixed = try take(fuse_ioctl_in.self)
        return .control(fixed, input: try bytes(Int(fixed.in_size)))
    }

    private mutating func allocate() throws(FuseError) -> Request.Operation {
        let fixed = try take(fuse_fallocate_in.self)
        return .allocate(offset: fixed.offset, length: fixed.length, mode: fixed.mode)
    }

    private mutating func seek() throws(FuseError) -> Request.Operation {
        let fixed = try take(fuse_lseek_in.self)
        return .seek(offset: fixed.offset, whence: fixed.whence)
    }

    private mutating func batchForget() throws(FuseError) -> Request.Operation {
        let count = Int(try take(fuse_batch_forget_in.self).count)
        let forgets = try bytes(count * MemoryLayout<fuse_forget_one>.stride)
        return .batchForget(count: count, forgets: forgets)
    }

    private mutating func initialize() throws(FuseError) -> InitializeRequest {
        // Kernels before 7.36 send the first four numbers only.
        let major = try take(UInt32.self)
        let minor = try take(UInt32.self)
        let readahead = rest.count >= 4 ? try take(UInt32.self) : 0
        let low = rest.count >= 4 ? try take(UInt32.self) : 0
        let high = rest.count >= 4 ? try take(UInt32.self) : 0
        return InitializeRequest(
            major: major, minor: minor, readaheadBytesMax: readahead,
            flags: UInt64(low) | UInt64(high) << 32)
    }

    private mutating func take<Fixed: BitwiseCopyable>(_ type: Fixed.Type) throws(FuseError)
        -> Fixed
    {
        let count = MemoryLayout<Fixed>.size
        guard rest.count >= count, let start = rest.baseAddress else {
            throw .shortBody(opcode: opcode, byteCount: rest.count)
        }
        let part = UnsafeRawPointer(start).loadUnaligned(as: type)
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return part
    }

    private mutating func bytes(_ count: Int) throws(FuseError) -> UnsafeRawBufferPointer {
        guard rest.count >= count else {
            throw .shortBody(opcode: opcode, byteCount: rest.count)
        }
        let part = UnsafeRawBufferPointer(rebasing: rest[..<count])
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return part
    }

    /// Bytes up to a NUL.
    private mutating func text() throws(FuseError) -> RequestName {
        guard let start = rest.baseAddress, let end = rest.firstIndex(of: 0) else {
            throw .badName(opcode: opcode)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        return RequestName(start: start, byteCount: end)
    }

    /// A text that can be the name of a directory entry.
    private mutating func entryName(dotsAllowed: Bool = false) throws(FuseError) -> RequestName {
        let name = try text()
        guard !name.bytes.isEmpty, !name.bytes.contains(0x2F),
            dotsAllowed || !(name.isDot || name.isDotDot)
        else { throw .badName(opcode: opcode) }
        return name
    }
}
