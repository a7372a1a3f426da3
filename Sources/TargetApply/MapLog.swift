internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// The file that a node map is read back from: a head, then one chunk for every batch that was
/// applied, each with checksums. A torn last chunk is cut off; its batch is applied again.
///
///     head (64): magic, generation, journal, applied, end of the first picture, -, -, checksum
///     chunk: magic (4), body bytes (4), journal, applied, checksum of the body, checksum of these
///            32 bytes, then the body: `MapChanges`
///
/// Owned by the apply thread; the syncer holds the descriptor too, for `fsync`.
struct MapLog: ~Copyable {
    private let folder: CInt
    private(set) var file: OwnedDescriptor
    /// Counts the files that replaced each other.
    private(set) var generation: UInt64
    /// Bytes of the file: where the next chunk goes.
    private(set) var offset: Int64
    /// Bytes when the file was last written as a whole.
    private(set) var pictureEnd: Int64
    private(set) var journalID: UInt64
    private(set) var applied: UInt64
    /// Up to here the file has its room on the disk already.
    private var reserved: Int64 = 0

    /// So much is had in advance: a disk that is full must be able to hear of what makes room.
    private static let reserveBytes: Int64 = 1 << 20

    static let name = "map.log"
    static let headBytes = 64
    static let chunkHeadBytes = 40
    private static let headMagic: UInt64 = 0x0031_5041_4D54_5355
    private static let chunkMagic: UInt32 = 0x4B4E_4843

    /// An empty log in place of whatever there is.
    static func create(
        in folder: CInt, generation: UInt64, journalID: UInt64, applied: UInt64,
        map: borrowing NodeMap
    ) throws(Errno) -> MapLog {
        let temporary = name + ".new"
        let descriptor = try SystemCall.open(
            at: folder, temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        var log = MapLog(
            folder: folder, file: OwnedDescriptor(descriptor), generation: generation,
            offset: Int64(headBytes), pictureEnd: 0, journalID: journalID, applied: applied)
        var changes = MapChanges()
        try map.write(to: &changes) { (changes) throws(Errno) in
            try log.append(&changes, journalID: journalID, applied: applied)
        }
        log.pictureEnd = log.offset
        try log.writeHead()
        _ = try SystemCall.check { cposix_fsync(descriptor) }
        try AtomicFile.replace(name, by: temporary, in: folder)
        log.reserve()
        return log
    }

    /// Reads the log into `map`. `limit` says which generation is wanted and where to stop, for a
    /// map that must not be newer than what the disk has; nil: as far as it is good. Answers nil
    /// when there is no log, or none that fits.
    static func open(
        in folder: CInt, limit: Checkpoint?, map: inout NodeMap
    ) throws(Errno) -> MapLog? {
        let descriptor: CInt
        do throws(Errno) {
            descriptor = try SystemCall.open(at: folder, name, O_RDWR | O_NOFOLLOW)
        } catch {
            if error == .noSuchFile { return nil }
            throw error
        }
        let file = OwnedDescriptor(descriptor)
        let size = Int64(try SystemCall.status(of: descriptor).st_size)
        let head = UnsafeMutableRawBufferPointer.allocate(byteCount: headBytes, alignment: 8)
        defer { head.deallocate() }
        guard try SystemCall.readAll(descriptor, head, at: 0) == headBytes else { return nil }
        let field = { head.load(fromByteOffset: $0 * 8, as: UInt64.self) }
        let sum = Checksum.of64(UnsafeRawBufferPointer(rebasing: head[..<56]))
        guard field(0) == headMagic, field(7) == sum else { return nil }
        var end = size
        if let limit {
            if limit.logGeneration == field(1) {
                end = min(size, Int64(clamping: limit.logOffset))
            } else if limit.logGeneration + 1 == field(1) {
                // Replaced after all was synced, but before the checkpoint could say so.
                end = min(size, Int64(clamping: field(4)))
            } else {
                return nil
            }
        }
        var log = MapLog(
            folder: folder, file: file, generation: field(1), offset: Int64(headBytes),
            pictureEnd: Int64(clamping: field(4)), journalID: field(2), applied: field(3))
        map.isRecording = false
        try log.readChunks(to: end, map: &map)
        map.isRecording = true
        guard log.offset >= log.pictureEnd else { return nil }
        if log.offset < size {
            _ = try SystemCall.check { cposix_ftruncate(descriptor, Int(log.offset)) }
        }
        log.reserve()
        return log
    }

    /// Adds a chunk, in one write. An empty one is written only when it says something new.
    mutating func append(
        _ changes: inout MapChanges, journalID: UInt64, applied: UInt64
    ) throws(Errno) {
        if changes.count == 0, journalID == self.journalID, applied == self.applied { return }
        let body = changes.contents
        let chunk = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.chunkHeadBytes + body.count, alignment: 8)
        defer { chunk.deallocate() }
        chunk.storeBytes(of: Self.chunkMagic, toByteOffset: 0, as: UInt32.self)
        chunk.storeBytes(of: UInt32(body.count), toByteOffset: 4, as: UInt32.self)
        chunk.storeBytes(of: journalID, toByteOffset: 8, as: UInt64.self)
        chunk.storeBytes(of: applied, toByteOffset: 16, as: UInt64.self)
        chunk.storeBytes(of: Checksum.of64(body), toByteOffset: 24, as: UInt64.self)
        let sum = Checksum.of64(UnsafeRawBufferPointer(rebasing: chunk[..<32]))
        chunk.storeBytes(of: sum, toByteOffset: 32, as: UInt64.self)
        UnsafeMutableRawBufferPointer(rebasing: chunk[Self.chunkHeadBytes...])
            .copyMemory(from: body)
        try SystemCall.writeAll(file.descriptor, UnsafeRawBufferPointer(chunk), at: offset)
        offset += Int64(chunk.count)
        reserve()
        self.journalID = journalID
        self.applied = applied
        changes.removeAll()
    }

