internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import MirrorSource
internal import ReplicationModel
internal import WireProtocol

/// A mirror or resync while it runs: the real walker, and the phases that the runtime's mirror has.
final class SimulatedMirror {
    let kind: Kind
    let isPartial: Bool
    private(set) var phase = Phase.beginning
    private let settings: MirrorSettings
    private var walker: MirrorWalker<IncludeAll>
    private let root: OwnedDescriptor
    private var questions: [UInt64: UInt64] = [:]
    var isSourceSynced = false
    private(set) var vainEnds = 0
    static let vainEndsMax = 1000

    enum Kind: String {
        case full = "full mirror"
        case different = "difference mirror"
        case checksum = "mirror by checksums"
        case resync
    }

    enum Phase: Hashable {
        case beginning
        case walking
        case settling(untilApplied: UInt64?)
        case ending(untilApplied: UInt64?)
        case done
    }

    init(
        _ kind: Kind, isPartial: Bool, root file: FileID, removesOrphans: Bool,
        started: Int64, suspicion: (any Suspicion)?
    ) throws(Errno) {
        self.kind = kind
        self.isPartial = isPartial
        var settings = MirrorSettings(isFull: kind == .full, removesOrphans: removesOrphans)
        settings.isOnlyEnqueued = isPartial
        settings.isResync = kind == .resync
        settings.comparesContent = kind == .checksum
        settings.stepObjectsMax = 8
        settings.stepBytesMax = 16 << 10
        self.settings = settings
        root = OwnedDescriptor(try SystemCall.open("/source", O_RDONLY | O_DIRECTORY))
        walker = MirrorWalker(
            roots: [
                MirrorRoot(
                    mapping: 0, descriptor: root.descriptor, file: file, filter: IncludeAll())
            ], settings: settings, started: started,
            suspicion: suspicion ?? EverythingSuspicion())
        isSourceSynced = isPartial || kind == .resync
    }

    /// Adds to a batch what there is to send at this place in the stream; `steps` of the walk.
    func write(into batch: inout BatchBuilder, position: UInt64, applied: UInt64, steps: Int) {
        switch phase {
        case .beginning:
            if batch.append(MirrorRecords.begin(settings, position: position)) { phase = .walking }
        case .walking: walk(&batch, position, steps)
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

    private func walk(_ batch: inout BatchBuilder, _ position: UInt64, _ steps: Int) {
        canWalk = true
        for _ in 0..<steps {
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

    private var canWalk = false

    func sent(_ sentBytes: UInt64) {
        switch phase {
        case .settling(nil): phase = .settling(untilApplied: sentBytes)
        case .ending(nil): phase = .ending(untilApplied: sentBytes)
        default: break
        }
    }

    func hasNext(applied: UInt64) -> Bool {
        switch phase {
        case .settling(let mark?): applied >= mark && isSourceSynced
        case .ending(let mark?): applied >= mark
        case .walking: canWalk
        default: false
        }
    }

    func enqueue(_ object: Awaited) {
        switch phase {
        case .beginning, .walking: break
        case .settling: phase = .walking
        case .ending:
            phase = .walking
            vainEnds += 1
        case .done: return
        }
        walker.enqueue(mapping: object.mapping, path: object.path, isKnown: object.isKnown)
    }

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
