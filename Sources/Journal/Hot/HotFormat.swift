internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// How a file of hot groups is laid out: one page that says whose it is, then sectors.
///
/// ```
/// 0      magic (8), version (4), mount (4), generation (8), start (8), boot (16), 0…,
///        checksum of the 4088 bytes before (8)
/// 4096   sectors of 512 bytes: checksum of the 504 bytes behind it (8), batch (4), count (2),
///        sectors of the batch that follow (2), group numbers (62 × 8). A sector is written once; a
///        sector of zeros is free.
/// ```
package enum HotFormat {
    static let magic: UInt64 = 0x3154_4F48_5444_4E55  // "UNDTHOT1"
    static let version: UInt32 = 1
    static let headBytes = 4096
    static let sectorBytes = 512
    static let groupsPerSector = 62
    /// Sectors of zeros that a file is made with, and gets when they are used up: 1 MiB.
    package static let sectorsPerStretch = 2048
    /// Stands for every group of the mount.
    static let allGroups = UInt64.max
    /// Inode numbers of a group, as a shift.
    static let groupShift: UInt64 = 8

    static func name(mount: UInt32, generation: UInt32) -> String { "hot-\(mount)-\(generation)" }

    /// The generation that a file name of that mount says; nil for any other name.
    static func generation(of name: String, mount: UInt32) -> UInt32? {
        let prefix = "hot-\(mount)-"
        guard name.hasPrefix(prefix) else { return nil }
        return UInt32(name.dropFirst(prefix.count))
    }

    /// Generations that lie in the folder, ascending.
    static func generations(in folder: CInt, mount: UInt32) throws(Errno) -> [UInt32] {
        let descriptor = try SystemCall.open(at: folder, ".", O_RDONLY | O_DIRECTORY)
        defer { SystemCall.close(descriptor) }
        var reader = DirectoryReader()
        try reader.start(descriptor)
        var found: [UInt32] = []
        while let entry = try reader.next() {
            let name = String(decoding: entry.name, as: UTF8.self)
            if let generation = generation(of: name, mount: mount) { found.append(generation) }
        }
        return found.sorted()
    }

    static func writeHead(
        _ page: UnsafeMutableRawBufferPointer, mount: UInt32, generation: UInt32, start: Int64,
        boot: BootID
    ) {
        page.storeBytes(of: magic, toByteOffset: 0, as: UInt64.self)
        page.storeBytes(of: version, toByteOffset: 8, as: UInt32.self)
        page.storeBytes(of: mount, toByteOffset: 12, as: UInt32.self)
        page.storeBytes(of: UInt64(generation), toByteOffset: 16, as: UInt64.self)
        page.storeBytes(of: start, toByteOffset: 24, as: Int64.self)
        page.storeBytes(of: boot, toByteOffset: 32, as: BootID.self)
        page.storeBytes(
            of: headSum(UnsafeRawBufferPointer(page)), toByteOffset: headBytes - 8,
            as: UInt64.self)
    }

    /// Start and boot; nil when the page is not that of this mount and generation.
    static func readHead(
        _ page: UnsafeRawBufferPointer, mount: UInt32, generation: UInt32
    ) -> (start: Int64, boot: BootID)? {
        guard page.count >= headBytes,
            page.loadUnaligned(as: UInt64.self) == magic,
            page.loadUnaligned(fromByteOffset: headBytes - 8, as: UInt64.self) == headSum(page),
            page.loadUnaligned(fromByteOffset: 8, as: UInt32.self) == version,
            page.loadUnaligned(fromByteOffset: 12, as: UInt32.self) == mount,
            page.loadUnaligned(fromByteOffset: 16, as: UInt64.self) == UInt64(generation)
        else { return nil }
        return (
            page.loadUnaligned(fromByteOffset: 24, as: Int64.self),
            page.loadUnaligned(fromByteOffset: 32, as: BootID.self)
        )
    }

    private static func headSum(_ page: UnsafeRawBufferPointer) -> UInt64 {
        Checksum.of64(UnsafeRawBufferPointer(rebasing: page[0..<headBytes - 8]))
    }

    static func writeSector(
        _ sector: UnsafeMutableRawBufferPointer, batch: UInt32, left: UInt16,
        _ groups: ArraySlice<UInt64>
    ) {
        sector.storeBytes(of: batch, toByteOffset: 8, as: UInt32.self)
        sector.storeBytes(of: UInt16(groups.count), toByteOffset: 12, as: UInt16.self)
        sector.storeBytes(of: left, toByteOffset: 14, as: UInt16.self)
        for (place, group) in groups.enumerated() {
            sector.storeBytes(of: group, toByteOffset: 16 + 8 * place, as: UInt64.self)
        }
        let sum = sectorSum(UnsafeRawBufferPointer(sector))
        sector.storeBytes(of: sum, toByteOffset: 0, as: UInt64.self)
    }

    /// What a sector says: nothing yet, groups, or nonsense.
    static func readSector(_ sector: UnsafeRawBufferPointer) -> HotSector {
        if sector.allSatisfy({ $0 == 0 }) { return .free }
        let count = Int(sector.loadUnaligned(fromByteOffset: 12, as: UInt16.self))
        guard sector.loadUnaligned(as: UInt64.self) == sectorSum(sector),
            (1...groupsPerSector).contains(count)
        else { return .bad }
        let groups = (0..<count).map {
            sector.loadUnaligned(fromByteOffset: 16 + 8 * $0, as: UInt64.self)
        }
        return .groups(
            groups, batch: sector.loadUnaligned(fromByteOffset: 8, as: UInt32.self),
            left: sector.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
    }

    private static func sectorSum(_ sector: UnsafeRawBufferPointer) -> UInt64 {
        Checksum.of64(UnsafeRawBufferPointer(rebasing: sector[8..<sectorBytes]))
    }
}

enum HotSector {
    case free
    case groups([UInt64], batch: UInt32, left: UInt16)
    case bad
}
