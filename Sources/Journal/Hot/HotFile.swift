internal import CPosix
internal import FileSystemAccess
internal import Glibc

/// The file of one generation, open for writing. Every write is on the disk when it returns, and
/// goes where zeros were written before, so that the file system has nothing else to make durable.
struct HotFile: ~Copyable {
    let generation: UInt32
    private let descriptor: CInt
    private let stretch: Int
    private var sectors: Int
    private var nextSector = 0

    /// Makes the file whole under another name first: either it is there with its head, or not.
    static func make(
        folder: CInt, mount: UInt32, generation: UInt32, stretch: Int
    ) throws(Errno) -> HotFile {
        let name = HotFormat.name(mount: mount, generation: generation)
        let temporary = "new-\(name)"
        let descriptor = try SystemCall.open(
            at: folder, temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        do throws(Errno) {
            try fill(descriptor, mount: mount, generation: generation, stretch: stretch)
            _ = try SystemCall.check { cposix_fsync(descriptor) }
            try AtomicFile.replace(name, by: temporary, in: folder)
            SystemCall.close(descriptor)
            let writing = try SystemCall.open(at: folder, name, O_RDWR | O_DSYNC | O_NOFOLLOW)
            return HotFile(generation, writing, stretch: stretch)
        } catch {
            SystemCall.close(descriptor)
            _ = cposix_unlinkat(folder, temporary, 0)
            throw error
        }
    }

    private static func fill(
        _ descriptor: CInt, mount: UInt32, generation: UInt32, stretch: Int
    ) throws(Errno) {
        let count = HotFormat.headBytes + stretch * HotFormat.sectorBytes
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        HotFormat.writeHead(
            bytes, mount: mount, generation: generation, start: cposix_realtime(), boot: .current)
        try SystemCall.writeAll(descriptor, UnsafeRawBufferPointer(bytes), at: 0)
    }

    private init(_ generation: UInt32, _ descriptor: CInt, stretch: Int) {
        self.generation = generation
        self.descriptor = descriptor
        self.stretch = stretch
        sectors = stretch
    }

    deinit { SystemCall.close(descriptor) }

    /// Writes groups durably. After a failure nothing counts as written, and the next batch takes
    /// the same place.
    mutating func write(batch: UInt32, _ groups: [UInt64]) throws(Errno) {
        let needed = (groups.count + HotFormat.groupsPerSector - 1) / HotFormat.groupsPerSector
        while nextSector + needed > sectors { try lengthen() }
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: needed * HotFormat.sectorBytes, alignment: HotFormat.sectorBytes)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        for sector in 0..<needed {
            let start = sector * HotFormat.sectorBytes
            let first = sector * HotFormat.groupsPerSector
            let end = min(first + HotFormat.groupsPerSector, groups.count)
            HotFormat.writeSector(
                UnsafeMutableRawBufferPointer(
                    rebasing: bytes[start..<start + HotFormat.sectorBytes]),
                batch: batch, left: UInt16(needed - 1 - sector), groups[first..<end])
        }
        try SystemCall.writeAll(descriptor, UnsafeRawBufferPointer(bytes), at: place(nextSector))
        nextSector += needed
    }

    private mutating func lengthen() throws(Errno) {
        let count = stretch * HotFormat.sectorBytes
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
        defer { zeros.deallocate() }
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        try SystemCall.writeAll(descriptor, UnsafeRawBufferPointer(zeros), at: place(sectors))
        sectors += stretch
    }

    private func place(_ sector: Int) -> Int64 {
        Int64(HotFormat.headBytes + sector * HotFormat.sectorBytes)
    }
}
