internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc

/// Listings. Offsets are the backing file system's own, so they stay good whatever is removed.
extension FileSystem {
    func readDirectory(
        _ call: Call, _ offset: UInt64, _ capacity: Int, plus: Bool
    ) throws(Errno) -> Int {
        let node = try node(call.header.node)
        let body = call.reply.body
        let room = UnsafeMutableRawBufferPointer(rebasing: body[..<min(capacity, body.count)])
        var entries = DirectoryEntries(room)
        try withDescriptor(node, .read) { directory throws(Errno) -> Void in
            let listing = try list(call, node, directory, offset, room.count, plus)
            try add(call, node, directory, listing, plus, &entries)
        }
        return call.reply.finish(call.header.unique, body: entries.byteCount)
    }

    /// Raw entries in the worker's scratch. The descriptor's position is one for all who list the
    /// directory, so it is set and used under the shard.
    private func list(
        _ call: Call, _ node: Node, _ directory: CInt, _ offset: UInt64, _ capacity: Int,
        _ plus: Bool
    ) throws(Errno) -> UnsafeRawBufferPointer {
        // An answer's entries are longer than the raw ones: about as many raw bytes as will fit.
        let wanted = max(1024, plus ? capacity / 5 : capacity)
        let scratch = call.worker.scratch
        let count = try shards.locked(node) { () throws(Errno) -> Int in
            _ = try SystemCall.check {
                cposix_lseek(directory, off_t(bitPattern: UInt(offset)), SEEK_SET)
            }
            return try SystemCall.check {
                cposix_getdents(directory, scratch.baseAddress, min(wanted, scratch.count))
            }
        }
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scratch)[..<count])
    }

    private func add(
        _ call: Call, _ node: Node, _ directory: CInt, _ listing: UnsafeRawBufferPointer,
        _ plus: Bool, _ entries: inout DirectoryEntries
    ) throws(Errno) {
        var place = 0
        // struct linux_dirent64: inode 8, offset 8, length 2, type 1, then the name and a NUL.
        while place + 19 < listing.count {
            let length = Int(listing.loadUnaligned(fromByteOffset: place + 16, as: UInt16.self))
            guard length > 19, place + length <= listing.count else { return }
            let raw = UnsafeRawBufferPointer(rebasing: listing[place..<place + length])
            guard let name = RequestName(terminated: raw, from: 19),
                entries.hasRoom(nameLength: name.bytes.count, plus: plus)
            else { return }
            let inode = raw.loadUnaligned(as: UInt64.self)
            let next = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let type = UInt32(raw[18])
            if plus {
                let entry = try plusEntry(node, directory, name)
                _ = entries.add(
                    entry, inode: inode, offset: next, type: type, name: name.bytes)
                call.worker.intent.listed = (call.header.unique, entries.byteCount)
            } else {
                _ = entries.add(inode: inode, offset: next, type: type, name: name.bytes)
            }
            place += length
        }
    }

    /// Node 0 (the kernel looks it up itself) for "." and "..", and for what is gone meanwhile.
    private func plusEntry(
        _ node: Node, _ directory: CInt, _ name: RequestName
    ) throws(Errno) -> Entry {
        var status = stat()
        guard !name.isDot, !name.isDotDot,
            cposix_fstatat(directory, name.text, &status, AT_SYMLINK_NOFOLLOW) == 0
        else { return Entry() }
        return try entry(status, node, directory, name).0
    }
}