    /// Where there is no room now, there may be at the next chunk; what is left does until then.
    private mutating func reserve() {
        guard reserved - offset < Self.reserveBytes / 2 else { return }
        let result = cposix_fallocate(
            file.descriptor, FALLOC_FL_KEEP_SIZE, Int(offset), Int(Self.reserveBytes))
        if result >= 0 { reserved = offset + Self.reserveBytes }
    }

    private init(
        folder: CInt, file: OwnedDescriptor, generation: UInt64, offset: Int64, pictureEnd: Int64,
        journalID: UInt64, applied: UInt64
    ) {
        self.folder = folder
        self.file = file
        self.generation = generation
        self.offset = offset
        self.pictureEnd = pictureEnd
        self.journalID = journalID
        self.applied = applied
    }

    private func writeHead() throws(Errno) {
        var fields: [UInt64] = [
            Self.headMagic, generation, journalID, applied, UInt64(pictureEnd), 0, 0,
        ]
        fields.append(fields.withUnsafeBytes { Checksum.of64($0) })
        let descriptor = file.descriptor
        let result = fields.withUnsafeBytes { bytes -> Errno? in
            do throws(Errno) {
                try SystemCall.writeAll(descriptor, bytes, at: 0)
                return nil
            } catch {
                return error
            }
        }
        if let result { throw result }
    }

    private mutating func readChunks(to end: Int64, map: inout NodeMap) throws(Errno) {
        var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
        defer { room.deallocate() }
        while offset + Int64(Self.chunkHeadBytes) <= end {
            let head = UnsafeMutableRawBufferPointer(rebasing: room[..<Self.chunkHeadBytes])
            guard try SystemCall.readAll(file.descriptor, head, at: offset) == head.count else {
                return
            }
            let sum = Checksum.of64(UnsafeRawBufferPointer(rebasing: head[..<32]))
            guard head.load(as: UInt32.self) == Self.chunkMagic,
                head.load(fromByteOffset: 32, as: UInt64.self) == sum
            else { return }
            let count = Int(head.load(fromByteOffset: 4, as: UInt32.self))
            let journal = head.load(fromByteOffset: 8, as: UInt64.self)
            let position = head.load(fromByteOffset: 16, as: UInt64.self)
            let bodySum = head.load(fromByteOffset: 24, as: UInt64.self)
            let bodyStart = offset + Int64(Self.chunkHeadBytes)
            guard bodyStart + Int64(count) <= end else { return }
            if count > room.count {
                room.deallocate()
                room = .allocate(byteCount: count, alignment: 8)
            }
            let body = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
            guard try SystemCall.readAll(file.descriptor, body, at: bodyStart) == count,
                Checksum.of64(UnsafeRawBufferPointer(body)) == bodySum,
                MapChangesReader.apply(UnsafeRawBufferPointer(body), to: &map)
            else { return }
            offset = bodyStart + Int64(count)
            journalID = journal
            applied = position
        }
    }
}
