internal import Glibc

extension SimulatedSystem {
    func status(_ walk: Result<Walk, DiskError>, _ result: UnsafeMutableRawPointer?) -> Int {
        switch walk {
        case .failure(let error): return error.answer
        case .success(let walk):
            guard let number = walk.node else { return -Int(ENOENT) }
            guard let node = walk.disk[number] else { return -Int(ESTALE) }
            var status = stat()
            status.st_dev = UInt(walk.disk.device)
            status.st_ino = UInt(number)
            status.st_mode = node.mode
            status.st_nlink = UInt(node.linkCount)
            status.st_uid = node.user
            status.st_gid = node.group
            status.st_rdev = UInt(node.device)
            status.st_size = node.data.count
            status.st_blksize = DiskNode.blockBytes
            status.st_blocks = node.allocated.count * 8
            status.st_atim = time(node.accessed)
            status.st_mtim = time(node.modified)
            status.st_ctim = time(node.changed)
            result?.storeBytes(of: status, as: stat.self)
            return 0
        }
    }

    private func time(_ nanoseconds: Int64) -> timespec {
        timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }

    func statistics(_ descriptor: Int, _ result: UnsafeMutableRawPointer?) -> Int {
        looking(descriptor) { one, _ in
            var status = statvfs()
            status.f_bsize = UInt(DiskNode.blockBytes)
            status.f_frsize = status.f_bsize
            let free = one.disk.capacityBytes == Int.max
                ? 1 << 40 : max(0, one.disk.capacityBytes - one.disk.image.usedBytes)
            status.f_blocks = 1 << 28
            status.f_bfree = UInt(free / DiskNode.blockBytes)
            status.f_bavail = status.f_bfree
            status.f_namemax = 255
            result?.storeBytes(of: status, as: statvfs.self)
            return 0
        }
    }

    func changeMode(_ descriptor: Int, _ mode: Int) -> Int {
        using(descriptor) { one, node in
            let bits = UInt32(node.type) | UInt32(mode & 0o7777)
            one.disk.step(.mode(node.number, bits))
            one.disk.step(.times(node.number, accessed: nil, modified: nil, changed: now))
            return 0
        }
    }

    func changeOwner(_ walk: Result<Walk, DiskError>, _ user: Int, _ group: Int) -> Int {
        switch walk {
        case .failure(let error): return error.answer
        case .success(let walk):
            guard let number = walk.node, let node = walk.disk[number] else { return -Int(ENOENT) }
            let problem = walk.disk.admit()
            if problem != 0 { return -problem }
            let none = UInt32.max
            let newUser = UInt32(truncatingIfNeeded: user)
            let newGroup = UInt32(truncatingIfNeeded: group)
            walk.disk.step(
                .owner(
                    number, user: newUser == none ? node.user : newUser,
                    group: newGroup == none ? node.group : newGroup))
            if node.type == DiskNode.regular {
                walk.disk.step(.mode(number, node.mode & ~0o6000))
            }
            walk.disk.step(.times(number, accessed: nil, modified: nil, changed: now))
            return 0
        }
    }

    func changeTimes(_ descriptor: Int, _ accessed: Int, _ modified: Int) -> Int {
        using(descriptor) { one, node in
            func meaning(_ word: Int) -> Int64? {
                word == Int.min ? nil : word == Int.max ? now : Int64(word)
            }
            one.disk.step(
                .times(
                    node.number, accessed: meaning(accessed), modified: meaning(modified),
                    changed: now))
            return 0
        }
    }

    // MARK: Extended attributes

    func getExtended(
        _ descriptor: Int, _ name: [UInt8], _ room: UnsafeMutableRawPointer?, _ capacity: Int
    ) -> Int {
        looking(descriptor) { _, node in
            guard let value = node.extended.first(where: { $0.name == name })?.value else {
                return -Int(ENODATA)
            }
            if capacity == 0 { return value.count }
            guard value.count <= capacity else { return -Int(ERANGE) }
            if !value.isEmpty { room?.copyMemory(from: value, byteCount: value.count) }
            return value.count
        }
    }

    func setExtended(
        _ descriptor: Int, _ name: [UInt8], _ value: UnsafeMutableRawPointer?, _ count: Int,
        _ flags: Int
    ) -> Int {
        using(descriptor) { one, node in
            let isThere = node.extended.contains { $0.name == name }
            if flags & 1 != 0, isThere { return -Int(EEXIST) }
            if flags & 2 != 0, !isThere { return -Int(ENODATA) }
            let bytes = Array(UnsafeRawBufferPointer(start: value, count: count))
            one.disk.step(.setExtended(node.number, name: name, value: bytes))
            one.disk.step(.times(node.number, accessed: nil, modified: nil, changed: now))
            return 0
        }
    }

    func removeExtended(_ descriptor: Int, _ name: [UInt8]) -> Int {
        using(descriptor) { one, node in
            guard node.extended.contains(where: { $0.name == name }) else {
                return -Int(ENODATA)
            }
            one.disk.step(.setExtended(node.number, name: name, value: nil))
            one.disk.step(.times(node.number, accessed: nil, modified: nil, changed: now))
            return 0
        }
    }

    func listExtended(
        _ descriptor: Int, _ room: UnsafeMutableRawPointer?, _ capacity: Int
    ) -> Int {
        looking(descriptor) { _, node in
            let names = [UInt8](node.extended.map { $0.name + [0] }.joined())
            if capacity == 0 { return names.count }
            guard names.count <= capacity else { return -Int(ERANGE) }
            if !names.isEmpty { room?.copyMemory(from: names, byteCount: names.count) }
            return names.count
        }
    }
}
