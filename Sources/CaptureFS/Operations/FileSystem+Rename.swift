internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc
internal import ReplicationModel

/// Names that move.
extension FileSystem {
    /// Bits of renameat2.
    private static let exchanges: UInt32 = 2
    private static let whiteout: UInt32 = 4

    func rename(
        _ call: Call, _ name: RequestName, _ newParent: UInt64, _ newName: RequestName,
        _ flags: UInt32
    ) throws(Errno) -> Int {
        let from = try node(call.header.node)
        let to = try node(newParent)
        return try inNames { () throws(Errno) -> Int in
            var move = Move(from: from, to: to, name: name, newName: newName, flags: flags)
            try look(call, &move)
            // Everything below a directory may belong to other sets afterwards: nothing is written
            // meanwhile.
            let movesDirectory =
                move.isDirectory || flags & Self.exchanges != 0 && move.replacesDirectory
            if movesDirectory {
                try shards.allLocked { () throws(Errno) -> Void in try carryOut(call, &move) }
            } else {
                try shards.locked((from, to, move.node, move.replacedNode)) {
                    () throws(Errno) -> Void in try carryOut(call, &move)
                }
            }
            return call.success()
        }
    }

    /// What is there before anything moves.
    private func look(_ call: Call, _ move: inout Move) throws(Errno) {
        if call.isAgain {
            (move.status, move.file) = call.worker.intent.object
            let replaced = call.worker.intent.replaced
            if replaced.file != .none { (move.replacedStatus, move.replaced) = replaced }
            move.node = table.find(move.status)
            move.replacedNode = move.replacedStatus.flatMap { table.find($0) }
            return
        }
        let (name, newName) = (move.name, move.newName)
        try withDescriptor(move.from, .read) { directory throws(Errno) -> Void in
            move.status = try SystemCall.status(at: directory, name.text)
            move.node = table.find(move.status)
            move.file = identity(move.status, move.node, directory, name)
        }
        try withDescriptor(move.to, .read) { directory throws(Errno) -> Void in
            var status = stat()
            let result = cposix_fstatat(directory, newName.text, &status, AT_SYMLINK_NOFOLLOW)
            guard result != -ENOENT else { return }
            _ = try SystemCall.check { result }
            move.replacedStatus = status
            move.replacedNode = table.find(status)
            move.replaced = identity(status, move.replacedNode, directory, newName)
        }
    }

    private func carryOut(_ call: Call, _ move: inout Move) throws(Errno) {
        let fromDirectory = try openDescriptor(move.from, .read)
        let toDirectory = try openDescriptor(move.to, .read)
        let exchanges = move.flags & Self.exchanges != 0
        let losesLast = !exchanges && move.replacesLastName
        try requireHot(call, move.from, move.to, move.node)
        if !call.isAgain {
            if losesLast, let node = move.replacedNode {
                try keep(node, toDirectory, move.newName.text)
            }
            call.worker.intent.object = (move.status, move.file)
            call.worker.intent.replaced = (move.replacedStatus ?? stat(), move.replaced)
        }
        call.worker.act(as: call.header)
        // Two names of one object: nothing will happen.
        if exchanges || !move.isSameObject { call.begin() }
        if !(call.isAgain && hasMoved(move, fromDirectory, toDirectory)) {
            _ = try SystemCall.check {
                cposix_renameat2(
                    fromDirectory, move.name.text, toDirectory, move.newName.text, move.flags)
            }
        }
        if !exchanges, move.isSameObject { return }
        let membership = table.membership(
            move.from, move.name.bytes, isDirectory: move.isDirectory)
        let newMembership = table.membership(
            move.to, move.newName.bytes, isDirectory: move.isDirectory)
        replace(move, exchanges, losesLast)
        if move.isDirectory || exchanges && move.replacesDirectory { table.forgetMemberships() }
        if recorder.wants(membership | newMembership) {
            record(call, move, membership, newMembership, fromDirectory, toDirectory)
        }
        _ = call.finish(call.success())
    }

