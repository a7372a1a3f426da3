import CPosix
import FileSystemAccess
import Glibc
import Journal
import Synchronization
import Testing

@Suite("Hot groups")
struct HotTests {
    let folder = TemporaryFolder()

    /// An inode in the group of that number.
    func inode(_ group: Int) -> UInt64 { UInt64(group) << 8 | UInt64(group & 255) }

    func read(_ mount: UInt32 = 1) -> HotSet { HotSet.read(folder: folder.path, mount: mount) }

    @Test("what is hot is in the file when heating returns, written through to the disk")
    func durable() throws {
        let log = HotLog(folder: folder.path, mount: 1)
        let pass = log.enter()
        #expect(!log.isHot(inode(7), pass))
        #expect(log.ensureHot(pass, inode(7), inode(9)))
        let set = read()
        #expect(set.contains(inode(7)) && set.contains(inode(9)) && !set.contains(inode(8)))
        #expect(set.contains(7 << 8) && set.contains(7 << 8 | 255))
        #expect(set.isSure && set.generations == [1] && set.groupCount == 2)
        #expect(log.isHot(inode(7), pass))
        #expect(log.counters.batches == 1)
        #expect(log.ensureHot(pass, inode(9)))
        #expect(log.counters.batches == 1)
        log.leave(pass)
        let flags = try #require(openFlags(of: "hot-1-1"))
        #expect(flags & O_DSYNC != 0)
    }

    /// The flags that this process has a file open with.
    func openFlags(of name: String) -> CInt? {
        let wanted = folder(name).description
        for number in 3..<1024 {
            var text = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/fd/\(number)", &text, 4095)
            guard count > 0,
                String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                    == wanted
            else { continue }
            let info = String(
                decoding: WholeFile.read("/proc/self/fdinfo/\(number)") ?? [], as: UTF8.self)
            for line in info.split(separator: "\n") where line.hasPrefix("flags:") {
                return CInt(line.dropFirst(6).drop { $0 == "\t" }, radix: 8)
            }
        }
        return nil
    }

    @Test("many threads share flushes, and each finds its own group durable")
    func groupCommit() {
        let log = HotLog(folder: folder.path, mount: 1)
        let missing = Atomic<Int>(0)
        let folder = folder.path
        onThreads(8) { thread in
            for number in 0..<200 {
                let pass = log.enter()
                let inode = UInt64(1000 + thread * 1000 + number) << 8
                let isDurable = log.ensureHot(pass, inode, UInt64(number) << 8)
                let isRead =
                    number % 50 != 0
                    || HotSet.read(folder: folder, mount: 1).contains(inode)
                if !isDurable || !isRead || !log.isHot(inode, pass) {
                    missing.wrappingAdd(1, ordering: .relaxed)
                }
                log.leave(pass)
            }
        }
        #expect(missing.load(ordering: .relaxed) == 0)
        let set = read()
        let (isSure, count) = (set.isSure, set.groupCount)
        #expect(isSure)
        #expect(count == 8 * 200 + 199)
        #expect(log.counters.batches <= 8 * 200)
        #expect(log.counters.failures == 0)
    }

    @Test("after a rotation nothing is hot, and the old generation counts until it is dropped")
    func rotation() throws {
        let log = HotLog(folder: folder.path, mount: 3)
        var pass = log.enter()
        log.ensureHot(pass, inode(1))
        log.leave(pass)
        #expect(log.rotate() == 2)
        pass = log.enter()
        #expect(pass.generation == 2)
        #expect(!log.isHot(inode(1), pass))
        log.ensureHot(pass, inode(2))
        log.leave(pass)
        var set = read(3)
        #expect(set.generations == [1, 2])
        #expect(set.contains(inode(1)) && set.contains(inode(2)))
        #expect(set.newestGroupCount == 1)
        #expect(try #require(set.newestStart) >= #require(set.oldestStart))
        let before = try #require(set.oldestStart)
        try HotSet.drop(folder: folder.path, mount: 3, through: 1)
        set = read(3)
        #expect(set.generations == [2] && set.isSure)
        #expect(!set.contains(inode(1)) && set.contains(inode(2)))
        #expect(try #require(set.oldestStart) >= before)
        #expect(read(4).generations.isEmpty)
        // A capture that starts anew goes on behind, and other mounts are not touched.
        let next = HotLog(folder: folder.path, mount: 3)
        #expect(next.generation == 3)
    }

