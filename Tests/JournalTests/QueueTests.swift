import CPosix
import FileSystemAccess
import Glibc
import Journal
import ReplicationModel
import Synchronization
import Testing

/// A journal with a keeper that works when the test says so, over a folder of its own.
final class QueueBench {
    let folder: TemporaryFolder
    var settings: QueueSettings
    private(set) var memory: JournalMemory
    private(set) var writer: JournalWriter
    private(set) var keeper: QueueKeeper
    let connections: [UInt32]

    init(
        connections: [UInt32] = [1], on folder: TemporaryFolder = TemporaryFolder(),
        _ change: (inout QueueSettings) -> Void = { _ in }
    ) throws {
        self.folder = folder
        self.connections = connections
        var settings = QueueSettings(folder: folder("queue"), marksFolder: folder("marks"))
        settings.memoryBytes = 1 << 20
        settings.segmentBytes = 256 << 10
        settings.freeBytesFloor = 0
        change(&settings)
        self.settings = settings
        memory = try JournalMemory.open(
            path: folder("journal"), bytes: settings.memoryBytes, queueFolder: settings.folder
        ).memory
        writer = JournalWriter(memory: memory)
        keeper = QueueKeeper(memory: memory, settings: settings)
        for connection in connections {
            try keeper.attach(connection: connection, membershipBit: 1)
        }
    }

    /// All processes are killed, and the daemon starts again.
    func restart() throws {
        memory = try JournalMemory.open(
            path: folder("journal"), bytes: settings.memoryBytes, queueFolder: settings.folder
        ).memory
        writer = JournalWriter(memory: memory)
        keeper = QueueKeeper(memory: memory, settings: settings)
        for connection in connections {
            try keeper.attach(connection: connection, membershipBit: 1)
        }
    }

    /// Appends a write of so many bytes to the block of that number, and lets the keeper work.
    func append(_ block: Int, bytes count: Int = 4096) {
        var record = OperationRecord(.write, FileID(inode: 9, generation: 1, mount: 1))
        record.offset = Int64(block) << 16
        record.length = UInt64(count)
        record.membership = 1
        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: block), count: count)
        bytes.withUnsafeBytes { _ = writer.append(record, $0) }
    }

    func work() { while keeper.step() {} }

    /// Blocks that records are about, in order.
    func read(_ follower: JournalFollower, limit: Int = .max) -> [Int] {
        var blocks: [Int] = []
        _ = follower.read(limit: limit) { record, payload in
            let block = Int(record.offset >> 16)
            let isWhole =
                Checksum.of(payload) == record.checksum
                && payload.last == UInt8(truncatingIfNeeded: block)
                && UInt64(payload.count) == record.length
            blocks.append(isWhole ? block : -1)
            return true
        }
        return blocks
    }

    var segments: [String] { folder.names("queue").filter { $0.hasPrefix("queue-0") } }
}

@Suite("Queue")
struct QueueTests {
    @Test("what does not fit into memory comes back from segments, in order, to every follower")
    func spilling() throws {
        let bench = try QueueBench(connections: [1, 2, 3])
        let slow = try JournalFollower.start(bench.memory, connection: 1)
        let middle = try JournalFollower.start(bench.memory, connection: 2)
        let quick = try JournalFollower.start(bench.memory, connection: 3)
        var middleRead: [Int] = []
        for block in 0..<2000 {
            bench.append(block)
            bench.work()
            #expect(bench.read(quick) == [block])
            quick.release(through: quick.position)
            if block % 7 == 0 { middleRead += bench.read(middle, limit: 5) }
        }
        #expect(!slow.isPutOut && !middle.isPutOut && !quick.isPutOut)
        #expect(bench.segments.count > 20)
        let counters = bench.keeper.counters
        #expect(counters.diskBytes > 6_000_000)
        #expect(counters.segmentCount == bench.segments.count)
        #expect(counters.ringPercent <= 55)
        #expect(slow.kept.memoryOperations + slow.kept.diskOperations == 2000)
        #expect(slow.kept.memoryBytes + slow.kept.diskBytes == 2000 * 4096)
        #expect(slow.unreadBytes == 2000 * 4096)
        #expect(bench.read(slow) == Array(0..<2000))
        middleRead += bench.read(middle)
        #expect(middleRead == Array(0..<2000))
        slow.release(through: 1000)
        middle.release(through: 2000)
        bench.work()
        let left = bench.segments.count
        #expect(left > 5 && left < counters.segmentCount)
        slow.release(through: 2000)
        bench.work()
        #expect(bench.segments.isEmpty)
        #expect(bench.keeper.counters.diskBytes == 0)
    }