    /// Whether the object is where it was to go, and no longer where it was.
    private func hasMoved(_ move: Move, _ fromDirectory: CInt, _ toDirectory: CInt) -> Bool {
        func isAt(_ directory: CInt, _ name: RequestName) -> Bool {
            guard let found = try? SystemCall.status(at: directory, name.text) else { return false }
            return found.st_ino == move.status.st_ino && found.st_dev == move.status.st_dev
        }
        return isAt(toDirectory, move.newName) && !isAt(fromDirectory, move.name)
    }

    /// The table follows.
    private func replace(_ move: Move, _ exchanges: Bool, _ losesLast: Bool) {
        if let node = move.replacedNode {
            table.remove(node, move.to, move.newName.bytes)
            if exchanges { table.add(node, move.from, move.name.bytes) }
            if losesLast { becameNameless(node) }
        }
        if let node = move.node {
            table.remove(node, move.from, move.name.bytes)
            table.add(node, move.to, move.newName.bytes)
        }
    }

    private func record(
        _ call: Call, _ move: Move, _ membership: UInt16, _ newMembership: UInt16,
        _ fromDirectory: CInt, _ toDirectory: CInt
    ) {
        var change = NameChange()
        let status = try? SystemCall.status(at: toDirectory, move.newName.text)
        change.attributes = ObjectAttributes(status ?? unread(move.status))
        fillParent(&change, move.from, fromDirectory)
        change.otherParent = move.to.file
        change.otherParentModified = cposix_nanoseconds(statusAfter(toDirectory).st_mtim)
        change.replaced = move.replaced
        change.otherMembership = newMembership
        recorder.names(
            .rename, move.file, membership, change,
            flags: UInt8(truncatingIfNeeded: move.flags & ~Self.whiteout),
            NameParts(name: move.name.bytes, otherName: move.newName.bytes))
        guard move.flags & Self.whiteout != 0, membership != 0 else { return }
        // A whiteout stands where the object was.
        guard let status = try? SystemCall.status(at: fromDirectory, move.name.text) else {
            recorder.countUnread()
            return
        }
        var made = NameChange()
        made.attributes = ObjectAttributes(status)
        fillParent(&made, move.from, fromDirectory)
        recorder.names(
            .create, identity(status, nil, fromDirectory, move.name), membership, made,
            NameParts(name: move.name.bytes))
    }

    // MARK: Links

    func link(_ call: Call, _ id: UInt64, _ name: RequestName) throws(Errno) -> Int {
        let parent = try node(call.header.node)
        let node = try node(id)
        return try inNames { () throws(Errno) -> Int in
            try shards.locked((parent, node, nil, nil)) { () throws(Errno) -> Int in
                let directory = try openDescriptor(parent, .read)
                let object = try openDescriptor(node, .path)
                var known = try statusOf(object)
                let before = membership(node, known)
                known.st_nlink += 1
                try requireHot(call, parent)
                call.worker.act(as: call.header)
                call.begin()
                let result = cposix_linkDescriptor(object, directory, name.text)
                if result < 0, !isLinked(call, result, known, directory, name) {
                    throw Errno(rawValue: -result)
                }
                let status = statusAfter(object, known)
                let (entry, _) = try entry(status, parent, directory, name)
                call.worker.intent.counted = (Intent.plain(call.header.unique), node.id)
                let wasNameless = node.isNameless
                let membership = table.membership(parent, name.bytes, isDirectory: false)
                if recorder.wants(membership) {
                    var change = NameChange()
                    change.attributes = ObjectAttributes(status)
                    change.otherMembership = before
                    fillParent(&change, parent, directory)
                    recorder.names(
                        wasNameless ? .create : .link, node.file, membership, change,
                        NameParts(name: name.bytes))
                    if wasNameless { recordContent(call, node, membership, status) }
                }
                // Last: whoever does this again must know that it had no name.
                node.isNameless = false
                if wasNameless { node.isKept = node.handle == nil }
                return call.finish(call.entry(entry))
            }
        }
    }

    /// Whether the name is there because this was done before a server was killed.
    private func isLinked(
        _ call: Call, _ result: CInt, _ object: stat, _ directory: CInt, _ name: RequestName
    ) -> Bool {
        guard result == -EEXIST, call.isEffect(object),
            let there = try? SystemCall.status(at: directory, name.text)
        else { return false }
        return there.st_ino == object.st_ino && there.st_dev == object.st_dev
    }

