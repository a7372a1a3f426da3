internal import CPosix
package import FileSystemAccess
internal import Glibc
package import ReplicationModel

/// What may differ between a connection's two sides, because records were dropped: by identity,
/// with the blocks of data. Lies in a mapped file `dirty-<connection>` and outlives the daemon, not
/// a power cut. Not safe for several threads; the queue's keeper guards it.
package struct DirtyIndex: ~Copyable {
    package let connection: UInt32
    /// Whether there was none before.
    private(set) var isNew: Bool
    private let journalID: UInt64
    private let folder: OwnedDescriptor
    private let entriesMax: Int
    private(set) var table: DirtyTable

    private static let entriesMin = 4096
    /// An `allocate` over more ranges than this counts as all data from its start on.
    private static let rangesMax: UInt64 = 64

    /// Takes up the connection's index, or starts an empty one. What another boot left is
    /// discarded, and the new one is incomplete, unless a clean stop of the machine put a copy for
    /// this very journal into `sealedFolder`.
    package static func open(
        folder: BytePath, connection: UInt32, journalID: UInt64, entriesMax: Int = 1 << 20,
        sealedFolder: BytePath? = nil
    ) throws(Errno) -> DirtyIndex {
        let directory = OwnedDescriptor(try DirectoryTree.open(folder, creating: 0o700))
        let name = name(connection)
        var isDiscarded = false
        do throws(Errno) {
            let known = try DirtyTable.open(
                directory.descriptor, name, connection: connection)
            if let known {
                if known.journalID != journalID { known.setIncomplete() }
                return DirtyIndex(
                    directory, connection, journalID, entriesMax, known, isNew: false)
            }
            isDiscarded = true
        } catch {
            if error != .noSuchFile { throw error }
        }
        let fresh = try DirtyTable.make(
            directory.descriptor, name, connection: connection, journalID: journalID,
            capacity: min(entriesMin, entriesMax))
        var index = DirtyIndex(directory, connection, journalID, entriesMax, fresh, isNew: true)
        if let sealedFolder, try index.unseal(sealedFolder) {
            index.isNew = false
        } else if isDiscarded {
            index.setIncomplete()
        }
        return index
    }

    private init(
        _ folder: OwnedDescriptor, _ connection: UInt32, _ journalID: UInt64, _ entriesMax: Int,
        _ table: consuming DirtyTable, isNew: Bool
    ) {
        self.isNew = isNew
        self.folder = folder
        self.connection = connection
        self.journalID = journalID
        self.entriesMax = entriesMax
        self.table = table
    }

    static func name(_ connection: UInt32) -> String { "dirty-\(connection)" }
    static func takenName(_ connection: UInt32) -> String { "dirty-\(connection)-taken" }

    /// Removes what a connection that ended has left.
    package static func forget(folder: BytePath, connection: UInt32) {
        guard let directory = try? DirectoryTree.open(folder) else { return }
        defer { SystemCall.close(directory) }
        _ = cposix_unlinkat(directory, name(connection), 0)
        _ = cposix_unlinkat(directory, takenName(connection), 0)
    }

    // MARK: Figures

    /// Entries: one for each object with marks, and one for each 16 MiB of it that has some.
    package var count: Int { table.count }
    package var byteCount: Int { table.byteCount }
    package var isEmpty: Bool { table.count == 0 && !isOverflowed && !isIncomplete }
    /// Marks found no place: everything that changed is suspect, by its change time.
    package var isOverflowed: Bool { table.isOverflowed }
    /// Records went that did not become marks: hot groups and change times decide as well.
    package var isIncomplete: Bool { table.isIncomplete }

    package func setIncomplete() { table.setIncomplete() }

    // MARK: Marking

    /// What concerns an object as a whole.
    package mutating func mark(_ file: FileID, _ kinds: DirtyKinds, sequence: UInt64 = 0) {
        add(file, DirtyEntry.objectRange, kinds, sequence) { _ in }
    }

    /// All data from a byte on.
    package mutating func markData(_ file: FileID, from offset: UInt64, sequence: UInt64 = 0) {
        let block = offset >> DirtyEntry.blockShift
        add(file, DirtyEntry.objectRange, .wholeData, sequence) { DirtyTable.lower($0, to: block) }
    }

    /// The blocks that bytes lie in.
    @inline(__always)
    package mutating func markData(
        _ file: FileID, _ offset: UInt64, count: UInt64, sequence: UInt64 = 0
    ) {
        guard count > 0 else { return }
        let (end, overflows) = offset.addingReportingOverflow(count - 1)
        let firstRange = offset >> DirtyEntry.rangeShift
        let lastRange = end >> DirtyEntry.rangeShift
        if overflows || lastRange - firstRange >= Self.rangesMax
            || lastRange >= UInt64(DirtyEntry.objectRange)
        {
            return markData(file, from: offset, sequence: sequence)
        }
        let firstBlock = offset >> DirtyEntry.blockShift
        let lastBlock = end >> DirtyEntry.blockShift
        for range in firstRange...lastRange {
            let start = range << 8
            let low = max(firstBlock, start) - start
            let high = min(lastBlock, start + 255) - start
            add(file, UInt32(range), .data, sequence) { entry in
                Self.setBits(&entry.pointee.bits, low, high)
            }
        }
    }

    @inline(__always)
    private static func setBits(
        _ bits: inout (UInt64, UInt64, UInt64, UInt64), _ low: UInt64, _ high: UInt64
    ) {
        if low >> 6 == high >> 6 {
            let mask = (UInt64.max >> (63 - (high - low))) << (low & 63)
            switch low >> 6 {
            case 0: bits.0 |= mask
            case 1: bits.1 |= mask
            case 2: bits.2 |= mask
            default: bits.3 |= mask
            }
            return
        }
        bits.0 |= word(0, low, high)
        bits.1 |= word(64, low, high)
        bits.2 |= word(128, low, high)
        bits.3 |= word(192, low, high)
    }

    /// Of 64 bits that start at `start`, those from `low` to `high`.
    private static func word(_ start: UInt64, _ low: UInt64, _ high: UInt64) -> UInt64 {
        guard low < start + 64, high >= start else { return 0 }
        let first = max(low, start) - start
        let last = min(high, start + 63) - start
        return (UInt64.max >> (63 - (last - first))) << first
    }

    @inline(__always)
    private mutating func add(
        _ file: FileID, _ range: UInt32, _ kinds: DirtyKinds, _ sequence: UInt64,
        _ change: (UnsafeMutablePointer<DirtyEntry>) -> Void
    ) {
        let key = DirtyEntry.key(file)
        if table.add(file.inode, key, range, kinds, sequence, change) { return }
        guard grow(), table.add(file.inode, key, range, kinds, sequence, change) else {
            table.setOverflowed()
            return
        }
    }

    /// Twice the table under the same name; false when that is too much, or there is no room.
    private mutating func grow() -> Bool {
        guard table.capacity * 2 <= entriesMax,
            var larger = try? DirtyTable.make(
                folder.descriptor, Self.name(connection) + "-larger", connection: connection,
                journalID: table.journalID, capacity: table.capacity * 2)
        else { return false }
        table.copy(into: &larger)
        let renamed = cposix_renameat2(
            folder.descriptor, Self.name(connection) + "-larger", folder.descriptor,
            Self.name(connection), 0)
        guard renamed >= 0 else { return false }
        table = larger
        return true
    }

    /// Puts a durable copy, with what a resync has taken, where the next boot finds it.
    package mutating func seal(_ folder: CInt) throws(Errno) {
        try giveBack()
        if isEmpty {
            _ = cposix_unlinkat(folder, Self.sealedName(connection), 0)
        } else {
            try table.writeSealed(folder, Self.sealedName(connection))
        }
    }

    private mutating func unseal(_ path: BytePath) throws(Errno) -> Bool {
        let folder = OwnedDescriptor(try DirectoryTree.open(path, creating: 0o700))
        let name = Self.sealedName(connection)
        do throws(Errno) {
            let sealed = try DirtyTable.open(
                folder.descriptor, name, connection: connection, isSealed: true)
            _ = cposix_unlinkat(folder.descriptor, name, 0)
            guard let sealed, sealed.journalID == journalID else { return false }
            merge(sealed)
            return true
        } catch {
            if error == .noSuchFile { return false }
            throw error
        }
    }

    private static func sealedName(_ connection: UInt32) -> String { "queue-dirty-\(connection)" }

    // MARK: Taking

    /// Puts the marks aside for a resync and goes on with none. What an earlier resync has not
    /// finished is taken again.
    package mutating func take() throws(Errno) -> DirtyMarks {
        try giveBack()
        let fresh = Self.name(connection) + "-fresh"
        var made = try DirtyTable.make(
            folder.descriptor, fresh, connection: connection, journalID: journalID,
            capacity: min(Self.entriesMin, entriesMax))
        let folder = folder.descriptor
        let connection = connection
        // Exchanged, so that there is an index at every moment.
        _ = try SystemCall.check {
            cposix_renameat2(
                folder, fresh, folder, Self.name(connection), UInt32(RENAME_EXCHANGE))
        }
        swap(&table, &made)
        _ = try SystemCall.check {
            cposix_renameat2(folder, fresh, folder, Self.takenName(connection), 0)
        }
        return DirtyMarks(DirtyStorage(made))
    }

    /// The resync that took the marks is durable at the target: they are done with.
    package func finish() {
        _ = cposix_unlinkat(folder.descriptor, Self.takenName(connection), 0)
    }

    /// Adds the marks of a resync that did not come to its end, if there are any.
    package mutating func giveBack() throws(Errno) {
        for name in [Self.takenName(connection), Self.name(connection) + "-fresh"] {
            do throws(Errno) {
                if let taken = try DirtyTable.open(
                    folder.descriptor, name, connection: connection)
                {
                    merge(taken)
                } else {
                    table.setIncomplete()
                }
            } catch {
                if error == .noSuchFile { continue }
                throw error
            }
            _ = cposix_unlinkat(folder.descriptor, name, 0)
        }
    }

    private mutating func merge(_ other: borrowing DirtyTable) {
        for place in 0..<other.capacity {
            let entry = other[place]
            guard entry.word != 0 else { continue }
            if !table.hasRoom { _ = grow() }
            table.take(entry)
        }
        if other.isOverflowed { table.setOverflowed() }
        if other.isIncomplete { table.setIncomplete() }
    }
}
