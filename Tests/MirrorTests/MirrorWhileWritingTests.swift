import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing
import WireProtocol

/// A mirror runs while applications go on: their changes stand in the same stream, between the
/// steps of the mirror.
@Suite(.serialized)
struct MirrorWhileWritingTests {
    private let folder = TemporaryFolder()

    /// The later ones found something once.
    static let fixedSeeds: [UInt64] = [
        31, 32, 96, 133, 146, 193, 248, 254, 264, 324, 1122, 1241,
    ]

    static var seeds: [UInt64] { Seeds.chosen(orElse: fixedSeeds) }

    @Test(arguments: seeds)
    func `A full mirror under changes ends equal`(seed: UInt64) throws {
        let history = SourceHistory(root: folder.path("source"), seed: seed)
        history.run(operations: 500)
        let run = try MirrorRun(
            source: history.root, target: folder.path("target"), state: folder.path("state"))
        try mirror(run, history, full: true, seed: seed)
        expectEqual(history, run, "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `A different mirror under changes ends equal`(seed: UInt64) throws {
        let history = SourceHistory(root: folder.path("source"), seed: seed)
        history.run(operations: 400)
        let run = try MirrorRun(
            source: history.root, target: folder.path("target"), state: folder.path("state"))
        try mirror(run, history, full: true, seed: seed)
        // Changes that the target never hears of, at a later time as the file system counts it.
        let start = cposix_monotonic()
        while cposix_monotonic() - start < 12_000_000 {}
        history.run(operations: 150)
        history.discard()
        try mirror(run, history, full: false, seed: seed)
        Trace.show(run)
        expectEqual(history, run, "seed \(seed)")
    }

    private func expectEqual(_ history: SourceHistory, _ run: MirrorRun, _ note: Comment) {
        let source = TreePicture(history.root, root: false, holes: false)
        let differences = source.differences(
            from: TreePicture(run.targetPath, root: false, holes: false))
        #expect(differences == [], note)
        let problems = run.applier.takeProblems().map(\.description)
        #expect(problems == [], note)
        #expect(!run.applier.isMirrorRequired, note)
        #expect(!run.applier.isInconsistent, note)
    }

    private func mirror(
        _ run: MirrorRun, _ history: SourceHistory, full: Bool, seed: UInt64
    ) throws {
        history.discard()
        var numbers = SeededNumbers(seed: seed)
        run.position = history.lastSequence
        var settings = MirrorSettings(isFull: full, removesOrphans: true)
        settings.stepObjectsMax = 3
        settings.stepBytesMax = 8 << 10
        try run.mirror(settings: settings, filter: IncludeAll()) { batch in
            if numbers.next() % 3 != 0 { history.run(operations: Int(numbers.next() % 4)) }
            history.put(into: &batch)
            run.position = history.lastSequence
        }
    }
}
