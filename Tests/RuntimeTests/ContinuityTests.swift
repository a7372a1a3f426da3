import CommandModel
import FileSystemAccess
import Foundation
import Journal
import ReplicationModel
import SessionCore
import Testing

@testable import Runtime

@Suite("What is believed, and why")
struct ContinuityTests {
    @Test("a start that lost nothing changes nothing")
    func unbroken() {
        for finding in [Continuity.Finding.wentOn, .memoryFound, .cleanStop] {
            let continuity = Continuity(finding: finding)
            let data = continuity.corrected(
                .good, mounts: ["/srv"], replicates: true, hasMarks: false)
            #expect(data == .good)
            #expect(continuity.text(mounts: ["/srv"]) == finding.rawValue + ", nothing lost")
        }
    }

    @Test("what was not captured, or was lost with the queue, is looked at and named")
    func broken() {
        let unseen = Continuity(finding: .cleanStop, freshMounts: ["/srv/data", "/other"])
        #expect(
            unseen.corrected(.good, mounts: ["/srv/data"], replicates: true, hasMarks: false)
                == .resyncing(.captureBroken))
        #expect(
            unseen.text(mounts: ["/srv/data"])
                == "clean stop: queue kept; not captured for some time: /srv/data")
        let power = Continuity(finding: .powerCut)
        #expect(
            power.corrected(.good, mounts: [], replicates: true, hasMarks: true)
                == .resyncing(.queueLost))
        #expect(power.text(mounts: []) == "power cut: queue lost")
        #expect(
            power.corrected(.good, mounts: [], replicates: false, hasMarks: true) == .good)
    }

    private var report: ContinuityReport {
        var report = ContinuityReport()
        report.since = 1_000_000_000
        report.brokenSince = 2_000_000_000
        var resync = ResyncReport(reason: "why", started: 3_000_000_000)
        (resync.scope, resync.markCount, resync.hotGroupCount) = (.scan, 5, 12)
        (resync.changedSince, resync.clockSetBack) = (500_000_000, 3_600_000_000_000)
        (resync.objectsDone, resync.objectsSuspect) = (100, 7)
        (resync.bytesCompared, resync.bytesSent) = (4096, 17)
        resync.ended = 4_000_000_000
        report.resync = resync
        return report
    }

    @Test("the report outlives the process")
    func kept() {
        let text = JSONWriter.text(of: .record(report.kept))
        #expect(ContinuityReport(kept: text) == report)
        var running = report
        running.resync?.ended = nil
        let again = ContinuityReport(kept: JSONWriter.text(of: .record(running.kept)))
        #expect(again.resync?.isBrokenOff == true && again.resync?.objectsDone == 0)
        // What changes at every step is not written down.
        let before = running.kept
        running.resync?.bytesSent += 1
        #expect(running.kept == before)
        for nonsense in [nil, "", "7", "{\"since\":\"x\",\"resync\":{}}"] {
            #expect(ContinuityReport(kept: nonsense).since == nil)
        }
    }

    @Test("the words are those that scripts may look for")
    func words() {
        #expect(report.text(.good, replicates: false) == "changes are not followed")
        #expect(
            report.text(.resyncing(.queueLost), replicates: true)
                == "broken since \(Clock.text(2_000_000_000)): the source's queue did not survive")
        #expect(
            ContinuityReport().text(.required(.neverMirrored), replicates: true)
                == "none: no mirror has been completed yet")
        var good = report
        good.brokenSince = nil
        #expect(good.text(.good, replicates: true) == "unbroken since \(Clock.text(1_000_000_000))")
        #expect(
            report.resync?.text
                == """
                \(Clock.text(3_000_000_000)): marks 5, hot groups 12, changes since \
                \(Clock.text(500_000_000)) (the clock was set back by 3600 s); 100 objects looked \
                at, 7 suspect, 4096 bytes compared, 17 bytes sent; done \(Clock.text(4_000_000_000))
                """)
        let facts = CaptureFacts(takeovers: 2, around: 3)
        #expect(
            facts.lines("/srv/data") == [
                "capture of /srv/data was ended and taken over 2 times",
                "changed around the mount: /srv/data, 3 times noticed",
            ])
    }
}

@Suite("The clock of a server")
struct ClockKeeperTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "understudy-clock-\(UUID().uuidString)").path
    private static let boot = BootID(high: 1, low: 2)

    private func reading(_ wall: Int64, _ uptime: Int64) -> ClockReading {
        ClockReading(boot: Self.boot, wall: wall * Clock.second, uptime: uptime * Clock.second)
    }

    @Test("a step back is written down at once, and found by the next process")
    func step() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let marks = BytePath(folder)
        var keeper = ClockKeeper()
        #expect(keeper.look(at: reading(10_000, 10), folder: marks).step == nil)
        #expect(keeper.look(at: reading(10_001, 11), folder: marks).step == nil)
        let found = keeper.look(at: reading(6402, 12), folder: marks)
        #expect(found.step == 3600 * Clock.second && found.problem == nil)
        let steps = try ClockSteps.read(folder: marks)
        #expect(steps.earliest(since: 9_000 * Clock.second) == 6401 * Clock.second)
        // While the server was away the clock was set back again.
        var next = ClockKeeper()
        #expect(next.look(at: reading(6300, 20), folder: marks).step == 110 * Clock.second)
        let both = try ClockSteps.read(folder: marks)
        #expect(both.earliest(since: 9_000 * Clock.second) <= 6299 * Clock.second)
    }

    @Test("notes that cannot be read make all times of before worthless, and heal")
    func damaged() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try "nonsense".write(toFile: folder + "/clock", atomically: false, encoding: .utf8)
        let marks = BytePath(folder)
        var keeper = ClockKeeper()
        #expect(keeper.look(at: reading(10_000, 10), folder: marks).problem == .invalid)
        let steps = try ClockSteps.read(folder: marks)
        #expect(steps.earliest(since: 9_000 * Clock.second) == 0)
        #expect(steps.earliest(since: 10_001 * Clock.second) == 10_001 * Clock.second)
    }
}

@Suite("Room for the queue's memory")
struct MemoryRoomTests {
    @Test("a memory folder that is too small is named with what it has, what is needed, what helps")
    func words() {
        let state = FileManager.default.temporaryDirectory
            .appending(path: "understudy-room-\(UUID().uuidString)").path
        mkdir(state, 0o700)
        defer { try? FileManager.default.removeItem(atPath: state) }
        let folders = QueueFolders(stateDirectory: state)
        defer { folders.removeMemory() }
        let text = folders.noRoom(.memory(errno: ENOSPC), 512 << 20)
        #expect(text.hasPrefix("got ") && text.contains("MB free in /dev/shm, expected 512 MB"))
        #expect(text.contains("remount,size") && text.contains("journalMemoryMB"))
    }
}