    @Test("a follower reads while the ring is written over behind it")
    func rewinding() throws {
        let bench = try QueueBench()
        let follower = try JournalFollower.start(bench.memory, connection: 1)
        for block in 0..<100 { bench.append(block) }
        #expect(bench.read(follower) == Array(0..<100))
        for block in 100..<1000 {
            bench.append(block)
            bench.work()
        }
        // A link that broke: everything since what was acknowledged comes again, from the disk.
        follower.release(through: 10)
        follower.rewind(to: 10)
        #expect(bench.read(follower) == Array(10..<1000))
    }

    @Test("figures are the same wherever the records lie")
    func figures() throws {
        let bench = try QueueBench()
        let follower = try JournalFollower.start(bench.memory, connection: 1)
        var times: [Int64?] = []
        for block in 0..<600 {
            bench.append(block, bytes: 1 + block * 7 % 5000)
            times.append(follower.time(after: UInt64(block)))
            bench.work()
        }
        var left = (0..<600).reduce(0) { $0 + 1 + $1 * 7 % 5000 }
        for block in 0..<600 {
            follower.release(through: UInt64(block))
            let kept = follower.kept
            #expect(kept.memoryBytes + kept.diskBytes == UInt64(left), "after \(block)")
            #expect(kept.oldest == times[block])
            #expect(follower.time(after: UInt64(block)) == times[block])
            left -= 1 + block * 7 % 5000
        }
        follower.release(through: 600)
        #expect(follower.kept == QueueShare())
        #expect(follower.unreadBytes > 0)
    }

