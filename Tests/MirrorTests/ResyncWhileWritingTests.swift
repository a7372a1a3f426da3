import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing
import WireProtocol

/// A connection loses part of its stream, which becomes marks; a resync compares what is marked
/// while applications go on.
@Suite(.serialized)
struct ResyncWhileWritingTests {
    private let folder = TemporaryFolder()

    static var seeds: [UInt64] { Seeds.chosen(orElse: [201, 202, 206, 1014, 1015, 2007]) }
    /// Those in which directories lie otherwise than the target remembers after its crash.
    static var brokenSeeds: [UInt64] { Seeds.chosen(orElse: [201, 206, 2007, 8019, 8050, 8209]) }

    @Test(arguments: seeds)
    func `A resync under changes ends equal`(seed: UInt64) throws {
        try resync(seed, churns: true)
    }

    @Test(arguments: seeds)
    func `A resync of a resting tree sends what is marked`(seed: UInt64) throws {
        try resync(seed, churns: false)
    }

    /// The first resync ends in the middle: the link breaks, the target's process is killed, or its
    /// machine loses what it had not made durable. The changes since become marks, too, and another
    /// resync looks at them all.
    @Test(arguments: brokenSeeds)
    func `A resync after one that broke off ends equal`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed &* 77)
        let history = SourceHistory(root: folder.path("source"), seed: seed)
        history.run(operations: 300)
        let run = try MirrorRun(
            source: history.root, target: folder.path("target"), state: folder.path("state"))
        history.discard()
        run.position = history.lastSequence
        try run.mirror(full: true, filter: IncludeAll())
        try run.applier.syncer.sync()
        let marks = MarkBook()
        // Arrives, and is not durable.
        history.run(operations: Int(numbers.next() % 60))
        for change in history.changes { marks.mark(change) }
        try run.stream(history)
        history.run(operations: 20 + Int(numbers.next() % 150))
        for change in history.changes { marks.mark(change) }
        history.discard()
        run.position = history.lastSequence
        var since: [Change] = []
        let settings = resyncSettings(&numbers)
        let mirror = {
            try run.mirror(settings: settings, filter: IncludeAll(), suspicion: marks.suspicion) {
                batch in
                if numbers.next() % 3 != 0 { history.run(operations: Int(numbers.next() % 4)) }
                since += history.changes
                history.put(into: &batch)
                run.position = history.lastSequence
            }
        }
        for _ in 0..<1 + numbers.next() % 2 {
            run.recordsLeft = Int(numbers.next() % 150)
            do {
                _ = try mirror()
            } catch {
                #expect(error is MirrorRun.Broken)
            }
            run.recordsLeft = nil
            _ = run.applier.takeAwaited()
            switch numbers.next() % 3 {
            case 0: break
            case 1: try run.reopen()
            default:
                LostState.cut(run.statePath)
                try run.reopen()
            }
            // What was sent since and is not durable becomes marks, too.
            for change in since { marks.mark(change) }
            since = []
            run.position = history.lastSequence
        }
        run.position = history.lastSequence
        _ = try mirror()
        Trace.show(run)
        expectEqual(history, run, "seed \(seed)")
        history.run(operations: 100)
        try run.stream(history)
        expectEqual(history, run, "seed \(seed), afterwards")
    }

    private func resyncSettings(_ numbers: inout SeededNumbers) -> MirrorSettings {
        var settings = MirrorSettings(isFull: false, removesOrphans: false)
        settings.isResync = true
        settings.stepObjectsMax = 1 + Int(numbers.next() % 5)
        settings.stepBytesMax = 8 << 10
        return settings
    }

    private func resync(_ seed: UInt64, churns: Bool) throws {
        var numbers = SeededNumbers(seed: seed &* 31)
        let history = SourceHistory(root: folder.path("source"), seed: seed)
        history.run(operations: 400)
        let run = try MirrorRun(
            source: history.root, target: folder.path("target"), state: folder.path("state"))
        history.discard()
        run.position = history.lastSequence
        try run.mirror(full: true, filter: IncludeAll())
        // Some of the stream arrives, some is lost.
        history.run(operations: Int(numbers.next() % 60))
        try run.stream(history)
        let marks = MarkBook()
        history.run(operations: 20 + Int(numbers.next() % 200))
        for change in history.changes { marks.mark(change) }
        history.discard()
        run.position = history.lastSequence
        let dirty = marks.dirtyBytes(sizes: history.sizes())
        run.dataBytes = 0
        run.answersEarly = numbers.next() % 2 == 0
        let settings = resyncSettings(&numbers)
        try run.mirror(settings: settings, filter: IncludeAll(), suspicion: marks.suspicion) {
            batch in
            guard churns else { return }
            if numbers.next() % 3 != 0 { history.run(operations: Int(numbers.next() % 4)) }
            history.put(into: &batch)
            run.position = history.lastSequence
        }
        Trace.show(run)
        expectEqual(history, run, "seed \(seed)")
        if !churns {
            #expect(Double(run.dataBytes) <= Double(dirty) * 1.1, "seed \(seed)")
        }
        // What comes after it finds everything where it has to be.
        history.run(operations: 100)
        try run.stream(history)
        expectEqual(history, run, "seed \(seed), afterwards")
    }

    private func expectEqual(_ history: SourceHistory, _ run: MirrorRun, _ note: Comment) {
        let source = TreePicture(history.root, root: false, holes: false)
        let differences = source.differences(
            from: TreePicture(run.targetPath, root: false, holes: false))
        #expect(differences == [], note)
        let problems = run.applier.takeProblems().map(\.description)
        #expect(problems == [], note)
        #expect(run.problems == [], note)
        #expect(!run.applier.isMirrorRequired, note)
        #expect(!run.applier.needsWholeMirror, note)
        #expect(!run.applier.isInconsistent, note)
    }
}

/// What a power cut leaves of a connection's state at the target.
enum LostState {
    /// Cuts the map's log to what the checkpoint says is on disk.
    static func cut(_ state: String) {
        let file = Glibc.open(state + "/checkpoint", O_RDONLY)
        defer { close(file) }
        var numbers = [Int64](repeating: 0, count: 9)
        _ = numbers.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
        // Behind the magic number: flags, journal, durable, generation, offset, boot, boot, time.
        let (offset, time) = (numbers[5], numbers[8])
        truncate(state + "/map.log", Int(offset))
        _ = cposix_utimensat(AT_FDCWD, state + "/map.log", time, time, 0)
    }
}

/// Which seeds a test runs with.
enum Seeds {
    /// UNDERSTUDY_SEEDS of them from UNDERSTUDY_FIRST_SEED on: to search.
    static func chosen(orElse fixed: [UInt64]) -> [UInt64] {
        func number(_ name: String) -> UInt64? {
            getenv(name).flatMap { UInt64(String(cString: $0)) }
        }
        guard let count = number("UNDERSTUDY_SEEDS") else { return fixed }
        let first = number("UNDERSTUDY_FIRST_SEED") ?? 31
        return (first..<first + count).map { $0 }
    }
}
