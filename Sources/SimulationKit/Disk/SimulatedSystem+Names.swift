internal import Glibc

extension SimulatedSystem {
    /// Makes an object.
    func make(
        _ directory: Int, _ path: [UInt8], _ mode: Int, device: Int = 0, text: [UInt8] = [],
        walked: Walk? = nil
    ) -> Int {
        let walk: Walk
        if let walked {
            walk = walked
        } else {
            switch self.walk(directory, path) {
            case .failure(let error): return error.answer
            case .success(let found): walk = found
            }
        }
        guard walk.node == nil else { return -Int(EEXIST) }
        guard let parent = walk.disk[walk.directory] else { return -Int(ENOENT) }
        guard parent.linkCount > 0 else { return -Int(ENOENT) }
        let problem = walk.disk.admit(growth: 256)
        if problem != 0 { return -problem }
        var node = walk.disk.newNode(mode: UInt32(mode), now: now)
        node.device = UInt64(device)
        node.data = text
        node.parent = walk.directory
        walk.disk.step(.make(node))
        walk.disk.step(.enter(directory: walk.directory, name: walk.name, node: node.number))
        if node.isDirectory {
            walk.disk.step(.linkCount(walk.directory, parent.linkCount + 1))
        }
        touch(walk.disk, walk.directory)
        return 0
    }

    func touch(_ disk: SimulatedDisk, _ node: UInt64) {
        disk.step(.times(node, accessed: nil, modified: now, changed: now))
    }

    private func changed(_ disk: SimulatedDisk, _ node: UInt64) {
        disk.step(.times(node, accessed: nil, modified: nil, changed: now))
    }

    func link(_ from: Result<Walk, DiskError>, _ directory: Int, _ path: [UInt8]) -> Int {
        guard case .success(let source) = from, let number = source.node,
            let node = source.disk[number]
        else { return -Int(ENOENT) }
        guard !node.isDirectory else { return -Int(EPERM) }
        switch walk(directory, path) {
        case .failure(let error): return error.answer
        case .success(let walk):
            guard walk.disk === source.disk else { return -Int(EXDEV) }
            guard walk.node == nil else { return -Int(EEXIST) }
            let problem = walk.disk.admit()
            if problem != 0 { return -problem }
            walk.disk.step(.linkCount(number, node.linkCount + 1))
            walk.disk.step(.enter(directory: walk.directory, name: walk.name, node: number))
            changed(walk.disk, number)
            touch(walk.disk, walk.directory)
            return 0
        }
    }

    func unlink(_ directory: Int, _ path: [UInt8], _ flags: Int) -> Int {
        switch walk(directory, path) {
        case .failure(let error): return error.answer
        case .success(let walk):
            guard let number = walk.node, let node = walk.disk[number] else { return -Int(ENOENT) }
            guard !walk.name.isEmpty else { return -Int(EINVAL) }
            let removesDirectory = flags & Int(AT_REMOVEDIR) != 0
            if node.isDirectory != removesDirectory {
                return node.isDirectory ? -Int(EISDIR) : -Int(ENOTDIR)
            }
            if node.isDirectory, !node.entries.isEmpty { return -Int(ENOTEMPTY) }
            let problem = walk.disk.admit()
            if problem != 0 { return -problem }
            take(walk.disk, walk.directory, walk.name, number)
            touch(walk.disk, walk.directory)
            return 0
        }
    }

    /// Takes a name away, and the object with its last.
    private func take(
        _ disk: SimulatedDisk, _ directory: UInt64, _ name: [UInt8], _ number: UInt64
    ) {
        guard let node = disk[number] else { return }
        disk.step(.leave(directory: directory, name: name))
        if node.isDirectory {
            disk.step(.linkCount(directory, (disk[directory]?.linkCount ?? 1) - 1))
        }
        let left = node.isDirectory ? 0 : node.linkCount - 1
        disk.step(.linkCount(number, left))
        changed(disk, number)
        disk.forgetNameless(number)
    }

