import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import WireProtocol

/// A mirror from one folder to another within this process: walker, batch, applier, inspector.
final class MirrorRun {
    let sourcePath: String
    let targetPath: String
    let statePath: String
    private(set) var applier: Applier
    private let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: BatchBuilder.memoryBytesMax, alignment: 4096)
    var position: UInt64 = 0
    var questionCount = 0
    var dataBytes = 0
    var sumQuestionCount = 0
    /// Questions about sums are answered before the batch that was filled before them is applied.
    var answersEarly = false
    private let blockReader = BlockReader()
    /// Records until the link breaks or the target dies; nil: never.
    var recordsLeft: Int?

    struct Broken: Error {}
    /// Ends that the target did not accept.
    var endCount = 0
    var problems: [MirrorProblem] = []
    /// What was said of how far the last mirror is, as often as it was known.
    var percents: [Double] = []

    init(source: String, target: String, state: String) throws {
        sourcePath = source
        targetPath = target
        statePath = state
        applier = try Self.open(target, state)
    }

    deinit { memory.deallocate() }

    static func open(_ target: String, _ state: String, replayThrough: UInt64 = 0) throws -> Applier
    {
        umask(0)
        return try Applier.open(
            ApplySettings(
                stateFolder: BytePath(state), roots: [ApplyRoot(path: BytePath(target))],
                replayThrough: replayThrough))
    }

    func reopen(replayThrough: UInt64 = 0) throws {
        applier = try Self.open(targetPath, statePath, replayThrough: replayThrough)
    }

    static func rootFile(_ descriptor: CInt, mount: UInt32 = 1) throws -> FileID {
        let status = try SystemCall.status(of: descriptor)
        return FileID(
            inode: UInt64(status.st_ino),
            generation: cposix_generation(descriptor, "", AT_EMPTY_PATH), mount: mount)
    }

    @discardableResult
    func mirror<Filter: MirrorFilter>(
        full: Bool, orphans: Bool = false, filter: Filter
    ) throws -> MirrorProgress {
        try mirror(
            settings: MirrorSettings(isFull: full, removesOrphans: orphans), filter: filter)
    }

    /// Everything from begin to end. `between` runs after each step, as applications do, and puts
    /// their changes into the stream.
    @discardableResult
    func mirror<Filter: MirrorFilter>(
        settings: MirrorSettings, filter: Filter,
        suspicion: any Suspicion = EverythingSuspicion(),
        between: (inout BatchBuilder) throws -> Void = { _ in }
    ) throws -> MirrorProgress {
        let root = try SystemCall.open(sourcePath, O_RDONLY | O_DIRECTORY)
        defer { SystemCall.close(root) }
        let inspector = try Inspector(roots: [BytePath(targetPath)])
        var walker = MirrorWalker(
            roots: [
                MirrorRoot(
                    mapping: 0, descriptor: root, file: try Self.rootFile(root), filter: filter)
            ], settings: settings, suspicion: suspicion)
        percents = []
        var batch = BatchBuilder(memory: memory)
        _ = batch.append(MirrorRecords.begin(settings, position: position))
        var steps = 0
        walking: while true {
            let step = walker.step(into: &batch, position: position)
            for question in walker.takeQuestions() {
                questionCount += 1
                answer(question, inspector, &walker)
            }
            // Sums are of before what is in the batch, or of after it.
            if answersEarly { answerSums(&walker) }
            steps += 1
            if let percent = walker.progress.percent { percents.append(percent) }
            try between(&batch)
            if step == .batchFull || step == .finished || step == .waitingForListing
                || steps % 3 == 0
            {
                try apply(&batch)
                answerSums(&walker)
            }
            if step == .waitingForListing { continue }
            let awaited = applier.takeAwaited()
            for object in awaited {
                walker.enqueue(
                    mapping: object.mapping, path: object.path.bytes, isKnown: object.isKnown)
            }
            if step == .finished, awaited.isEmpty {
                _ = batch.append(MirrorRecords.end(position: position))
                try apply(&batch)
                if !applier.isMirroring { break walking }
                endCount += 1
                precondition(endCount < 1000, "the mirror does not end")
                for object in applier.takeAwaited() {
                    walker.enqueue(
                        mapping: object.mapping, path: object.path.bytes, isKnown: object.isKnown)
                }
            }
        }
        problems += walker.takeProblems()
        return walker.progress
    }

    private func answer<Filter: MirrorFilter>(
        _ question: ListQuestion, _ inspector: Inspector, _ walker: inout MirrorWalker<Filter>
    ) {
        do throws(Errno) {
            let entries = try inspector.list(
                mapping: Int(question.mapping), path: BytePath(question.path))
            walker.received(question: question.id, status: 0, entries: entries, hasMore: false)
        } catch {
            walker.received(
                question: question.id, status: error.rawValue, entries: [], hasMore: false)
        }
    }

    private func answerSums<Filter: MirrorFilter>(_ walker: inout MirrorWalker<Filter>) {
        for question in walker.takeSumQuestions() {
            sumQuestionCount += 1
            guard let descriptor = applier.readable(question.file) else {
                walker.received(sums: question.id, status: ENOENT, size: 0, sums: [])
                continue
            }
            do throws(Errno) {
                let (size, sums) = try blockReader.sums(
                    of: descriptor.descriptor, firstBlock: question.firstBlock,
                    count: question.count)
                walker.received(sums: question.id, status: 0, size: size, sums: sums)
            } catch {
                walker.received(sums: question.id, status: error.rawValue, size: 0, sums: [])
            }
        }
    }

    /// Changes without a mirror.
    func stream(_ changes: ArraySlice<Change>, through: UInt64) throws {
        var rest = changes
        repeat {
            var batch = BatchBuilder(memory: memory)
            let part = rest.prefix(100)
            SourceHistory.put(part, into: &batch)
            rest = rest.dropFirst(100)
            position = part.last?.record.sequence ?? through
            try apply(&batch)
        } while !rest.isEmpty
    }

    func stream(_ history: SourceHistory) throws {
        var batch = BatchBuilder(memory: memory)
        history.put(into: &batch)
        position = history.lastSequence
        try apply(&batch)
    }

    /// Sends what is in the batch.
    func apply(_ batch: inout BatchBuilder) throws {
        let count = batch.finish(connection: 1, through: position)
        let body = UnsafeRawBufferPointer(rebasing: memory[FrameHeader.byteCount..<count])
        let view = try BatchView(body)
        for record in view.records {
            if let left = recordsLeft {
                if left == 0 { throw Broken() }
                recordsLeft = left - 1
            }
            let payload = view.payload(of: record)
            if record.kind == .mirrorData {
                dataBytes += payload.count
            } else {
                precondition(payload.isEmpty || record.checksum == Checksum.of(payload))
            }
            Trace.show(record, payload)
            try applier.apply(record, payload)
        }
        _ = try applier.finishBatch(lastSequence: view.header.lastSequence)
    }
}
