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

    /// - Throws: where a root cannot be opened for reading any more.
    init(_ plan: ConnectionPlan, _ order: MirrorOrder, isPartial: Bool) throws(Errno) {
        self.order = order
        self.isPartial = isPartial
        started = Clock.monotonic
        var settings = MirrorSettings(isFull: order.isFull, removesOrphans: order.removesOrphans)
        settings.isOnlyEnqueued = isPartial
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
        walker = MirrorWalker(roots: mirrorRoots, settings: settings, started: started)
    }

    var progress: MirrorProgress { walker.progress }

    /// Adds to a batch what there is to send at this place in the stream.
    ///
    /// - Returns: whether it added anything or can add more at once.
    func write(into batch: inout BatchBuilder, position: UInt64, applied: UInt64) -> Bool {
        switch phase {
        case .beginning:
            let begin = MirrorRecords.begin(settings, position: position)
            guard batch.append(begin) else { return true }
            phase = .walking
            return true
        case .walking: return walk(&batch, position)
        case .settling(let mark):
            guard let mark, applied >= mark else { return false }
            guard batch.append(MirrorRecords.end(position: position)) else { return true }
            phase = .ending(untilApplied: nil)
            return true
        case .ending(let mark):
            if let mark, applied >= mark { phase = .done }
            return false
        case .done: return false
        }
    }

    private func walk(_ batch: inout BatchBuilder, _ position: UInt64) -> Bool {
        while batch.byteCount < Self.batchBytesWanted {
            switch walker.step(into: &batch, position: position) {
            case .progressed: continue
            case .batchFull: return true
            case .waitingForListing: return !batch.isEmpty
            case .finished:
                phase = .settling(untilApplied: nil)
                return true
            }
        }
        return true
    }

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
        case .settling(let mark?), .ending(let mark?): applied >= mark
        default: false
        }
    }

    /// The target asks for an object. Asked for after `mirrorEnd` was sent, the target did not end
    /// the mirror, because it still misses something: there will be another end.
    ///
    /// - Returns: false when the mirror is over.
    func enqueue(mapping: UInt16, path: [UInt8]) -> Bool {
        switch phase {
        case .beginning, .walking: break
        case .settling: phase = .walking
        case .ending:
            phase = .walking
            vainEnds += 1
        case .done: return false
        }
        walker.enqueue(mapping: mapping, path: path)
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

    func takeProblems() -> [MirrorProblem] { walker.takeProblems() }
}

extension RootFilter: MirrorFilter {
    var includesAll: Bool { isWhole }

    func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool {
        includes(Array(path), isDirectory: isDirectory)
    }
}