    func rename(
        _ fromDirectory: Int, _ fromPath: [UInt8], _ toDirectory: Int, _ toPath: [UInt8],
        _ flags: Int
    ) -> Int {
        guard flags & ~3 == 0 else { return -Int(EINVAL) }
        let from: Walk
        let to: Walk
        switch (walk(fromDirectory, fromPath), walk(toDirectory, toPath)) {
        case (.failure(let error), _), (_, .failure(let error)): return error.answer
        case (.success(let one), .success(let other)): (from, to) = (one, other)
        }
        guard from.disk === to.disk else { return -Int(EXDEV) }
        let disk = from.disk
        guard let number = from.node, let node = disk[number], !from.name.isEmpty else {
            return -Int(ENOENT)
        }
        guard !to.name.isEmpty else { return -Int(EBUSY) }
        if node.isDirectory, isInside(disk, to.directory, number) { return -Int(EINVAL) }
        if flags & 2 != 0 { return exchange(disk, from, to, number) }
        if let old = to.node, let oldNode = disk[old] {
            if flags & 1 != 0 { return -Int(EEXIST) }
            if old == number { return 0 }
            if oldNode.isDirectory != node.isDirectory {
                return oldNode.isDirectory ? -Int(EISDIR) : -Int(ENOTDIR)
            }
            if oldNode.isDirectory, !oldNode.entries.isEmpty { return -Int(ENOTEMPTY) }
            if oldNode.isDirectory, isInside(disk, from.directory, old) { return -Int(ENOTEMPTY) }
        }
        let problem = disk.admit()
        if problem != 0 { return -problem }
        if let old = to.node { take(disk, to.directory, to.name, old) }
        disk.step(.leave(directory: from.directory, name: from.name))
        disk.step(.enter(directory: to.directory, name: to.name, node: number))
        if node.isDirectory { move(disk, number, from.directory, to.directory) }
        changed(disk, number)
        touch(disk, from.directory)
        touch(disk, to.directory)
        return 0
    }

    private func exchange(
        _ disk: SimulatedDisk, _ from: Walk, _ to: Walk, _ number: UInt64
    ) -> Int {
        guard let other = to.node, let otherNode = disk[other], let node = disk[number] else {
            return -Int(ENOENT)
        }
        if otherNode.isDirectory, isInside(disk, from.directory, other) { return -Int(EINVAL) }
        let problem = disk.admit()
        if problem != 0 { return -problem }
        guard number != other else { return 0 }
        disk.step(.leave(directory: from.directory, name: from.name))
        disk.step(.leave(directory: to.directory, name: to.name))
        disk.step(.enter(directory: from.directory, name: from.name, node: other))
        disk.step(.enter(directory: to.directory, name: to.name, node: number))
        if node.isDirectory { move(disk, number, from.directory, to.directory) }
        if otherNode.isDirectory { move(disk, other, to.directory, from.directory) }
        changed(disk, number)
        changed(disk, other)
        touch(disk, from.directory)
        touch(disk, to.directory)
        return 0
    }

    private func move(_ disk: SimulatedDisk, _ node: UInt64, _ from: UInt64, _ to: UInt64) {
        disk.step(.parent(node, to))
        guard from != to else { return }
        disk.step(.linkCount(from, (disk[from]?.linkCount ?? 1) - 1))
        disk.step(.linkCount(to, (disk[to]?.linkCount ?? 0) + 1))
    }

    /// Whether a directory is another one or lies below it.
    private func isInside(_ disk: SimulatedDisk, _ directory: UInt64, _ other: UInt64) -> Bool {
        var number = directory
        while true {
            if number == other { return true }
            guard number != DiskImage.rootNode, let node = disk[number] else { return false }
            number = node.parent
        }
    }

    func readLink(
        _ directory: Int, _ path: [UInt8], _ room: UnsafeMutableRawPointer?, _ capacity: Int
    ) -> Int {
        let text: [UInt8]
        let proc = Array("/proc/self/fd/".utf8)
        if path.starts(with: proc) {
            guard let number = Int(String(decoding: path[proc.count...], as: UTF8.self)),
                let one = open[number]
            else { return -Int(ENOENT) }
            text = self.path(of: one)
        } else {
            switch walk(directory, path) {
            case .failure(let error): return error.answer
            case .success(let walk):
                guard let number = walk.node, let node = walk.disk[number] else {
                    return -Int(ENOENT)
                }
                guard node.type == DiskNode.link else { return -Int(EINVAL) }
                text = node.data
            }
        }
        let count = min(capacity, text.count)
        room?.copyMemory(from: Array(text[..<count]), byteCount: count)
        return count
    }

    func list(_ descriptor: Int, _ room: UnsafeMutableRawPointer?, _ capacity: Int) -> Int {
        looking(descriptor) { one, node in
            guard node.isDirectory, let room else { return -Int(ENOTDIR) }
            var all = [
                DiskEntry(name: [0x2E], node: node.number, cookie: 1),
                DiskEntry(name: [0x2E, 0x2E], node: node.parent, cookie: 2),
            ]
            all += node.entries
            var used = 0
            for entry in all where entry.cookie > one.position {
                let length = (19 + entry.name.count + 1 + 7) & ~7
                guard used + length <= capacity else { break }
                let type = (one.disk[entry.node]?.type ?? 0) >> 12
                let place = room + used
                place.storeBytes(of: max(entry.node, 1), as: UInt64.self)
                place.storeBytes(of: entry.cookie, toByteOffset: 8, as: Int64.self)
                place.storeBytes(of: UInt16(length), toByteOffset: 16, as: UInt16.self)
                place.storeBytes(of: UInt8(type), toByteOffset: 18, as: UInt8.self)
                (place + 19).copyMemory(from: entry.name + [0], byteCount: entry.name.count + 1)
                used += length
                open[descriptor]?.position = Int(entry.cookie)
            }
            return used
        }
    }
}
