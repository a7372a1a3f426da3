import CPosix
import FileSystemAccess
import Glibc
import Journal
import ReplicationModel
import Testing

/// Swift hides it, because a child of a process with threads may do little. The children here use
/// what was set up before, and are killed.
@_silgen_name("fork") private func forkProcess() -> pid_t

@Suite("Journal under SIGKILL", .serialized)
struct CrashTests {
    /// Runs `work` again and again in a child until it says so that it has come as far as `count`,
    /// then kills it, wherever it is.
    func killed(after count: UInt64, _ memory: JournalMemory, _ work: () -> Void) {
        let child = forkProcess()
        if child == 0 {
            while true { work() }
        }
        // A child that was born while another thread held a lock may stand still.
        var patience = 20_000
        while memory.newest < count, patience > 0 {
            sched_yield()
            patience -= 1
        }
        kill(child, SIGKILL)
        var status: CInt = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    }

    @Test("a capture that is killed while it appends leaves whole records and a lock that works")
    func appender() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        let folder = TemporaryFolder()
        let memory = try JournalMemory.open(path: folder("journal"), bytes: 2 << 20).memory
        let writer = JournalWriter(memory: memory)
        var follower = try JournalFollower.start(memory, connection: 1)
        let bytes = (0..<8192).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var record = OperationRecord(.write, FileID(inode: 5, generation: 1, mount: 1))
        for round in 0..<80 {
            let target = memory.newest + 1 + random.next() % 60
            var number = 0
            killed(after: target, memory) {
                number = (number + 977) % 8192
                record.offset = Int64(number)
                bytes.withUnsafeBytes {
                    _ = writer.append(record, UnsafeRawBufferPointer(rebasing: $0[..<number]))
                }
            }
            // The holder of the lock may be dead now.
            let newest = memory.newest
            bytes.withUnsafeBytes { _ = writer.append(record, $0) }
            if follower.isPutOut {
                // It was not killed soon enough for the ring.
                #expect(memory.followerCount == 0, "seed \(seed)")
                follower.stop()
                follower = try JournalFollower.start(memory, connection: 1)
                continue
            }
            #expect(memory.newest == newest + 1, "seed \(seed), round \(round)")
            #expect(memory.followerCount == 1, "seed \(seed)")
            var wrong = 0
            var count = 0
            _ = follower.read(limit: .max) { record, payload in
                if Checksum.of(payload) != record.checksum
                    || payload.count != Int(record.offset) && payload.count != 8192
                    || payload.last != (payload.isEmpty ? nil : bytes[payload.count - 1])
                {
                    wrong += 1
                }
                count += 1
                return true
            }
            #expect(wrong == 0, "seed \(seed), round \(round)")
            #expect(follower.position == newest + 1, "seed \(seed), round \(round)")
            #expect(follower.unreadBytes == 0, "seed \(seed), round \(round)")
            follower.release(through: follower.position)
        }
    }

    @Test(
        "a daemon that is killed while it keeps the queue loses no change",
        arguments: [false, true]
    )
    func keeper(withThreads: Bool) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        let bench = try QueueBench { settings in
            settings.diskBytesMax = 600_000
            settings.segmentBytes = 60_000
        }
        var model = ModelFollower(
            connection: 1, follower: try JournalFollower.start(bench.memory, connection: 1))
        var finished = 0
        var putOuts: UInt64 = 0
        for round in 0..<50 {
            let comment: Comment = "seed \(seed), round \(round)"
            let start = bench.memory.newest
            var number = Int(start)
            let dropsItself = round % 5 == 4
            var hasStarted = false
            killed(after: start + 1 + random.next() % 200, bench.memory) {
                QueueModelTests.append(bench, number, bytes: number * 31 % 6000)
                number += 1
                if !withThreads {
                    bench.work()
                } else if !hasStarted {
                    bench.keeper.start()
                    hasStarted = true
                } else if number % 8 == 0 {
                    cposix_rest(200_000)
                }
                if dropsItself, number % 50 == 0 {
                    bench.keeper.putOut(connection: 1, .ownWill)
                }
            }
            try bench.restart()
            model.follower = try #require(
                JournalFollower.resume(bench.memory, connection: 1), comment)
            if model.follower.isPutOut {
                let taken = try bench.keeper.take(model.follower)
                // The threads may not have been let run in time for a ring this small.
                // What is not finished comes again.
                #expect(!taken.marks.isIncomplete || bench.memory.putOutCount > putOuts, comment)
                #expect(taken.position == bench.memory.newest, comment)
                model.owe(through: taken.position)
                if !taken.marks.isIncomplete {
                    #expect(QueueModelTests.missing(model.owed, in: taken.marks) == nil, comment)
                }
                if round % 2 == 0 {
                    bench.keeper.finish(connection: 1)
                    model.owed = []
                    putOuts = bench.memory.putOutCount
                    finished += 1
                }
            }
            try QueueModelTests.read(&model, .max, comment)
            #expect(model.follower.position == bench.memory.newest, comment)
            if round % 4 == 0 {
                model.follower.release(through: model.follower.position)
                model.released = model.follower.position
            }
        }
        #expect(finished > 0)
    }
}