    @Test("at the disk's limit the slowest follower's records become marks, and it goes on behind")
    func diskLimit() throws {
        let bench = try QueueBench(connections: [1, 2]) { $0.diskBytesMax = 1 << 20 }
        let slow = try JournalFollower.start(bench.memory, connection: 1)
        let quick = try JournalFollower.start(bench.memory, connection: 2)
        for block in 0..<1000 {
            bench.append(block)
            bench.work()
            #expect(bench.read(quick) == [block])
            quick.release(through: quick.position)
        }
        #expect(slow.isPutOut && !quick.isPutOut)
        #expect(slow.putOutReason == .diskLimit)
        #expect(bench.memory.putOutCount == 0)
        #expect(bench.segments.isEmpty)
        let figures = bench.keeper.marks(connection: 1)
        #expect(!figures.isIncomplete && !figures.isOverflowed && figures.count == 4)
        let taken = try bench.keeper.take(slow)
        #expect(taken.position == 1000)
        #expect(!taken.marks.isIncomplete)
        let marks = try #require(
            taken.marks.marks(of: FileID(inode: 9, generation: 1, mount: 1)))
        #expect(marks.blocks == [0..<1000])
        #expect(marks.lastSequence == 1000)
        #expect(!slow.isPutOut)
        bench.append(1000)
        #expect(bench.read(slow) == [1000])
        bench.keeper.finish(connection: 1)
        #expect(bench.keeper.marks(connection: 1).count == 0)
    }

    @Test("without a disk queue the ring is used up to its limit, then records become marks")
    func noDisk() throws {
        let bench = try QueueBench { $0.diskBytesMax = 0 }
        let follower = try JournalFollower.start(bench.memory, connection: 1)
        var block = 0
        while !follower.isPutOut {
            bench.append(block)
            bench.work()
            block += 1
        }
        #expect(block > 180)
        #expect(follower.putOutReason == .memoryFull)
        #expect(try bench.keeper.take(follower).marks.isIncomplete == false)
        #expect(bench.folder.names("queue").isEmpty)
    }

    @Test("space that must stay free stays free, and an error of the disk is no loss")
    func floorAndError() throws {
        for (reason, change) in [
            (
                PutOutReason.diskFloor,
                { (settings: inout QueueSettings) in
                    settings.freeBytesFloor = Int64.max / 2
                }
            ),
            (PutOutReason.diskError, { _ in }),
        ] as [(PutOutReason, (inout QueueSettings) -> Void)] {
            let bench = try QueueBench(connections: [1], change)
            let follower = try JournalFollower.start(bench.memory, connection: 1)
            if reason == .diskError { rmdir(bench.folder("queue").description) }
            for block in 0..<400 {
                bench.append(block)
                bench.work()
            }
            #expect(follower.isPutOut)
            #expect(follower.putOutReason == reason)
            let taken = try bench.keeper.take(follower)
            #expect(!taken.marks.isIncomplete)
            var blocks = 0
            taken.marks.forEach { marks in blocks += marks.blocks.reduce(0) { $0 + $1.count } }
            #expect(blocks == 400)
        }
    }

    @Test("while nobody keeps the ring, its overflow makes the marks incomplete")
    func daemonAway() throws {
        let bench = try QueueBench()
        let follower = try JournalFollower.start(bench.memory, connection: 1)
        for block in 0..<150 {
            bench.append(block)
            bench.work()
        }
        for block in 150..<600 { bench.append(block) }
        #expect(follower.isPutOut)
        #expect(bench.memory.putOutCount == 1)
        bench.append(600)
        try bench.restart()
        let again = try #require(JournalFollower.resume(bench.memory, connection: 1))
        #expect(again.isPutOut && again.putOutReason == .memoryFull)
        bench.work()
        bench.append(700)
        let taken = try bench.keeper.take(again)
        #expect(taken.marks.isIncomplete)
        let marks = try #require(
            taken.marks.marks(of: FileID(inode: 9, generation: 1, mount: 1)))
        // What lay in segments is known all the same, and what came since somebody looks.
        #expect(marks.blocks.first?.lowerBound == 0)
        #expect(marks.blocks.last == 700..<701)
        #expect(!again.isPutOut && bench.read(again) == [])
        bench.append(701)
        #expect(bench.read(again) == [701])
    }

    @Test("a connection may drop its queue by its own will, and its marks survive a kill")
    func ownWill() throws {
        let bench = try QueueBench()
        let follower = try JournalFollower.start(bench.memory, connection: 1)
        for block in 0..<300 {
            bench.append(block)
            bench.work()
        }
        #expect(!bench.segments.isEmpty)
        bench.keeper.putOut(connection: 1, .ownWill)
        #expect(follower.isPutOut && follower.putOutReason == .ownWill)
        // Killed before anything became a mark, then in the middle of it.
        try bench.restart()
        _ = bench.keeper.step()
        try bench.restart()
        bench.append(300)
        let again = try #require(JournalFollower.resume(bench.memory, connection: 1))
        bench.keeper.mark(
            connection: 1, FileID(inode: 77, generation: 1, mount: 1), [.attributes, .data])
        let taken = try bench.keeper.take(again)
        #expect(!taken.marks.isIncomplete)
        #expect(
            taken.marks.marks(of: FileID(inode: 9, generation: 1, mount: 1))?.blocks == [0..<301])
        #expect(
            taken.marks.marks(of: FileID(inode: 77, generation: 1, mount: 1))?.kinds
                == [.attributes, .wholeData])
        #expect(taken.position == 301)
    }

    @Test("marks that were taken and vanish with their file are known to be missing")
    func vanishedMarks() throws {
        let bench = try QueueBench()
        var follower = try JournalFollower.start(bench.memory, connection: 1)
        for block in 0..<30 { bench.append(block) }
        bench.keeper.putOut(connection: 1, .ownWill)
        #expect(try bench.keeper.take(follower).marks.count == 1)
        // Killed while the resync runs: nothing but the marks says that one is due.
        try bench.restart()
        #expect(bench.keeper.marks(connection: 1).count == 1)
        follower = try #require(JournalFollower.resume(bench.memory, connection: 1))
        #expect(!follower.isPutOut && follower.released == 30)
        _ = try bench.keeper.take(follower)
        for name in bench.folder.names("marks") {
            unlink(bench.folder("marks/" + name).description)
        }
        try bench.restart()
        #expect(bench.keeper.marks(connection: 1).isIncomplete)
        follower = try #require(JournalFollower.resume(bench.memory, connection: 1))
        #expect(try bench.keeper.take(follower).marks.isIncomplete)
        bench.keeper.finish(connection: 1)
        try bench.restart()
        #expect(bench.keeper.marks(connection: 1).isEmpty)
    }

    @Test("a journal is replaced when it is of no use, and not because it cannot be looked at")
    func opening() throws {
        let folder = TemporaryFolder()
        let path = folder("journal")
        func open() throws -> (UInt64, JournalSource) {
            let (memory, source) = try JournalMemory.open(path: path, bytes: 1 << 20)
            return (memory.journalID, source)
        }
        let (first, source) = try open()
        #expect(source == .made)
        #expect(try open() == (first, .adopted))
        // The version, the boot, the length.
        for place in [8, 40] {
            folder.change("journal", at: place) { $0 ^= 1 }
            #expect(try open().1 == .made)
        }
        folder.write(folder.bytes("journal").dropLast(4096), "journal")
        #expect(try open().1 == .made)
        #expect(try open().1 == .adopted)
        folder.write([1], "other")
        unlink(path.description)
        symlink(folder("other").description, path.description)
        #expect(throws: JournalError.memory(errno: ELOOP)) { try open() }
        #expect(folder.bytes("other") == [1])
    }

    @Test("after a kill of everything the queue goes on where it was, in memory and on the disk")
    func restarts() throws {
        let bench = try QueueBench()
        var follower = try JournalFollower.start(bench.memory, connection: 1)
        let journalID = bench.memory.journalID
        for block in 0..<900 {
            bench.append(block)
            bench.work()
            if block % 100 == 50 {
                bench.settings.memoryBytes = 2 << 20
                try bench.restart()
                #expect(bench.memory.journalID == journalID)
                follower = try #require(JournalFollower.resume(bench.memory, connection: 1))
            }
        }
        #expect(bench.read(follower) == Array(0..<900))
        #expect(bench.memory.recordCapacity < 2000)
    }

    @Test("a clean stop of the machine keeps the queue; a power cut drops it")
    func cleanStop() throws {
        let bench = try QueueBench(connections: [1, 2])
        var follower = try JournalFollower.start(bench.memory, connection: 1)
        let other = try JournalFollower.start(bench.memory, connection: 2)
        for block in 0..<500 {
            bench.append(block)
            bench.work()
        }
        #expect(bench.read(follower, limit: 100).count == 100)
        follower.release(through: 100)
        bench.keeper.putOut(connection: 2, .ownWill)
        bench.work()
        let journalID = bench.memory.journalID
        try bench.keeper.flushAll()
        // What is in memory goes with the boot.
        func boot() throws {
            unlink(bench.folder("journal").description)
            for name in bench.folder.names("marks") {
                bench.folder.change("marks/" + name, at: 16) { $0 ^= 1 }
            }
            try bench.restart()
        }
        try boot()
        #expect(bench.memory.journalID == journalID && bench.memory.newest == 500)
        follower = try #require(JournalFollower.resume(bench.memory, connection: 1))
        #expect(follower.kept.diskOperations == 400 && follower.kept.diskBytes == 400 * 4096)
        bench.append(500)
        #expect(bench.read(follower) == Array(100...500))
        let again = try #require(JournalFollower.resume(bench.memory, connection: 2))
        #expect(again.isPutOut && !other.memory.isWatched)
        var taken = try bench.keeper.take(again)
        #expect(!taken.marks.isIncomplete && taken.position == 501)
        #expect(
            taken.marks.marks(of: FileID(inode: 9, generation: 1, mount: 1))?.blocks == [0..<501])
        // The marker is believed once.
        try boot()
        #expect(bench.memory.journalID != journalID && bench.memory.newest == 0)
        #expect(JournalFollower.resume(bench.memory, connection: 1) == nil)
        #expect(bench.segments.isEmpty)
        #expect(bench.keeper.marks(connection: 2).isIncomplete)
        let fresh = try JournalFollower.start(bench.memory, connection: 2)
        taken = try bench.keeper.take(fresh)
        #expect(taken.marks.isIncomplete)
    }

    @Test("a clean stop without room on the disk leaves marks instead of records")
    func cleanStopWithoutRoom() throws {
        let bench = try QueueBench { $0.diskBytesMax = 0 }
        let follower = try JournalFollower.start(bench.memory, connection: 1)
        for block in 0..<20 { bench.append(block) }
        follower.release(through: 5)
        try bench.keeper.flushAll()
        unlink(bench.folder("journal").description)
        try bench.restart()
        let again = try #require(JournalFollower.resume(bench.memory, connection: 1))
        #expect(again.isPutOut)
        let taken = try bench.keeper.take(again)
        #expect(!taken.marks.isIncomplete && taken.position == 20)
        #expect(
            taken.marks.marks(of: FileID(inode: 9, generation: 1, mount: 1))?.blocks == [5..<20])
    }

    // MARK: Damage

    /// A bench with three hundred records, most of them in segments, which are then damaged.
    func damaged(_ damage: (QueueBench) throws -> Void) throws -> (QueueBench, [Int], DirtyMarks) {
        let bench = try QueueBench()
        _ = try JournalFollower.start(bench.memory, connection: 1)
        for block in 0..<400 {
            bench.append(block)
            bench.work()
        }
        #expect(bench.segments.count >= 4)
        try damage(bench)
        let follower = try #require(JournalFollower.resume(bench.memory, connection: 1))
        let read = bench.read(follower)
        #expect(read == Array(0..<read.count))
        #expect(follower.isPutOut)
        #expect(follower.putOutReason == .segmentLost)
        let taken = try bench.keeper.take(follower)
        #expect(taken.marks.isIncomplete)
        #expect(taken.position == 400)
        bench.append(400)
        #expect(bench.read(follower) == [400])
        return (bench, read, taken.marks)
    }

    @Test("a missing segment puts the follower out, and what is left still becomes marks")
    func missingSegment() throws {
        let (_, _, marks) = try damaged { bench in
            unlink(bench.folder("queue/" + bench.segments[1]).description)
        }
        let blocks = try #require(
            marks.marks(of: FileID(inode: 9, generation: 1, mount: 1))
        ).blocks
        #expect(blocks.first?.lowerBound == 0 && blocks.last?.upperBound == 400)
        #expect(blocks.count == 2)
    }

    @Test("flipped bits anywhere in a segment never give wrong records")
    func flippedBits() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        for round in 0..<12 {
            _ = try damaged { bench in
                let name = bench.segments[round % 3]
                let size = bench.folder.bytes("queue/" + name).count
                let place = Int(random.next() % (round % 2 == 0 ? 4096 : UInt64(size)))
                bench.folder.change("queue/" + name, at: place % size) {
                    $0 ^= 1 << UInt8(random.next() % 8)
                }
                if round % 3 == 0 { try bench.restart() }
            }
        }
    }

    @Test("a segment that is cut or belongs to another journal is not read")
    func foreignSegments() throws {
        _ = try damaged { bench in
            let name = bench.segments[0]
            bench.folder.write(
                Array(bench.folder.bytes("queue/" + name).dropLast(100)), "queue/" + name)
        }
        let other = try QueueBench()
        let follower = try JournalFollower.start(other.memory, connection: 1)
        for block in 0..<400 {
            other.append(block)
            other.work()
        }
        _ = try damaged { bench in
            for name in bench.segments {
                bench.folder.write(other.folder.bytes("queue/" + name), "queue/" + name)
            }
            try bench.restart()
            #expect(bench.segments.isEmpty)
        }
        #expect(other.read(follower) == Array(0..<400))
    }

    @Test("what a kill in the middle of a write left behind a segment is cut off")
    func leftover() throws {
        let bench = try QueueBench()
        _ = try JournalFollower.start(bench.memory, connection: 1)
        for block in 0..<400 {
            bench.append(block)
            bench.work()
        }
        let last = try #require(bench.segments.last)
        let good = bench.folder.bytes("queue/" + last)
        bench.folder.write(good + good.prefix(5000), "queue/" + last)
        bench.folder.write([1, 2, 3], "queue/queue-00000000000fffff.seg")
        try bench.restart()
        #expect(bench.folder.bytes("queue/" + last) == good)
        #expect(bench.segments.last == last)
        for block in 400..<800 {
            bench.append(block)
            bench.work()
        }
        let follower = try #require(JournalFollower.resume(bench.memory, connection: 1))
        #expect(bench.read(follower) == Array(0..<800))
    }
}
