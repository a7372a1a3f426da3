internal import Glibc

extension SimulatedSystem {
    func read(
        _ descriptor: Int, _ room: UnsafeMutableRawPointer?, _ count: Int, at offset: Int?
    ) -> Int {
        guard let room else { return -Int(EFAULT) }
        guard var one = open[descriptor] else { return -Int(EBADF) }
        let content: [UInt8]
        if let text = one.text {
            content = text
        } else {
            guard !one.disk.isStopped else { return -Int(EIO) }
            guard let node = one.disk[one.node] else { return -Int(ESTALE) }
            guard !node.isDirectory else { return -Int(EISDIR) }
            content = node.data
        }
        let start = offset ?? one.position
        let done = max(0, min(count, content.count - start))
        if done > 0 {
            content.withUnsafeBytes { bytes in
                room.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + done])
                        .baseAddress ?? UnsafeRawPointer(room), byteCount: done)
            }
        }
        if offset == nil {
            one.position += done
            open[descriptor] = one
        }
        return done
    }

    func write(
        _ descriptor: Int, _ bytes: UnsafeMutableRawPointer?, _ count: Int, at offset: Int?
    ) -> Int {
        guard let bytes, count > 0 else { return 0 }
        let size = open[descriptor].flatMap { $0.disk[$0.node] }?.data.count ?? 0
        let isAppending = (open[descriptor]?.flags ?? 0) & Int(O_APPEND) != 0
        let start = offset ?? (isAppending ? size : open[descriptor]?.position ?? 0)
        let growth = max(0, start + count - size)
        return using(descriptor, growth: growth) { one, node in
            guard node.type == DiskNode.regular else { return -Int(EINVAL) }
            if start + count > node.data.count { one.disk.step(.size(node.number, start + count)) }
            let all = UnsafeRawBufferPointer(start: bytes, count: count)
            var place = 0
            while place < count {
                let inBlock = (start + place) % DiskNode.blockBytes
                let part = min(count - place, DiskNode.blockBytes - inBlock)
                let rest = UnsafeRawBufferPointer(rebasing: all[place..<place + part])
                let bytes = [UInt8](unsafeUninitializedCapacity: part) { room, used in
                    UnsafeMutableRawBufferPointer(room).copyMemory(from: rest)
                    used = part
                }
                one.disk.step(.data(node.number, offset: start + place, bytes: bytes))
                place += part
            }
            one.disk.step(.times(node.number, accessed: nil, modified: now, changed: now))
            if offset == nil { open[descriptor]?.position = start + count }
            if one.flags & Int(O_DSYNC) != 0 { one.disk.sync(node.number) }
            return count
        }
    }

    func seek(_ descriptor: Int, _ offset: Int, _ whence: Int) -> Int {
        looking(descriptor) { one, node in
            let size = node.data.count
            let block = DiskNode.blockBytes
            switch CInt(whence) {
            case SEEK_SET: open[descriptor]?.position = offset
            case SEEK_CUR: open[descriptor]?.position += offset
            case SEEK_END: open[descriptor]?.position = size + offset
            case 3, 4:
                guard offset < size else { return -Int(ENXIO) }
                let wantsData = whence == 3
                var place = offset
                while place < size {
                    if node.allocated.contains(place / block) == wantsData { return place }
                    place = (place / block + 1) * block
                }
                return wantsData ? -Int(ENXIO) : size
            default: return -Int(EINVAL)
            }
            return open[descriptor]?.position ?? 0
        }
    }

    func truncate(_ descriptor: Int, _ size: Int) -> Int {
        using(descriptor) { one, node in
            guard node.type == DiskNode.regular else { return -Int(EINVAL) }
            setSize(one.disk, node.number, size)
            return 0
        }
    }

    func setSize(_ disk: SimulatedDisk, _ number: UInt64, _ size: Int) {
        disk.step(.size(number, size))
        disk.step(.times(number, accessed: nil, modified: now, changed: now))
    }

    func allocate(_ descriptor: Int, _ mode: Int, _ offset: Int, _ length: Int) -> Int {
        let size = open[descriptor].flatMap { $0.disk[$0.node] }?.data.count ?? 0
        let keepsSize = mode & 1 != 0
        let growth = mode & 2 == 0 && !keepsSize ? max(0, offset + length - size) : 0
        return using(descriptor, growth: growth) { one, node in
            guard node.type == DiskNode.regular else { return -Int(ENODEV) }
            // Punching and zeroing; the others are not for every file system.
            guard mode & ~0x13 == 0 else { return -Int(EOPNOTSUPP) }
            if mode & 0x12 != 0 {
                one.disk.step(.punch(node.number, offset..<offset + length))
            }
            if !keepsSize, offset + length > node.data.count {
                one.disk.step(.size(node.number, offset + length))
            }
            one.disk.step(.times(node.number, accessed: nil, modified: now, changed: now))
            return 0
        }
    }
}
