internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// Changes of a file's bytes.
extension Applier {
    func write(_ record: OperationRecord, _ payload: UnsafeRawBufferPointer) throws(Errno) {
        guard record.offset >= 0, record.offset <= Int64.max - Int64(payload.count) else {
            return misunderstood(record)
        }
        guard let slot = try dataSlot(record.file) else { return }
        capabilities[cache[slot].node] = nil
        try write(payload, at: record.offset, slot, modified: record.time)
        count { $0.bytes += UInt64(payload.count) }
    }

    func mirrorData(_ record: OperationRecord, _ payload: UnsafeRawBufferPointer) throws(Errno) {
        guard record.offset >= 0, record.offset <= Int64.max - Int64(payload.count) else {
            return misunderstood(record)
        }
        let flags = MirrorDataFlags(rawValue: record.flags)
        guard record.length <= UInt64(Int64.max - record.offset) else {
            return misunderstood(record)
        }
        guard let slot = try dataSlot(record.file) else { return }
        if flags.contains(.hole) {
            try punch(slot, record.offset..<record.offset + Int64(record.length))
        } else if !payload.isEmpty {
            try write(payload, at: record.offset, slot, modified: record.time)
        }
        if flags.contains(.size) {
            let (descriptor, size) = (cache[slot].descriptor, Int(record.length))
            if try SystemCall.status(of: descriptor).st_size != size {
                _ = try SystemCall.check { cposix_ftruncate(descriptor, size) }
                cache[slot].wasWritten = true
            }
        }
        if flags.contains(.last) { map.unmark(cache[slot].node, .unfinished) }
        cache[slot].modified = record.time
        count { $0.mirrorBytes += UInt64(payload.count) }
    }

    /// Makes a hole of what the file has there; beyond its end there is nothing. A file system only
    /// gives back whole blocks, so a hole that reaches the end goes on behind it.
    private func punch(_ slot: UInt16, _ range: Range<Int64>) throws(Errno) {
        guard !range.isEmpty else { return }
        let descriptor = cache[slot].descriptor
        var range = range
        let end = Int64(try SystemCall.status(of: descriptor).st_size)
        if range.upperBound >= end, range.upperBound <= Int64.max - 0xFFFF {
            range = range.lowerBound..<(range.upperBound + 0xFFFF) & ~0xFFFF
        }
        let mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
        cache[slot].wasWritten = true
        let result = cposix_fallocate(descriptor, mode, Int(range.lowerBound), range.count)
        if result >= 0 { return }
        guard result == -EOPNOTSUPP else { throw Errno(rawValue: -result) }
        try imitate(descriptor, mode, range)
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int64, _ slot: UInt16, modified: Int64
    ) throws(Errno) {
        try SystemCall.writeAll(cache[slot].descriptor, bytes, at: offset)
        cache[slot].wasWritten = true
        cache[slot].modified = modified
    }

    func truncate(_ record: OperationRecord) throws(Errno) {
        guard record.length <= UInt64(Int64.max) else { return misunderstood(record) }
        guard let slot = try dataSlot(record.file) else { return }
        let (descriptor, size) = (cache[slot].descriptor, Int(record.length))
        _ = try SystemCall.check { cposix_ftruncate(descriptor, size) }
        cache[slot].modified = record.time
    }

