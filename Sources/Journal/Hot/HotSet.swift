internal import CPosix
package import FileSystemAccess
internal import Glibc

/// What the hot files of one mount say: the daemon's side of a `HotLog`.
package struct HotSet: Sendable {
    package let mount: UInt32
    /// Generations that were found, ascending.
    package private(set) var generations: [UInt32] = []
    /// When the oldest of them began, nanoseconds since 1970-01-01 UTC: what changed on the disk
    /// since then shows it by its change time. nil when nothing is known.
    package private(set) var oldestStart: Int64?
    /// When the newest of them began, and how many groups became hot in it: an old one that is not
    /// empty is worth a rotation.
    package private(set) var newestStart: Int64?
    package private(set) var newestGroupCount = 0
    /// Whether the files are whole. If not, every object of the mount is suspect.
    package private(set) var isSure = true
    /// Ascending, each once.
    private var groups: [UInt64] = []

    package var groupCount: Int { groups.count }

    /// Whether the object's group was hot, or everything must be thought to have been.
    package func contains(_ inode: UInt64) -> Bool {
        if !isSure { return true }
        let group = inode >> HotFormat.groupShift
        var range = 0..<groups.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if groups[middle] == group { return true }
            range =
                groups[middle] < group
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return false
    }

    /// First inode numbers of the groups; each stands for the 256 numbers from it on.
    package var firstInodes: [UInt64] { groups.map { $0 << HotFormat.groupShift } }

    /// Reads all generations that the folder keeps of a mount. Never fails: what cannot be read
    /// makes the set unsure. A folder that does not exist holds no generation.
    ///
    /// - Parameter stretch: sectors that a whole file has at least, see `HotLog`.
    package static func read(
        folder: BytePath, mount: UInt32, stretch: Int = HotFormat.sectorsPerStretch
    ) -> HotSet {
        var set = HotSet(mount: mount)
        do throws(Errno) {
            let directory = try DirectoryTree.open(folder)
            defer { SystemCall.close(directory) }
            set.generations = try HotFormat.generations(in: directory, mount: mount)
            for generation in set.generations {
                let before = set.groups.count
                set.newestStart = nil
                do throws(Errno) { try set.add(generation, directory, stretch) } catch {
                    set.isSure = false
                }
                set.newestGroupCount = set.groups.count - before
            }
        } catch {
            if error != .noSuchFile { set.isSure = false }
        }
        if let first = set.generations.first, let last = set.generations.last,
            Int(last) - Int(first) + 1 != set.generations.count
        {
            set.isSure = false
        }
        set.groups = set.distinct()
        return set
    }

    /// Removes the generations up to and with `generation`, oldest first, each durably: what is
    /// kept has no gap.
    package static func drop(
        folder: BytePath, mount: UInt32, through generation: UInt32
    ) throws(Errno) {
        let directory: CInt
        do throws(Errno) { directory = try DirectoryTree.open(folder) } catch {
            if error == .noSuchFile { return }
            throw error
        }
        defer { SystemCall.close(directory) }
        for known in try HotFormat.generations(in: directory, mount: mount)
        where known <= generation {
            _ = try SystemCall.check {
                cposix_unlinkat(directory, HotFormat.name(mount: mount, generation: known), 0)
            }
            _ = try SystemCall.check { cposix_fsync(directory) }
        }
    }

    private init(mount: UInt32) { self.mount = mount }

    private func distinct() -> [UInt64] {
        var result: [UInt64] = []
        for group in groups.sorted() where group != result.last { result.append(group) }
        return result
    }

    private mutating func add(
        _ generation: UInt32, _ directory: CInt, _ stretch: Int
    ) throws(Errno) {
        let descriptor = try SystemCall.open(
            at: directory, HotFormat.name(mount: mount, generation: generation),
            O_RDONLY | O_NOFOLLOW)
        defer { SystemCall.close(descriptor) }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { bytes.deallocate() }
        let head = UnsafeMutableRawBufferPointer(rebasing: bytes[..<HotFormat.headBytes])
        let count = try SystemCall.readAll(descriptor, head, at: 0)
        guard count == HotFormat.headBytes,
            let (start, _) = HotFormat.readHead(
                UnsafeRawBufferPointer(head), mount: mount, generation: generation)
        else {
            isSure = false
            return
        }
        oldestStart = min(oldestStart ?? start, start)
        newestStart = start
        try addSectors(descriptor, bytes, stretch)
    }

    /// Sectors of a batch lie side by side and are written at once, so a power cut may leave holes
    /// in the last batch only, for which nobody had been told that it is durable.
    private mutating func addSectors(
        _ descriptor: CInt, _ bytes: UnsafeMutableRawBufferPointer, _ stretch: Int
    ) throws(Errno) {
        var place = Int64(HotFormat.headBytes)
        var sectors = 0
        var order = SectorOrder()
        while true {
            let count = try SystemCall.readAll(descriptor, bytes, at: place)
            for start in stride(from: 0, to: count, by: HotFormat.sectorBytes) {
                guard start + HotFormat.sectorBytes <= count else {
                    isSure = false
                    return
                }
                let sector = UnsafeRawBufferPointer(
                    rebasing: bytes[start..<start + HotFormat.sectorBytes])
                sectors += 1
                switch HotFormat.readSector(sector) {
                case .free: order.free()
                case .bad:
                    isSure = false
                    return
                case .groups(let found, let batch, let left):
                    if !order.next(batch, left) { isSure = false }
                    if found.contains(HotFormat.allGroups) { isSure = false }
                    groups += found
                }
            }
            if count < bytes.count { break }
            place += Int64(count)
        }
        if sectors < stretch { isSure = false }
    }
}

/// Finds sectors that are missing where they must not be.
struct SectorOrder {
    private var batch: UInt32 = 0
    /// Sectors of the batch that must follow the one seen last.
    private var left: UInt16 = 0
    private var hasGap = false
    /// The batch with a hole in it: it must be the last one.
    private var tornBatch: UInt32?

    mutating func free() { hasGap = true }

    /// Whether a sector may stand where it was found.
    mutating func next(_ batch: UInt32, _ left: UInt16) -> Bool {
        defer { (self.batch, self.left, hasGap) = (batch, left, false) }
        if let tornBatch { return batch == tornBatch }
        if batch == self.batch {
            if hasGap { tornBatch = batch }
            return hasGap ? left < self.left : left &+ 1 == self.left
        }
        if hasGap { tornBatch = batch }
        return batch == self.batch &+ 1 && self.left == 0
    }
}