    @Test("a rotation is settled when the operations of before have ended")
    func settled() throws {
        let log = HotLog(folder: folder.path, mount: 1)
        let early = log.enter()
        log.ensureHot(early, inode(1))
        #expect(log.isSettled)
        #expect(log.rotate() == 2)
        #expect(!log.isSettled)
        // It goes on with what it found.
        #expect(log.isHot(inode(1), early))
        let late = log.enter()
        #expect(!log.isHot(inode(1), late))
        #expect(log.rotate() == nil)
        log.leave(early)
        #expect(log.isSettled)
        #expect(log.rotate() == 3)
        #expect(!log.isSettled)
        log.leave(late)
        #expect(log.isSettled)
    }

    @Test(
        "threads heat while generations change: every group is in a generation that counts for it")
    func rotatingUnderLoad() {
        let log = HotLog(folder: folder.path, mount: 1)
        let problems = Atomic<Int>(0)
        let running = Atomic<Int>(4)
        let folder = folder.path
        onThreads(5) { thread in
            if thread == 4 {
                while running.load(ordering: .acquiring) > 0 {
                    if log.rotate() == nil { sched_yield() }
                    while !log.isSettled { sched_yield() }
                    if log.generation > 3 {
                        _ = try? HotSet.drop(folder: folder, mount: 1, through: log.generation - 1)
                    }
                }
                return
            }
            for number in 0..<80 {
                let pass = log.enter()
                let inode = UInt64(1 + thread * 1000 + number % 5) << 8
                // As long as the operation lasts, no rotation since can be settled, so nothing it
                // relies on is dropped.
                if !log.ensureHot(pass, inode) || !log.isHot(inode, pass)
                    || number % 10 == 0 && !HotSet.read(folder: folder, mount: 1).contains(inode)
                {
                    problems.wrappingAdd(1, ordering: .relaxed)
                }
                log.leave(pass)
                sched_yield()
            }
            running.wrappingSubtract(1, ordering: .releasing)
        }
        #expect(problems.load(ordering: .relaxed) == 0)
        #expect(log.counters.failures == 0)
        #expect(read().isSure)
    }

    @Test("more groups than the table had room for stay hot, over several generations")
    func growth() {
        let log = HotLog(folder: folder.path, mount: 1)
        for generation in 1...4 {
            let pass = log.enter()
            for start in stride(from: 0, to: 6000, by: 500) {
                log.heat((start..<start + 500).map { inode($0 + generation * 3000) })
            }
            #expect((0..<6000).allSatisfy { log.isHot(inode($0 + generation * 3000), pass) })
            #expect(!log.isHot(inode(1), pass))
            #expect(!log.isHot(inode(100_000), pass))
            log.leave(pass)
            _ = log.rotate()
        }
        let set = read()
        #expect(set.isSure)
        #expect(set.groupCount == 15_000)
    }

    @Test("the file gets longer when its sectors are used up")
    func longer() {
        let log = HotLog(folder: folder.path, mount: 1)
        for number in 0..<2100 { log.heat([inode(number)]) }
        let set = read()
        #expect(set.isSure && set.groupCount == 2100)
    }

    @Test("while the disk refuses, operations go on, and what is owed is written later")
    func failure() {
        folder.write([1], "marks")
        let log = HotLog(folder: folder("marks"), mount: 1)
        let pass = log.enter()
        #expect(pass.generation == 0)
        #expect(!log.ensureHot(pass, inode(1)))
        #expect(!log.ensureHot(pass, inode(2)))
        #expect(log.counters.isFailing && log.counters.failures > 0)
        #expect(log.counters.operationsUncovered == 2)
        log.leave(pass)
        unlink(folder("marks").description)
        var attempts = 0
        while !log.heat([inode(3)]), attempts < 1000 {
            attempts += 1
            cposix_rest(1_000_000)
        }
        #expect(!log.counters.isFailing)
        let set = HotSet.read(folder: folder("marks"), mount: 1)
        #expect(set.isSure && set.groupCount == 3)
        let later = log.enter()
        #expect(log.isHot(inode(1), later) && log.isHot(inode(3), later))
        log.leave(later)
    }

