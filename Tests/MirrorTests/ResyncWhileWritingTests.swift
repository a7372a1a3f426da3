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

    @Test(arguments: seeds)
    func `A resync under changes ends equal`(seed: UInt64) throws {
        try resync(seed, churns: true)
    }

    @Test(arguments: seeds)
    func `A resync of a resting tree sends what is marked`(seed: UInt64) throws {
        try resync(seed, churns: false)
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
        var settings = MirrorSettings(isFull: false, removesOrphans: false)
        settings.isResync = true
        settings.stepObjectsMax = 1 + Int(numbers.next() % 5)
        settings.stepBytesMax = 8 << 10
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
