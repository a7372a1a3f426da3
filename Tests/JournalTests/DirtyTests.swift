import CPosix
import FileSystemAccess
import Glibc
import Journal
import ReplicationModel
import Testing

@Suite("Dirty index")
struct DirtyTests {
    let folder = TemporaryFolder()

    func open(_ connection: UInt32 = 1, journalID: UInt64 = 5, max: Int = 1 << 20) throws
        -> DirtyIndex
    {
        try DirtyIndex.open(
            folder: folder.path, connection: connection, journalID: journalID, entriesMax: max)
    }

    func file(_ number: Int) -> FileID {
        FileID(inode: UInt64(number), generation: UInt32(number % 7), mount: UInt32(1 + number % 2))
    }

    struct State {
        var count: Int
        var byteCount: Int
        var isEmpty: Bool
        var isOverflowed: Bool
        var isIncomplete: Bool
    }

    func state(_ index: borrowing DirtyIndex) -> State {
        State(
            count: index.count, byteCount: index.byteCount, isEmpty: index.isEmpty,
            isOverflowed: index.isOverflowed, isIncomplete: index.isIncomplete)
    }

    @Test("blocks that records touch are marked, others are not")
    func blocks() throws {
        var index = try open()
        index.markData(file(1), 0, count: 1)
        index.markData(file(1), 65_535, count: 2)
        index.markData(file(1), 64 * 65_536 - 1, count: 2)
        index.markData(file(1), 255 * 65_536, count: 2 * 65_536)
        index.markData(file(2), 10 << 30, count: 1 << 20, sequence: 9)
        index.mark(file(2), .attributes, sequence: 4)
        index.markData(file(1), 5, count: 0)
        let marks = try index.take()
        let first = try #require(marks.marks(of: file(1)))
        #expect(first.blocks == [0..<2, 63..<65, 255..<257])
        #expect(first.kinds == .data)
        let second = try #require(marks.marks(of: file(2)))
        #expect(second.blocks == [163_840..<163_856])
        #expect(second.kinds == [.data, .attributes])
        #expect(second.lastSequence == 9)
        #expect(marks.marks(of: file(3)) == nil)
        #expect(marks.count == 4)
        var other = file(1)
        other.generation += 1
        #expect(marks.marks(of: other) == nil)
        #expect(state(index).isEmpty)
    }

    @Test("all data from a block on takes in what lies behind it")
    func wholeData() throws {
        var index = try open()
        index.markData(file(1), from: 3 << 16)
        index.markData(file(1), from: 5 << 16)
        index.markData(file(1), 0, count: 1)
        index.markData(file(1), 2 << 16, count: 1)
        index.markData(file(1), 100 << 16, count: 1)
        index.markData(file(2), 0, count: UInt64.max)
        index.markData(file(3), UInt64.max - 4, count: 100)
        index.mark(file(4), [.entries])
        index.markData(file(4), from: 0)
        let marks = try index.take()
        #expect(marks.marks(of: file(1))?.blocks == [0..<1, 2..<Int64.max])
        #expect(marks.marks(of: file(1))?.kinds == [.data, .wholeData])
        #expect(marks.marks(of: file(2))?.blocks == [Int64(0)..<Int64.max])
        #expect(marks.marks(of: file(3))?.kinds == .wholeData)
        #expect(marks.marks(of: file(4))?.kinds == [.entries, .wholeData])
    }