    func allocate(_ record: OperationRecord) throws(Errno) {
        guard record.offset >= 0, record.length > 0,
            record.length <= UInt64(Int64.max - record.offset)
        else { return misunderstood(record) }
        guard let slot = try dataSlot(record.file) else { return }
        let descriptor = cache[slot].descriptor
        let range = record.offset..<record.offset + Int64(record.length)
        let mode = CInt(record.flags)
        cache[slot].modified = record.time
        if mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE) != 0 {
            return try shift(record, descriptor, mode, range)
        }
        let result = cposix_fallocate(descriptor, mode, Int(range.lowerBound), range.count)
        if result >= 0 { return }
        guard result == -EOPNOTSUPP else { throw Errno(rawValue: -result) }
        try imitate(descriptor, mode, range)
    }

    /// What the source's file system can and the target's cannot: the content at least is the same.
    private func imitate(
        _ descriptor: CInt, _ mode: CInt, _ range: Range<Int64>
    ) throws(Errno) {
        let size = Int64(try SystemCall.status(of: descriptor).st_size)
        if mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) != 0 {
            let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
            defer { zeros.deallocate() }
            _ = zeros.initializeMemory(as: UInt8.self, repeating: 0)
            var place = range.lowerBound
            while place < min(range.upperBound, size) {
                let count = Int(min(Int64(zeros.count), min(range.upperBound, size) - place))
                let part = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(zeros)[..<count])
                try SystemCall.writeAll(descriptor, part, at: place)
                place += Int64(count)
            }
        }
        if mode & FALLOC_FL_KEEP_SIZE == 0, range.upperBound > size {
            _ = try SystemCall.check { cposix_ftruncate(descriptor, Int(range.upperBound)) }
        }
    }

    /// Taking bytes out of the middle, or putting some in, must happen once only. All before it is
    /// made durable first, with the size the file has; when it comes again and the size is another,
    /// it was done.
    private func shift(
        _ record: OperationRecord, _ descriptor: CInt, _ mode: CInt, _ range: Range<Int64>
    ) throws(Errno) {
        let size = Int64(try SystemCall.status(of: descriptor).st_size)
        if let intent = try ShiftIntent.read(in: stateFolder.descriptor),
            intent.journalID == journalID, intent.sequence == record.sequence
        {
            if intent.size != size { return }
        } else {
            try flushAll()
            try log.append(
                &map.changes, journalID: journalID, applied: max(applied, record.sequence - 1))
            noteApplied(max(applied, record.sequence - 1))
            publish()
            try ShiftIntent(journalID: journalID, sequence: record.sequence, size: size)
                .write(in: stateFolder.descriptor)
            try syncer.sync()
        }
        _ = try SystemCall.check {
            cposix_fallocate(descriptor, mode, Int(range.lowerBound), range.count)
        }
        let node = map.find(record.file)
        cache[map[node].slot].modified = record.time
        // Sums that were asked for before this do not hold after it.
        if isResyncing { requestLost(node) }
        try syncer.syncFileSystems()
    }

    /// nil, and counted, when the object is not known or no file.
    private func dataSlot(_ file: FileID) throws(Errno) -> UInt16? {
        let node = map.find(file)
        guard node != 0 else {
            skipUnknown(file)
            return nil
        }
        guard map[node].type == ObjectType.regular.rawValue else { throw .invalid }
        if isStale(node) {
            count { $0.skipped += 1 }
            return nil
        }
        return try slotOrOvertaken(node, forData: true)
    }

    /// Opens a known object. One that cannot be found is what a replay may meet: it is gone by the
    /// end of it. At any other time somebody else removed it, and a mirror is needed.
    func slotOrOvertaken(_ node: UInt32, forData: Bool = false) throws(Errno) -> UInt16? {
        do throws(Errno) {
            return try openSlot(node, forData: forData)
        } catch {
            guard error == .stale else { throw error }
            if isReplaying {
                count { $0.overtaken += 1 }
                return nil
            }
            if isResyncing {
                requestLost(node)
                return nil
            }
            if !isWholeMirroring { requireMirror() }
            throw .noSuchFile
        }
    }
}

/// Kept in the state folder while bytes of a file are shifted.
struct ShiftIntent: Equatable {
    var journalID: UInt64
    var sequence: UInt64
    /// The file's, before.
    var size: Int64

    private static let name = "shift"

    static func read(in folder: CInt) throws(Errno) -> ShiftIntent? {
        guard let bytes = try AtomicFile.read(name, in: folder, bytesMax: 64), bytes.count == 32
        else { return nil }
        return bytes.withUnsafeBytes { bytes in
            let sum = Checksum.of64(UnsafeRawBufferPointer(rebasing: bytes[..<24]))
            guard bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self) == sum else {
                return nil
            }
            return ShiftIntent(
                journalID: bytes.loadUnaligned(as: UInt64.self),
                sequence: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                size: bytes.loadUnaligned(fromByteOffset: 16, as: Int64.self))
        }
    }

    func write(in folder: CInt) throws(Errno) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 8)
        defer { room.deallocate() }
        room.storeBytes(of: journalID, as: UInt64.self)
        room.storeBytes(of: sequence, toByteOffset: 8, as: UInt64.self)
        room.storeBytes(of: size, toByteOffset: 16, as: Int64.self)
        let sum = Checksum.of64(UnsafeRawBufferPointer(rebasing: room[..<24]))
        room.storeBytes(of: sum, toByteOffset: 24, as: UInt64.self)
        try AtomicFile.write(UnsafeRawBufferPointer(room), to: Self.name, in: folder)
    }
}
