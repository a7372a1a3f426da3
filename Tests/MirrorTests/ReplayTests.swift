import CPosix
import FileSystemAccess
import Glibc
import ReplicationModel
import TargetApply
import Testing

@Suite(.serialized)
struct ReplayTests {
    private let folder = TemporaryFolder()
    private var target: String { folder.path("target") }
    private var state: String { folder.path("state") }

    private func open(_ history: SourceHistory, replayThrough: UInt64 = 0) throws -> Applier {
        umask(0)
        return try Applier.open(
            ApplySettings(
                stateFolder: BytePath(state),
                roots: [ApplyRoot(file: history.rootFile, path: BytePath(target))],
                replayThrough: replayThrough))
    }

    private func apply(
        _ changes: ArraySlice<Change>, _ applier: Applier, finish: Bool = true
    ) throws {
        for change in changes {
            try change.payload.withUnsafeBytes { try applier.apply(change.record, $0) }
        }
        if finish, let last = changes.last {
            _ = try applier.finishBatch(lastSequence: last.record.sequence)
        }
    }

    private func expectEqual(_ history: SourceHistory, _ note: Comment) {
        let source = TreePicture(history.root, root: false, holes: false)
        let differences = source.differences(
            from: TreePicture(target, root: false, holes: false))
        #expect(differences == [], note)
    }

    private func copyState(to name: String) {
        let new = folder.path(name)
        mkdir(new, 0o700)
        for file in ["checkpoint", "map.log"] {
            copy(state + "/" + file, new + "/" + file)
        }
    }

    private func restoreState(from name: String) {
        for file in ["checkpoint", "map.log"] {
            copy(folder.path(name) + "/" + file, state + "/" + file)
        }
    }

    private func copy(_ from: String, _ to: String) {
        let input = Glibc.open(from, O_RDONLY)
        let output = Glibc.open(to, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(input, &room, room.count)
            if count <= 0 { break }
            _ = write(output, room, count)
        }
        close(input)
        close(output)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `A stream of changes makes the same tree`(seed: UInt64) throws {
        let history = SourceHistory(root: folder.path("source"), seed: seed)
        history.run(operations: 1500)
        let applier = try open(history)
        var place = 0
        while place < history.changes.count {
            let end = min(place + 37, history.changes.count)
            try apply(history.changes[place..<end], applier)
            place = end
        }
        expectEqual(history, "seed \(seed)")
        #expect(applier.takeProblems() == [])
        #expect(applier.takeAwaited() == [])
        #expect(applier.counters.skipped == 0)
        #expect(!applier.isMirrorRequired)
    }

    static var seeds: [UInt64] { Seeds.chosen(orElse: Array(11..<17)) }
    static var smallSeeds: [UInt64] { Seeds.chosen(orElse: [1, 2]) }

    /// A crash at every point, in the middle of a batch, too, and for each a new start from every
    /// earlier checkpoint. Few names, so that each stands for many objects one after the other.
    @Test(arguments: smallSeeds)
    func `A crash anywhere and a replay from everywhere before it end equal`(
        seed: UInt64
    ) throws {
        let history = SourceHistory(
            root: folder.path("source"), seed: seed, nameCount: 5, directoryMax: 5)
        history.run(operations: 70)
        let batches = history.changes.chunked(9)
        let newest = UInt64(history.changes.count)
        var numbers = SeededNumbers(seed: seed)
        for crash in batches.indices {
            for back in 0...crash {
                TemporaryFolder.remove(target)
                TemporaryFolder.remove(state)
                var applier = try open(history)
                for number in 0..<crash {
                    if number == back { copyState(to: "saved") }
                    try apply(batches[number], applier)
                }
                if back == crash { copyState(to: "saved") }
                let part = batches[crash].prefix(Int(numbers.next() % 10))
                try apply(part, applier, finish: false)
                restoreState(from: "saved")
                applier = try open(history, replayThrough: newest)
                for batch in batches[back...] { try apply(batch, applier) }
                expectEqual(history, "seed \(seed), crash in \(crash), back to \(back)")
                let problems = applier.takeProblems().map(\.description)
                #expect(problems == [], "seed \(seed), crash in \(crash), back to \(back)")
                #expect(!applier.isMirrorRequired)
            }
        }
    }

    @Test(arguments: seeds)
    func `A replay from any earlier batch ends in the same tree`(seed: UInt64) throws {
        let history = SourceHistory(root: folder.path("source"), seed: seed)
        history.run(operations: 600)
        let batches = history.changes.chunked(23)
        let newest = UInt64(history.changes.count)
        var numbers = SeededNumbers(seed: seed)
        var applier = try open(history)
        // Walks forward, falling back to an earlier state now and then, in the middle of a batch.
        var next = 0
        var saved: [Int: String] = [:]
        var falls = 0
        while next < batches.count {
            if saved[next] == nil, numbers.next() % 2 == 0 {
                copyState(to: "saved\(next)")
                saved[next] = "saved\(next)"
            }
            if falls < 12, numbers.next() % 3 == 0,
                let back = saved.keys.randomElement(using: &numbers)
            {
                let part = batches[next].prefix(Int(numbers.next() % 23))
                try apply(part, applier, finish: false)
                falls += 1
                restoreState(from: saved[back] ?? "")
                saved = saved.filter { $0.key <= back }
                applier = try open(history, replayThrough: newest)
                next = back
                #expect(
                    applier.positions.applied
                        == (next == 0 ? 0 : batches[next - 1].last?.record.sequence))
                continue
            }
            try apply(batches[next], applier)
            next += 1
        }
        #expect(falls > 0)
        expectEqual(history, "seed \(seed)")
        let problems = applier.takeProblems().map(\.description)
        #expect(problems == [], "seed \(seed)")
        #expect(!applier.isMirrorRequired)
    }
}

extension Array {
    func chunked(_ count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map {
            self[$0..<Swift.min($0 + count, self.count)]
        }
    }
}