    @Test("random marks equal those of a plain dictionary, over growth and opening again")
    func random() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        var oracle: [FileID: Set<Int64>] = [:]
        var kinds: [FileID: DirtyKinds] = [:]
        var index = try open()
        for round in 0..<30_000 {
            let file = file(Int(random.next() % 5000))
            if round % 4 == 0 {
                let kind: DirtyKinds = random.next() & 1 == 0 ? .attributes : .entries
                index.mark(file, kind, sequence: UInt64(round))
                kinds[file, default: []].formUnion(kind)
            } else {
                let offset = random.next() % (1 << 26)
                let count = 1 + random.next() % (1 << 18)
                index.markData(file, offset, count: count, sequence: UInt64(round))
                kinds[file, default: []].formUnion(.data)
                for block in Int64(offset >> 16)...Int64((offset + count - 1) >> 16) {
                    oracle[file, default: []].insert(block)
                }
            }
            // What is there is there again, without having been closed.
            if round % 9_000 == 0 { index = try open() }
        }
        #expect(!state(index).isOverflowed && !state(index).isIncomplete)
        let marks = try index.take()
        #expect(state(index).count == 0)
        var seen = 0
        var differing = 0
        var last: FileID?
        marks.forEach { found in
            seen += 1
            let blocks = found.blocks.flatMap { Array($0) }
            if found.kinds != kinds[found.file]
                || blocks != oracle[found.file, default: []].sorted()
                || marks.marks(of: found.file) != found
            {
                differing += 1
            }
            if let last, (last.mount, last.inode) >= (found.file.mount, found.file.inode) {
                differing += 1
            }
            last = found.file
        }
        #expect(seen == kinds.count, "seed \(seed)")
        #expect(differing == 0, "seed \(seed)")
    }

    @Test("beyond its limit an index overflows and keeps what it has")
    func overflow() throws {
        var index = try open(max: 4096)
        for number in 1...5000 { index.mark(file(number), .attributes) }
        #expect(state(index).isOverflowed)
        #expect(state(index).count == 3584)
        #expect(state(index).byteCount == 4096 + 4096 * 64)
        // What is known can still be marked further.
        index.mark(file(1), .entries)
        let marks = try index.take()
        #expect(marks.isOverflowed)
        #expect(marks.marks(of: file(1))?.kinds == [.attributes, .entries])
        #expect(!state(index).isOverflowed)
        try index.giveBack()
        #expect(state(index).isOverflowed)
    }

    @Test("marks that were taken come back when the resync breaks off, also over a restart")
    func takeAndGiveBack() throws {
        var index = try open()
        index.markData(file(1), 0, count: 1, sequence: 3)
        var taken = try index.take()
        #expect(taken.count == 1)
        index.markData(file(1), 1 << 16, count: 1, sequence: 4)
        index.mark(file(2), .entries)
        try index.giveBack()
        taken = try index.take()
        #expect(taken.marks(of: file(1))?.blocks == [0..<2])
        #expect(taken.count == 2)
        // Killed now: the next one finds both parts.
        index.mark(file(3), .entries)
        index = try open()
        #expect(state(index).count == 1)
        taken = try index.take()
        #expect(taken.count == 3)
        index.finish()
        index = try open()
        try index.giveBack()
        #expect(state(index).isEmpty)
        #expect(folder.names() == ["dirty-1"])
        #expect(taken.marks(of: file(3))?.kinds == .entries)
    }

    @Test("what another boot, another journal or something else has left is not believed")
    func foreign() throws {
        var index = try open()
        index.mark(file(1), .attributes)
        index = try open(journalID: 6)
        #expect(state(index).isIncomplete && state(index).count == 1)
        folder.change("dirty-1", at: 16) { $0 ^= 1 }
        index = try open()
        #expect(state(index).isIncomplete && state(index).count == 0)
        folder.write([1, 2, 3], "dirty-1")
        index = try open()
        #expect(state(index).isIncomplete && state(index).count == 0)
        index.mark(file(1), .attributes)
        rename(folder("dirty-1").description, folder("dirty-2").description)
        index = try open(2)
        #expect(state(index).isIncomplete && state(index).count == 0)
        DirtyIndex.forget(folder: folder.path, connection: 2)
        #expect(folder.names().isEmpty)
    }

    @Test("a mark that a killed process has not finished is none")
    func unfinished() throws {
        var index = try open()
        for number in 1...50 { index.mark(file(number), .attributes) }
        // The word with the kinds is written last; without it the entry is as if it were not there.
        var bytes = folder.bytes("dirty-1")
        var removed = 0
        for place in stride(from: 4096, to: bytes.count, by: 64) where bytes[place + 13] != 0 {
            for byte in place + 8..<place + 16 { bytes[byte] = 0 }
            removed += 1
            if removed == 10 { break }
        }
        folder.write(bytes, "dirty-1")
        index = try open()
        #expect(state(index).count == 40)
        for number in 1...50 { index.mark(file(number), .attributes) }
        let marks = try index.take()
        var count = 0
        marks.forEach { _ in count += 1 }
        // Entries behind a removed one may be found twice, never lost.
        #expect(count == 50)
        #expect((1...50).allSatisfy { marks.marks(of: file($0))?.kinds == .attributes })
    }

    // MARK: Records

    func names(
        _ kind: OperationKind, _ object: FileID, membership: UInt16 = 1, flags: UInt8 = 0,
        _ change: (inout NameChange) -> Void
    ) -> (OperationRecord, [UInt8]) {
        var record = OperationRecord(kind, object)
        record.membership = membership
        record.flags = flags
        record.sequence = 77
        var names = NameChange()
        names.nameLength = 1
        change(&names)
        var bytes = withUnsafeBytes(of: names) { Array($0) }
        bytes += Array("ab".utf8.prefix(Int(names.nameLength + names.otherNameLength)))
        return (record, bytes)
    }

    func marks(_ records: [(OperationRecord, [UInt8])], bit: UInt16 = 1) throws -> DirtyMarks {
        var index = try open()
        for (record, payload) in records {
            payload.withUnsafeBytes { index.mark(record, $0, bit: bit) }
        }
        let marks = try index.take()
        index.finish()
        return marks
    }

    @Test("every kind of record leaves the marks that it must")
    func records() throws {
        let (a, b, x, y) = (file(10), file(20), file(30), file(40))
        func plain(_ kind: OperationKind, _ change: (inout OperationRecord) -> Void)
            -> (OperationRecord, [UInt8])
        {
            var record = OperationRecord(kind, x)
            record.membership = 1
            change(&record)
            return (record, [])
        }
        func kinds(_ record: (OperationRecord, [UInt8])) throws -> [FileID: FileMarks] {
            var all: [FileID: FileMarks] = [:]
            try marks([record]).forEach { all[$0.file] = $0 }
            return all
        }
        var found = try kinds(plain(.write) { ($0.offset, $0.length) = (1 << 20, 4096) })
        #expect(found[x]?.blocks == [16..<17] && found[x]?.kinds == .data)
        found = try kinds(plain(.allocate) { ($0.offset, $0.length, $0.flags) = (0, 65_537, 3) })
        #expect(found[x]?.blocks == [0..<2])
        found = try kinds(plain(.allocate) { ($0.offset, $0.length, $0.flags) = (65_536, 9, 8) })
        #expect(found[x]?.blocks == [1..<Int64.max])
        found = try kinds(plain(.allocate) { ($0.offset, $0.length) = (0, 1 << 50) })
        #expect(found[x]?.kinds == .wholeData)
        found = try kinds(plain(.truncate) { $0.length = 100_000 })
        #expect(found[x]?.blocks == [1..<Int64.max])
        for kind in [OperationKind.attributes, .setExtended, .removeExtended] {
            #expect(try kinds(plain(kind) { _ in })[x]?.kinds == .attributes)
        }
        found = try kinds(names(.create, x) { ($0.parent, $0.attributes.mode) = (a, 0o100644) })
        #expect(found[a]?.kinds == .entries && found[x]?.kinds == [.attributes, .wholeData])
        found = try kinds(names(.create, x) { ($0.parent, $0.attributes.mode) = (a, 0o040755) })
        #expect(found[a]?.kinds == .entries && found[x]?.kinds == [.attributes, .entries])
        for kind in [OperationKind.link, .unlink, .removeDirectory, .leave] {
            // An object that was in the set before it was linked.
            found = try kinds(names(kind, x) { ($0.parent, $0.otherMembership) = (a, 1) })
            #expect(found[a]?.kinds == .entries && found[x]?.kinds == .attributes)
        }
        found = try kinds(names(.link, x) { $0.parent = a })
        #expect(found[a]?.kinds == .entries && found[x]?.kinds == [.attributes, .wholeData])
        let move: (inout NameChange) -> Void = {
            ($0.parent, $0.otherParent, $0.replaced) = (a, b, y)
            ($0.otherNameLength, $0.otherMembership) = (1, 1)
            $0.attributes.mode = 0o100644
        }
        found = try kinds(names(.rename, x, move))
        #expect(found[a]?.kinds == .entries && found[b]?.kinds == .entries)
        #expect(found[x]?.kinds == .attributes && found[y]?.kinds == .attributes)
        found = try kinds(names(.rename, x, membership: 0, move))
        #expect(found[x]?.kinds == [.attributes, .wholeData] && found[b]?.kinds == .entries)
    }

    @Test("what does not concern the set is not marked, what cannot be read makes marks incomplete")
    func membership() throws {
        var record = OperationRecord(.write, file(1))
        (record.length, record.membership) = (10, 2)
        #expect(try marks([(record, [])]).isEmpty)
        #expect(try marks([(record, [])], bit: 2).count == 1)
        #expect(try marks([names(.unlink, file(1), membership: 4) { _ in }]).isEmpty)
        let broken = (OperationRecord(.rename, file(1)), [UInt8](repeating: 0, count: 10))
        #expect(try marks([broken]).isIncomplete)
    }
}
