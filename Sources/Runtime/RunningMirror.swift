internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import MirrorSource
internal import ReplicationModel
internal import WireProtocol

/// A mirror while it runs. Owned by the pump; its records stand in the stream between a
/// `mirrorBegin` and a `mirrorEnd`.
final class RunningMirror {
    let order: MirrorOrder
    /// Only what the target asked for, not the whole set.
    let isPartial: Bool
    /// Monotonic.
    let started: Int64
    private(set) var phase = Phase.beginning
    private let settings: MirrorSettings
    private var walker: MirrorWalker<RootFilter>
    /// Descriptors to read the roots with, closed at the end.
    private let roots: [OwnedDescriptor]
    /// The walker's question for each request on the wire.
    private var questions: [UInt64: UInt64] = [:]

    /// Whether what the source had at the beginning is on its own disk. Without that a power cut
    /// could take from the source what the target has for good, and nobody would look for it.
    private(set) var isSourceSynced = false

    func sourceIsSynced() { isSourceSynced = true }

    /// Makes it so, in a thread of its own; `tell` is called from there.
    func syncSource(_ tell: @escaping @Sendable () -> Void) {
        guard !isPartial, order.kind != .resync else { return sourceIsSynced() }
        let roots = roots
        WorkerThread.start("sync-source") {
            for root in roots { _ = cposix_syncfs(root.descriptor) }
            tell()
        }
    }

    enum Phase: Hashable {
        case beginning
        case walking
        /// Everything is sent. When the target has applied it without asking for more, the mirror
        /// ends.
        case settling(untilApplied: UInt64?)
        /// `mirrorEnd` is sent.
        case ending(untilApplied: UInt64?)
        case done
    }

    /// - Parameter suspicion: of a resync: what may differ.
    /// - Throws: where a root cannot be opened for reading any more.
    init(
        _ plan: ConnectionPlan, _ order: MirrorOrder, isPartial: Bool,
        suspicion: (any Suspicion)? = nil
    ) throws(Errno) {
        self.order = order
        self.isPartial = isPartial
        started = Clock.monotonic
        var settings = MirrorSettings(isFull: order.isFull, removesOrphans: order.removesOrphans)
        settings.isOnlyEnqueued = isPartial
        settings.isResync = order.kind == .resync
        settings.comparesContent = order.kind == .checksum
        self.settings = settings
        var opened: [OwnedDescriptor] = []
        var mirrorRoots: [MirrorRoot<RootFilter>] = []
        for (number, root) in plan.roots.enumerated() {
            let descriptor = OwnedDescriptor(
                try SystemCall.open(at: root.descriptor, ".", O_RDONLY | O_DIRECTORY))
            opened.append(descriptor)
            mirrorRoots.append(
                MirrorRoot(
                    mapping: UInt16(number), descriptor: descriptor.descriptor, file: root.file,
                    filter: root.filter))
        }
        roots = opened
        walker = MirrorWalker(
            roots: mirrorRoots, settings: settings, started: started,
            suspicion: suspicion ?? EverythingSuspicion())
    }

    var progress: MirrorProgress { walker.progress }

    /// Adds to a batch what there is to send at this place in the stream.
    ///
    func write(into batch: inout BatchBuilder, position: UInt64, applied: UInt64) {
        switch phase {
        case .beginning:
            if batch.append(MirrorRecords.begin(settings, position: position)) { phase = .walking }
        case .walking: walk(&batch, position)
        case .settling(let mark):
            guard let mark, applied >= mark, isSourceSynced,
                batch.append(MirrorRecords.end(position: position))
            else { return }
            phase = .ending(untilApplied: nil)
        case .ending(let mark):
            if let mark, applied >= mark { phase = .done }
        case .done: break
        }
    }

    private func walk(_ batch: inout BatchBuilder, _ position: UInt64) {
        let until = Clock.monotonic + Self.walkNanosecondsMax
        canWalk = true
        while batch.byteCount < Self.batchBytesWanted, Clock.monotonic < until {
            switch walker.step(into: &batch, position: position) {
            case .progressed: continue
            case .batchFull: return
            case .waitingForListing:
                canWalk = false
                return
            case .finished:
                canWalk = false
                phase = .settling(untilApplied: nil)
                return
            }
        }
    }

    /// The last walk ended because there was enough, not because it has to wait.
    private var canWalk = false
    /// A walk over much that is equal makes no records; changes must not wait for its end.
    private static let walkNanosecondsMax = 5 * Clock.millisecond

    /// A batch is closed when it holds so much, so that changes in between are not kept waiting.
    private static let batchBytesWanted = 768 << 10

    /// The batch is on its way: `sentBytes` in all, so that its acknowledgement is known.
    func sent(_ sentBytes: UInt64) {
        switch phase {
        case .settling(nil): phase = .settling(untilApplied: sentBytes)
        case .ending(nil): phase = .ending(untilApplied: sentBytes)
        default: break
        }
    }

    /// Whether a step of the end is due.
    func hasNext(applied: UInt64) -> Bool {
        switch phase {
        case .settling(let mark?): applied >= mark && isSourceSynced
        case .ending(let mark?): applied >= mark
        case .walking: canWalk
        default: false
        }
    }

    /// The target asks for an object. Asked for after `mirrorEnd` was sent, the target did not end
    /// the mirror, because it still misses something: there will be another end.
    ///
    /// - Returns: false when the mirror is over.
    func enqueue(_ object: Awaited) -> Bool {
        switch phase {
        case .beginning, .walking: break
        case .settling: phase = .walking
        case .ending:
            phase = .walking
            vainEnds += 1
        case .done: return false
        }
        walker.enqueue(mapping: object.mapping, path: object.path, isKnown: object.isKnown)
        return true
    }

    /// Ends that the target did not accept. What it misses may be on its way in the stream; but
    /// what moved around the capture will never come.
    private(set) var vainEnds = 0
    static let vainEndsMax = 1000

    // MARK: What the target has

    /// Questions to send, with the request number that `number` gives each.
    func takeQuestions(_ number: () -> UInt64) -> [Inspect] {
        walker.takeQuestions().map { question in
            let request = number()
            questions[request] = question.id
            return Inspect(
                requestID: request, question: .list, mapping: question.mapping, path: question.path)
        }
    }

    func listed(_ answer: Inspected) {
        guard let question = questions[answer.requestID] else { return }
        if !answer.hasMore { questions[answer.requestID] = nil }
        walker.received(
            question: question, status: answer.status,
            entries: answer.entries.map { TreeEntry(name: $0.name, attributes: $0.attributes) },
            hasMore: answer.hasMore)
    }

    /// The same for sums of blocks.
    func takeSumQuestions(_ number: () -> UInt64) -> [Sums] {
        walker.takeSumQuestions().map { question in
            let request = number()
            questions[request] = question.id
            return Sums(
                requestID: request, file: question.file, firstBlock: question.firstBlock,
                count: question.count)
        }
    }

    func summed(_ answer: Summed) {
        guard let question = questions.removeValue(forKey: answer.requestID) else { return }
        walker.received(
            sums: question, status: answer.status, size: answer.size, sums: answer.sums)
    }

    func takeProblems() -> [MirrorProblem] { walker.takeProblems() }
}

extension RootFilter: MirrorFilter {
    var includesAll: Bool { isWhole }

    func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool {
        includes(Array(path), isDirectory: isDirectory)
    }
}
