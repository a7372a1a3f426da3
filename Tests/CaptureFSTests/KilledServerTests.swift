import CPosix
import CaptureControl
import CaptureFS
import Glibc
import Journal
import Synchronization
import Testing

/// The process that serves is killed, and nobody notices.
@Suite(.serialized)
struct KilledServerTests {
    @Test func `random work goes on while its server is killed over and over`() throws {
        let seed = Rounds.seed
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let rig = try CaptureRig(options: ["--deaths", "1000000"])
        defer { rig.stop() }
        let before = rig.descriptors
        let isOver = Atomic<Bool>(false)
        let churns = (0..<4).map { Churn(rig.root + "/w\($0)", seed: numbers.next()) }
        var records: [SeenRecord] = []
        withUnsafePointer(to: isOver) { isOver in
            nonisolated(unsafe) let isOver = isOver
            let threads = churns.map { churn in
                Probe(rig.root).start { _ in
                    churn.run { isOver.pointee.load(ordering: .relaxed) }
                }
            }
            for _ in 0..<(Rounds.asked ?? 40) {
                // Any moment, now and then that of taking over itself.
                let limit: Int64 = numbers.pick(4) == 0 ? 3_000_000 : 40_000_000
                cposix_rest(Int64(numbers.next() % UInt64(limit)))
                if numbers.pick(8) == 0, rig.killKeeper() {
                    #expect(rig.waitForKeeper())
                } else {
                    rig.killServer()
                }
                records += rig.records()
                if churns.contains(where: { $0.problem != nil }) { break }
            }
            isOver.pointee.store(true, ordering: .relaxed)
            for thread in threads { pthread_join(thread, nil) }
        }
        for churn in churns { churn.check() }
        #expect(churns.compactMap(\.problem) == [], "seed \(seed)")
        records += rig.records()
        #expect(!rig.follower.isPutOut)
        rig.connectAgain()
        let takeovers = rig.count("takeovers")
        #expect(takeovers > 0 && rig.count("unread") == 0 && rig.count("unshared") == 0)
        let operations = churns.map(\.operations)
        print("\(takeovers) takeovers, \(operations) operations, \(records.count) records")
        #expect(try rig.replay(records) == [], "seed \(seed)")

        // What nobody needs any more is forgotten, whoever was told of it.
        for name in 0..<4 { CaptureRig.remove(rig.root + "/w\(name)") }
        // The kernel tells of it when it has nothing else to say.
        var nodes = rig.count("nodes")
        for _ in 0..<400 where nodes > 3 {
            access(rig.root + "/absent", F_OK)
            cposix_rest(5_000_000)
            nodes = rig.count("nodes")
        }
        #expect(nodes < 10 + takeovers, "seed \(seed)")
        let left = rig.descriptors.filter { before[$0.key] == nil }
        print("\(nodes) nodes, descriptors \(before.count) then \(before.count + left.count)")
        #expect(left.count < 40, "\(left)")
    }

    @Test func `a server whose keeper is killed becomes the keeper`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let file = open(rig.root + "/a", O_CREAT | O_RDWR, 0o600)
        let gone = open(rig.root + "/b", O_CREAT | O_RDWR, 0o600)
        defer {
            close(file)
            close(gone)
        }
        unlink(rig.root + "/b")
        pwrite(gone, "before", 6, 0)
        for round in 0..<3 {
            #expect(rig.killKeeper())
            #expect(pwrite(file, "x", 1, off_t(round)) == 1)
            #expect(rig.waitForKeeper())
            rig.killServer()
            #expect(pwrite(file, "y", 1, off_t(round)) == 1)
            var room = [UInt8](repeating: 0, count: 6)
            #expect(pread(gone, &room, 6, 0) == 6 && room == Array("before".utf8))
        }
        #expect(getpgid(rig.process) == rig.process)
        #expect(rig.records().map(\.text).filter { $0.hasPrefix("write") }.count >= 6)
        // All at once cannot be survived.
        kill(-rig.process, SIGKILL)
        var entry = pollfd(fd: -1, events: 0, revents: 0)
        while pwrite(file, "z", 1, 0) == 1 { poll(&entry, 1, 1) }
        #expect(errno == ENOTCONN || errno == ECONNABORTED || errno == EIO)
    }

    @Test func `without a successor the mount ends and its users get errors`() throws {
        let rig = try CaptureRig(options: ["--deaths", "0"])
        defer { rig.stop() }
        let file = open(rig.root + "/a", O_CREAT | O_RDWR, 0o600)
        defer { close(file) }
        rig.killServer()
        #expect(rig.waitForEnd() == 1)
        #expect(rig.log.contains("the mount ends"))
        #expect(pwrite(file, "x", 1, 0) < 0)
        #expect(access(rig.root + "/a", F_OK) == 0)
        #expect(open(rig.root + "/b", O_CREAT, 0o600) >= 0)
    }

    @Test func `rules and counters outlive the server, and the daemon can connect again`() throws {
        let rig = try CaptureRig(isFollowed: false) { root in mkdir(root + "/in", 0o755) }
        defer { rig.stop() }
        rig.select("/in")
        close(open(rig.root + "/in/a", O_CREAT, 0o600))
        #expect(rig.records().map(\.text) == ["create a 100600"])
        let count = rig.count("records")
        rig.killServer()
        close(open(rig.root + "/in/b", O_CREAT, 0o600))
        close(open(rig.root + "/c", O_CREAT, 0o600))
        #expect(rig.records().map(\.text) == ["create b 100600"])
        // The old connection is gone.
        #expect(rig.ask(.stats) == nil)
        rig.connectAgain()
        #expect(rig.count("records") == count + 1)
        guard case .ok(let fields)? = rig.ask(.hello) else {
            Issue.record("no answer")
            return
        }
        #expect(fields["pid"] == String(rig.process))
        #expect(fields["takeovers"] == "1")
        #expect(fields["server"] == rig.server.map(String.init))
    }
}
