internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// A file with a page that says what it is and a hash table of entries, mapped. Not safe for
/// several threads. What a killed process leaves is a table as it was after some instruction, and
/// after every instruction the entries that have kinds are true.
struct DirtyTable: ~Copyable {
    let capacity: Int
    private let base: UnsafeMutableRawPointer
    private let entries: UnsafeMutablePointer<DirtyEntry>
    private let mask: Int
    private(set) var count = 0
    /// The place that was used last: records of one file come in a row.
    private var lastPlace = 0

    static let magic: UInt64 = 0x3159_5452_4944_4E55  // "UNDIRTY1"
    static let headBytes = 4096

    // Words of the head, byte offsets.
    private static let capacityPlace = 8
    private static let bootPlace = 16
    private static let journalIDPlace = 32
    private static let connectionPlace = 40
    private static let flagsPlace = 44
    /// Marks that found no place.
    private static let overflowed: UInt32 = 1
    /// Records went that did not become marks.
    private static let incomplete: UInt32 = 2
    /// The machine was stopped cleanly: the next boot may go on with it.
    private static let sealed: UInt32 = 4

    /// Makes an empty table under a name. Its room is reserved, because a page that the disk has no
    /// room for would kill the process.
    static func make(
        _ folder: CInt, _ name: String, connection: UInt32, journalID: UInt64, capacity: Int
    ) throws(Errno) -> DirtyTable {
        let bytes = headBytes + capacity * DirtyEntry.byteCount
        let temporary = name + ".new"
        let descriptor = try SystemCall.open(
            at: folder, temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        defer { SystemCall.close(descriptor) }
        do throws(Errno) {
            _ = try SystemCall.check { cposix_fallocate(descriptor, 0, 0, off_t(bytes)) }
            guard let base = cposix_mapShared(descriptor, bytes) else { throw .noMemory }
            base.storeBytes(of: magic, as: UInt64.self)
            base.storeBytes(of: UInt64(capacity), toByteOffset: capacityPlace, as: UInt64.self)
            base.storeBytes(of: BootID.current, toByteOffset: bootPlace, as: BootID.self)
            base.storeBytes(of: journalID, toByteOffset: journalIDPlace, as: UInt64.self)
            base.storeBytes(of: connection, toByteOffset: connectionPlace, as: UInt32.self)
            _ = try SystemCall.check { cposix_renameat2(folder, temporary, folder, name, 0) }
            return DirtyTable(base, capacity)
        } catch {
            _ = cposix_unlinkat(folder, temporary, 0)
            throw error
        }
    }

    /// Maps the table of a connection that was made in this boot, or (`isSealed`) that a clean stop
    /// of the machine has left; nil when it is something else.
    static func open(
        _ folder: CInt, _ name: String, connection: UInt32, isSealed: Bool = false
    ) throws(Errno) -> DirtyTable? {
        let descriptor = try SystemCall.open(at: folder, name, O_RDWR | O_NOFOLLOW)
        defer { SystemCall.close(descriptor) }
        let size = Int(try SystemCall.status(of: descriptor).st_size)
        guard size > headBytes, (size - headBytes) % DirtyEntry.byteCount == 0 else { return nil }
        let capacity = (size - headBytes) / DirtyEntry.byteCount
        guard capacity & (capacity - 1) == 0 else { return nil }
        // A hole would kill the process when the disk is full.
        _ = try SystemCall.check { cposix_fallocate(descriptor, 0, 0, off_t(size)) }
        guard let base = cposix_mapShared(descriptor, size) else { throw .noMemory }
        let boot = base.load(fromByteOffset: bootPlace, as: BootID.self)
        let flags = base.load(fromByteOffset: flagsPlace, as: UInt32.self)
        guard base.load(as: UInt64.self) == magic,
            base.load(fromByteOffset: capacityPlace, as: UInt64.self) == UInt64(capacity),
            base.load(fromByteOffset: connectionPlace, as: UInt32.self) == connection,
            isSealed ? flags & sealed != 0 : boot == .current
        else {
            _ = cposix_unmap(base, size)
            return nil
        }
        var table = DirtyTable(base, capacity)
        table.recount()
        return table
    }

    private init(_ base: UnsafeMutableRawPointer, _ capacity: Int) {
        self.base = base
        self.capacity = capacity
        mask = capacity - 1
        entries = (base + Self.headBytes).assumingMemoryBound(to: DirtyEntry.self)
    }

    deinit { _ = cposix_unmap(base, byteCount) }

    var byteCount: Int { Self.headBytes + capacity * DirtyEntry.byteCount }

    private mutating func recount() {
        for place in 0..<capacity {
            if entries[place].word == 0 {
                // A mark that was never finished.
                entries[place] = DirtyEntry()
            } else {
                count += 1
            }
        }
    }

    // MARK: Flags

    private var flags: UInt32 { base.load(fromByteOffset: Self.flagsPlace, as: UInt32.self) }

    private func set(_ flag: UInt32) {
        base.storeBytes(of: flags | flag, toByteOffset: Self.flagsPlace, as: UInt32.self)
    }

    var journalID: UInt64 { base.load(fromByteOffset: Self.journalIDPlace, as: UInt64.self) }
    var isOverflowed: Bool { flags & Self.overflowed != 0 }
    var isIncomplete: Bool { flags & Self.incomplete != 0 }
    func setOverflowed() { set(Self.overflowed) }
    func setIncomplete() { set(Self.incomplete) }

    /// Writes a durable copy that the next boot can go on with.
    func writeSealed(_ folder: CInt, _ name: String) throws(Errno) {
        let temporary = name + ".new"
        let descriptor = try SystemCall.open(
            at: folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        defer { SystemCall.close(descriptor) }
        let whole = UnsafeRawBufferPointer(start: base, count: byteCount)
        var flags = flags | Self.sealed
        try SystemCall.writeAll(descriptor, whole)
        try withUnsafeBytes(of: &flags) { (flags) throws(Errno) in
            try SystemCall.writeAll(descriptor, flags, at: Int64(Self.flagsPlace))
        }
        _ = try SystemCall.check { cposix_fsync(descriptor) }
        try AtomicFile.replace(name, by: temporary, in: folder)
    }

    // MARK: Entries

    /// Whether one more entry has room without the chains getting long.
    var hasRoom: Bool { count < capacity / 8 * 7 }

    subscript(_ place: Int) -> DirtyEntry { entries[place] }

    /// Adds marks to an object's range; answers false when it is a new one and has no room.
    @inline(__always)
    mutating func add(
        _ inode: UInt64, _ key: UInt64, _ range: UInt32, _ kinds: DirtyKinds, _ sequence: UInt64,
        _ change: (UnsafeMutablePointer<DirtyEntry>) -> Void
    ) -> Bool {
        var place = lastPlace
        if !isAt(place, inode, key, range) {
            place = Self.hash(inode, key, range) & mask
            while entries[place].word != 0, !isAt(place, inode, key, range) {
                place = (place + 1) & mask
            }
            if entries[place].word == 0 {
                guard hasRoom else { return false }
                count += 1
                entries[place].inode = inode
                entries[place].range = range
            }
            lastPlace = place
        }
        change(entries + place)
        if sequence > entries[place].lastSequence { entries[place].lastSequence = sequence }
        let old = entries[place].word
        let new = old | key | UInt64(kinds.rawValue) << DirtyEntry.kindsShift
        if new != old { cposix_store64(wordPlace(place), new) }
        return true
    }

    /// The entry will be asked for soon.
    @inline(__always)
    func prefetch(_ inode: UInt64, _ key: UInt64, _ range: UInt32) {
        cposix_prefetch(entries + (Self.hash(inode, key, range) & mask))
    }

    @inline(__always)
    private func isAt(_ place: Int, _ inode: UInt64, _ key: UInt64, _ range: UInt32) -> Bool {
        entries[place].inode == inode && entries[place].range == range
            && entries[place].word != 0 && entries[place].word & DirtyEntry.keyMask == key
    }

    private func wordPlace(_ place: Int) -> UnsafeMutablePointer<UInt64> {
        (UnsafeMutableRawPointer(entries + place) + 8).assumingMemoryBound(to: UInt64.self)
    }

    @inline(__always)
    private static func hash(_ inode: UInt64, _ key: UInt64, _ range: UInt32) -> Int {
        var hash =
            (inode &+ UInt64(range) &* 0x9E37_79B9_7F4A_7C15) ^ (key &* 0xC2B2_AE3D_27D4_EB4F)
        hash = (hash ^ (hash >> 32)) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: (hash ^ (hash >> 29)) >> 1)
    }

    /// Copies all entries into a table that has room.
    func copy(into other: inout DirtyTable) {
        for place in 0..<capacity where entries[place].word != 0 { other.take(entries[place]) }
        if isOverflowed { other.setOverflowed() }
        if isIncomplete { other.setIncomplete() }
    }

    /// Adds an entry's marks to what is there; no room makes the table overflow.
    mutating func take(_ entry: DirtyEntry) {
        let isObject = entry.range == DirtyEntry.objectRange
        let isKept = add(
            entry.inode, entry.word & DirtyEntry.keyMask, entry.range, entry.kinds,
            entry.lastSequence
        ) { known in
            if isObject {
                guard entry.kinds.contains(.wholeData) else { return }
                Self.lower(known, to: entry.bits.0)
            } else {
                known.pointee.bits.0 |= entry.bits.0
                known.pointee.bits.1 |= entry.bits.1
                known.pointee.bits.2 |= entry.bits.2
                known.pointee.bits.3 |= entry.bits.3
            }
        }
        if !isKept { setOverflowed() }
    }

    /// All data from a block on, or from an earlier one that was known.
    @inline(__always)
    static func lower(_ entry: UnsafeMutablePointer<DirtyEntry>, to block: UInt64) {
        let isKnown = entry.pointee.kinds.contains(.wholeData)
        entry.pointee.bits.0 = isKnown ? min(entry.pointee.bits.0, block) : block
    }
}