    /// What an object had before it got its first name: attributes' values, then its bytes.
    private func recordContent(
        _ call: Call, _ node: Node, _ membership: UInt16, _ status: stat
    ) {
        do throws(Errno) {
            try recordAll(call, node, membership, status)
        } catch {
            recorder.countUnread()
        }
    }

    private func recordAll(
        _ call: Call, _ node: Node, _ membership: UInt16, _ status: stat
    ) throws(Errno) {
        let object = try openDescriptor(node, .read)
        recordExtended(call, node, object, membership, status)
        let pieceBytes = Limits.writeBytesMax
        let room = UnsafeMutableRawBufferPointer(rebasing: call.reply.body[..<pieceBytes])
        let end = Int64(status.st_size)
        var place: Int64 = 0
        // Holes stay holes; a file system that knows none answers the whole file.
        while place < end {
            let data = cposix_lseek(object, off_t(place), SEEK_DATA)
            if data == -off_t(ENXIO) { break }
            let start = data < 0 ? place : Int64(data)
            let hole = cposix_lseek(object, off_t(start), SEEK_HOLE)
            let stop = hole < 0 ? end : min(Int64(hole), end)
            place = start
            while place < stop {
                let piece = UnsafeMutableRawBufferPointer(
                    rebasing: room[..<Int(min(stop - place, Int64(pieceBytes)))])
                let count = try SystemCall.readAll(object, piece, at: place)
                guard count > 0 else { break }
                recorder.write(
                    node.file, membership, status, offset: place,
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(piece)[..<count]))
                place += Int64(count)
            }
            if place < stop { break }
        }
        // A hole at the end.
        recorder.truncate(node.file, membership, status, size: UInt64(end))
    }

    private func recordExtended(
        _ call: Call, _ node: Node, _ object: CInt, _ membership: UInt16, _ status: stat
    ) {
        let namesBytesMax = 65536
        let scratch = call.worker.scratch
        let names = UnsafeMutableRawBufferPointer(rebasing: scratch[..<namesBytesMax])
        let room = UnsafeMutableRawBufferPointer(rebasing: scratch[namesBytesMax...])
        let listed = (try? list(node, object, names)) ?? 0
        guard listed > 0, names[listed - 1] == 0 else { return }
        for name in UnsafeRawBufferPointer(rebasing: names[..<listed]).split(separator: 0) {
            let bytes = UnsafeRawBufferPointer(rebasing: name)
            let text = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let count = cposix_fgetxattr(object, text, room.baseAddress, room.count)
            guard count >= 0 else { continue }
            recorder.extended(
                node.file, membership, status, bytes,
                UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
        }
    }

    func readLink(_ call: Call) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let body = call.reply.body
        let count = try withDescriptor(node, .path) { descriptor throws(Errno) -> Int in
            let start = body.baseAddress?.assumingMemoryBound(to: CChar.self)
            return try SystemCall.check { cposix_readlinkat(descriptor, "", start, 4096) }
        }
        return call.reply.finish(call.header.unique, body: count)
    }
}

/// A rename with what was there before it.
private struct Move {
    let from: Node
    let to: Node
    let name: RequestName
    let newName: RequestName
    let flags: UInt32
    var status = stat()
    var node: Node?
    var file = FileID.none
    var replacedStatus: stat?
    var replacedNode: Node?
    var replaced = FileID.none

    init(from: Node, to: Node, name: RequestName, newName: RequestName, flags: UInt32) {
        self.from = from
        self.to = to
        self.name = name
        self.newName = newName
        self.flags = flags
    }

    var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
    var replacesDirectory: Bool { (replacedStatus?.st_mode ?? 0) & S_IFMT == S_IFDIR }
    var replacesLastName: Bool {
        guard let replacedStatus else { return false }
        return replacesDirectory || replacedStatus.st_nlink < 2
    }
    var isSameObject: Bool {
        replacedStatus?.st_ino == status.st_ino && replacedStatus?.st_dev == status.st_dev
    }
}