    @Test("a full disk is a failure that passes", .enabled(if: geteuid() == 0))
    func fullDisk() throws {
        let place = folder("small")
        mkdir(place.description, 0o700)
        // Room for the file as it is made, not for a longer one.
        try #require(cposix_mount("none", place.description, "tmpfs", 0, "size=1100k") == 0)
        defer { _ = cposix_umount2(place.description, 2) }
        let log = HotLog(folder: place, mount: 1)
        var number = 0
        while log.heat([inode(number)]), number < 3000 { number += 1 }
        #expect(number == 2048)
        #expect(log.counters.lastError == .noSpace)
        var set = HotSet.read(folder: place, mount: 1)
        #expect(set.isSure)
        #expect(set.groupCount == 2048)
        let remount: UInt = 32
        try #require(
            cposix_mount("none", place.description, "tmpfs", remount, "size=8m") == 0)
        var attempts = 0
        while !log.heat([inode(5000)]), attempts < 1000 {
            attempts += 1
            cposix_rest(1_000_000)
        }
        set = HotSet.read(folder: place, mount: 1)
        #expect(set.isSure)
        #expect(set.contains(inode(2048)) && set.contains(inode(5000)))
    }

    // MARK: Damage

    /// Three batches: one sector, three sectors, two sectors.
    func threeBatches() -> [UInt8] {
        let log = HotLog(folder: folder.path, mount: 1)
        log.heat([inode(1)])
        log.heat((100..<260).map(inode))
        log.heat((300..<400).map(inode))
        return folder.bytes("hot-1-1")
    }

    @Test("every flipped bit makes the set unsure or changes nothing")
    func flippedBits() {
        let whole = threeBatches()
        let good = read()
        #expect(good.isSure && good.groupCount == 261)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        for round in 0..<60 {
            var damaged = whole
            let place =
                round % 3 == 0 ? Int(random.next() % 4096) : 4096 + Int(random.next() % 3072)
            damaged[place] ^= 1 << UInt8(random.next() % 8)
            folder.write(damaged, "hot-1-1")
            let set = read()
            #expect(!set.isSure, "seed \(seed), byte \(place)")
            #expect(set.contains(inode(5000)))
        }
    }

    @Test("a torn last batch was promised to nobody; a hole before it makes the set unsure")
    func holes() {
        let whole = threeBatches()
        func check(_ sectors: [Int], isSure: Bool, _ comment: Comment) {
            var damaged = whole
            for sector in sectors {
                for place in 0..<512 { damaged[4096 + sector * 512 + place] = 0 }
            }
            folder.write(damaged, "hot-1-1")
            #expect(read().isSure == isSure, comment)
        }
        check([5], isSure: true, "the end of the last batch")
        check([4], isSure: true, "the start of the last batch")
        check([4, 5], isSure: true, "all of the last batch")
        check([1], isSure: false, "the start of one before")
        check([2], isSure: false, "the middle of one before")
        check([3], isSure: false, "the end of one before")
        check([0], isSure: false, "the first one")
    }

    @Test("files that are cut, empty, missing in between or of another mount make the set unsure")
    func files() throws {
        let whole = threeBatches()
        folder.write(Array(whole[..<3000]), "hot-1-1")
        #expect(!read().isSure)
        folder.write(Array(whole[..<8192]), "hot-1-1")
        #expect(!read().isSure)
        folder.write([], "hot-1-1")
        #expect(!read().isSure)
        folder.write(whole, "hot-1-1")
        #expect(read().isSure)
        folder.write(whole, "hot-2-1")
        #expect(!read(2).isSure)
        let log = HotLog(folder: folder.path, mount: 1)
        _ = log.rotate()
        unlink(folder("hot-1-2").description)
        #expect(!read().isSure)
        #expect(read().generations == [1, 3])
    }
}
