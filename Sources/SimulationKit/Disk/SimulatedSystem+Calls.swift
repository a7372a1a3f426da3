internal import CPosix
internal import Glibc

extension SimulatedSystem {
    typealias Words = (Int, Int, Int, Int, Int, Int)

    func answer(_ call: cposix_call, _ words: Words) -> Int {
        now += 1000
        if isForKernel(call, words) { return kernel(call, words) }
        let (a, b, c, d, e, _) = words
        switch call {
        case cposix_call_open: return openAt(Int(AT_FDCWD), bytes(a), b, c, resolve: 0)
        case cposix_call_openat: return openAt(a, bytes(b), c, d, resolve: 0)
        case cposix_call_openat2: return openAt(a, bytes(b), c, d, resolve: e)
        case cposix_call_close: return close(a)
        case cposix_call_dup:
            guard let one = open[a] else { return -Int(EBADF) }
            return add(one)
        case cposix_call_reopen:
            guard let one = open[a] else { return -Int(EBADF) }
            return add(OpenNode(disk: one.disk, node: one.node, flags: b))
        case cposix_call_read: return read(a, pointer(b), c, at: nil)
        case cposix_call_pread: return read(a, pointer(b), c, at: d)
        case cposix_call_write: return write(a, pointer(b), c, at: nil)
        case cposix_call_pwrite: return write(a, pointer(b), c, at: d)
        case cposix_call_lseek: return seek(a, b, c)
        case cposix_call_ftruncate: return truncate(a, b)
        case cposix_call_fallocate: return allocate(a, b, c, d)
        case cposix_call_fsync, cposix_call_fdatasync:
            if call == cposix_call_fdatasync { whileSyncing?() }
            return using(a) { one, _ in
                one.disk.sync(one.node)
                return 0
            }
        case cposix_call_syncfs:
            whileSyncing?()
            return using(a) { one, _ in
                one.disk.syncAll()
                return 0
            }
        case cposix_call_mkdirat: return make(a, bytes(b), DiskNode.directory | c & 0o7777)
        case cposix_call_mknodat:
            let type = c & DiskNode.typeMask
            return make(a, bytes(b), (type == 0 ? DiskNode.regular : type) | c & 0o7777, device: d)
        case cposix_call_symlinkat:
            return make(b, bytes(c), DiskNode.link | 0o777, text: bytes(a))
        case cposix_call_linkat:
            return link(walk(a, bytes(b)), c, bytes(d))
        case cposix_call_linkDescriptor:
            return link(walk(a, []), b, bytes(c))
        case cposix_call_unlinkat: return unlink(a, bytes(b), c)
        case cposix_call_renameat2: return rename(a, bytes(b), c, bytes(d), e)
        case cposix_call_readlinkat: return readLink(a, bytes(b), pointer(c), d)
        case cposix_call_getdents: return list(a, pointer(b), c)
        case cposix_call_fstat: return status(walk(a, []), pointer(b))
        case cposix_call_fstatat: return status(walk(a, bytes(b)), pointer(c))
        case cposix_call_fstatvfs: return statistics(a, pointer(b))
        case cposix_call_fchmod, cposix_call_chmodDescriptor: return changeMode(a, b)
        case cposix_call_fchownat: return changeOwner(walk(a, bytes(b)), c, d)
        case cposix_call_futimens, cposix_call_utimesDescriptor: return changeTimes(a, b, c)
        case cposix_call_fgetxattr, cposix_call_getxattrDescriptor:
            return getExtended(a, bytes(b), pointer(c), d)
        case cposix_call_fsetxattr, cposix_call_setxattrDescriptor:
            return setExtended(a, bytes(b), pointer(c), d, e)
        case cposix_call_flistxattr, cposix_call_listxattrDescriptor:
            return listExtended(a, pointer(b), c)
        case cposix_call_fremovexattr, cposix_call_removexattrDescriptor:
            return removeExtended(a, bytes(b))
        case cposix_call_handle: return handle(walk(a, bytes(b)), pointer(d), pointer(e))
        case cposix_call_openHandle: return openHandle(a, pointer(b), c, flags: e)
        case cposix_call_generation:
            guard case .success(let walk) = walk(a, bytes(b)), let number = walk.node else {
                return 0
            }
            return Int(walk.disk[number]?.generation ?? 0)
        case cposix_call_identify: return identify(walk(a, bytes(b)), pointer(d))
        case cposix_call_realtime, cposix_call_monotonic: return Int(now)
        case cposix_call_birthTime:
            guard case .success(let walk) = walk(a, bytes(b)), let number = walk.node else {
                return 0
            }
            return Int(walk.disk[number]?.born ?? 0)
        default: return -Int(ENOSYS)
        }
    }

    // MARK: Helpers

    func bytes(_ word: Int) -> [UInt8] {
        guard let text = UnsafePointer<UInt8>(bitPattern: word) else { return [] }
        return Array(UnsafeBufferPointer(start: text, count: strlen(
            UnsafePointer<CChar>(OpaquePointer(text)))))
    }

    func pointer(_ word: Int) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: word)
    }

    /// An open object, if its disk takes calls.
    func using(
        _ descriptor: Int, growth: Int = 0, _ body: (OpenNode, DiskNode) -> Int
    ) -> Int {
        guard let one = open[descriptor], one.text == nil else { return -Int(EBADF) }
        let problem = one.disk.admit(growth: growth)
        if problem != 0 { return -problem }
        guard let node = one.disk[one.node] else { return -Int(ESTALE) }
        return body(one, node)
    }

    /// Looking changes nothing and fails only when the power is gone.
    func looking(_ descriptor: Int, _ body: (OpenNode, DiskNode) -> Int) -> Int {
        guard let one = open[descriptor], one.text == nil else { return -Int(EBADF) }
        guard !one.disk.isStopped else { return -Int(EIO) }
        guard let node = one.disk[one.node] else { return -Int(ESTALE) }
        return body(one, node)
    }

    // MARK: Opening

    private func openAt(
        _ directory: Int, _ path: [UInt8], _ flags: Int, _ mode: Int, resolve: Int
    ) -> Int {
        if path == Array("/proc/sys/kernel/random/boot_id".utf8) {
            guard let disk = disks.values.first else { return -Int(ENOENT) }
            let text = bootID(process) + "\n"
            return add(OpenNode(disk: disk, node: 0, flags: flags, text: Array(text.utf8)))
        }
        let walk: Walk
        switch self.walk(directory, path, resolve: resolve) {
        case .failure(let error): return error.answer
        case .success(let found): walk = found
        }
        if let number = walk.node {
            guard let node = walk.disk[number] else { return -Int(ESTALE) }
            if flags & Int(O_CREAT | O_EXCL) == Int(O_CREAT | O_EXCL) { return -Int(EEXIST) }
            let isPath = flags & Int(cposix_O_PATH) != 0
            if node.type == DiskNode.link, !isPath { return -Int(ELOOP) }
            if flags & Int(O_DIRECTORY) != 0, !node.isDirectory { return -Int(ENOTDIR) }
            if node.isDirectory, flags & 3 != 0, !isPath { return -Int(EISDIR) }
            if flags & Int(O_TRUNC) != 0, node.type == DiskNode.regular {
                let problem = walk.disk.admit()
                if problem != 0 { return -problem }
                setSize(walk.disk, number, 0)
            }
            return add(OpenNode(disk: walk.disk, node: number, flags: flags))
        }
        guard flags & Int(O_CREAT) != 0 else { return -Int(ENOENT) }
        let made = make(
            directory, path, DiskNode.regular | mode & 0o7777, walked: walk)
        guard made >= 0 else { return made }
        guard let number = walk.disk[walk.directory]?.entry(walk.name)?.node else {
            return -Int(EIO)
        }
        return add(OpenNode(disk: walk.disk, node: number, flags: flags))
    }

    private func handle(
        _ walk: Result<Walk, DiskError>, _ bytes: UnsafeMutableRawPointer?,
        _ type: UnsafeMutableRawPointer?
    ) -> Int {
        guard case .success(let walk) = walk, let number = walk.node,
            let node = walk.disk[number], let bytes
        else { return -Int(ENOENT) }
        bytes.storeBytes(of: number, as: UInt64.self)
        bytes.storeBytes(of: node.generation, toByteOffset: 8, as: UInt32.self)
        type?.storeBytes(of: 1, as: CInt.self)
        return 12
    }

    private func openHandle(
        _ mount: Int, _ bytes: UnsafeMutableRawPointer?, _ count: Int, flags: Int
    ) -> Int {
        guard let one = open[mount], let bytes, count == 12 else { return -Int(EBADF) }
        guard !one.disk.isStopped else { return -Int(EIO) }
        let number = bytes.loadUnaligned(as: UInt64.self)
        let generation = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        guard let node = one.disk[number], node.generation == generation else {
            return -Int(ESTALE)
        }
        if node.type == DiskNode.link, flags & Int(cposix_O_PATH) == 0 { return -Int(ELOOP) }
        return add(OpenNode(disk: one.disk, node: number, flags: flags))
    }

    private func identify(
        _ walk: Result<Walk, DiskError>, _ result: UnsafeMutableRawPointer?
    ) -> Int {
        switch walk {
        case .failure(let error): return error.answer
        case .success(let walk):
            guard let number = walk.node, let node = walk.disk[number] else {
                return -Int(ENOENT)
            }
            result?.storeBytes(
                of: cposix_identity(
                    device: walk.disk.device, inode: number, mode: node.mode, user: node.user),
                as: cposix_identity.self)
            return 0
        }
    }
}

/// O_PATH, which Glibc's module does not show.
let cposix_O_PATH: CInt = 0o10000000
