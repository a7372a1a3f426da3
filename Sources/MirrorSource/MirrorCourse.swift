package import MirrorCore
package import WireProtocol

/// How far a mirror is, from its beginning to the end that the target agrees with.
///
/// Owned by whoever fills batches, who tells it what was sent and what the target answered. Its
/// records stand in the stream between a `mirrorBegin` and a `mirrorEnd`.
package struct MirrorCourse<Filter: MirrorFilter>: ~Copyable {
    package private(set) var phase = Phase.beginning
    private let settings: MirrorSettings
    private var walker: MirrorWalker<Filter>
    /// The walker's question for each request on the wire.
    private var questions: [UInt64: UInt64] = [:]
    /// Whether what the source had at the beginning is on its own disk. Without that a power cut
    /// could take from the source what the target has for good, and nobody would look for it.
    package private(set) var isSourceSynced: Bool
    /// The last walk ended because there was enough, not because it has to wait.
    private var canWalk = false
    /// Ends that the target did not accept. What it misses may be on its way in the stream; but
    /// what moved around the capture will never come.
    private var vainEnds = 0

    package enum Phase: Hashable {
        case beginning
        case walking
        /// Everything is sent. When the target has applied it without asking for more, the mirror
        /// ends.
        case settling(untilApplied: UInt64?)
        /// `mirrorEnd` is sent.
        case ending(untilApplied: UInt64?)
        case done
    }

    /// The parameters are the walker's.
    package init(
        roots: [MirrorRoot<Filter>], settings: MirrorSettings, started: Int64,
        suspicion: any Suspicion
    ) {
        self.settings = settings
        // What the target asked for by itself, or what is compared, is not taken for the whole.
        isSourceSynced = settings.isOnlyEnqueued || settings.isResync
        walker = MirrorWalker(
            roots: roots, settings: settings, started: started, suspicion: suspicion)
    }

    package var progress: MirrorProgress { walker.progress }

    /// Whether so many ends were in vain that what the target misses cannot be at the source.
    package var isHopeless: Bool { vainEnds > 1000 }

    package mutating func sourceIsSynced() { isSourceSynced = true }

    // MARK: Sending

    /// Adds to a batch what there is to send at this place in the stream.
    ///
    /// - Parameters:
    ///   - position: the sequence that the changes before it in the stream reach.
    ///   - applied: bytes of the stream that the target has applied.
    ///   - goesOn: is asked before each step of the walk; gets the batch's bytes.
    package mutating func write(
        into batch: inout BatchBuilder, position: UInt64, applied: UInt64,
        while goesOn: (Int) -> Bool
    ) {
        switch phase {
        case .beginning:
            if batch.append(MirrorRecords.begin(settings, position: position)) { phase = .walking }
        case .walking: walk(&batch, position, goesOn)
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

    private mutating func walk(
        _ batch: inout BatchBuilder, _ position: UInt64, _ goesOn: (Int) -> Bool
    ) {
        canWalk = true
        while goesOn(batch.byteCount) {
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

    /// The batch is on its way: `sentBytes` in all, so that its acknowledgement is known.
    package mutating func sent(_ sentBytes: UInt64) {
        switch phase {
        case .settling(nil): phase = .settling(untilApplied: sentBytes)
        case .ending(nil): phase = .ending(untilApplied: sentBytes)
        default: break
        }
    }

    /// Whether there is something to do at once.
    package func hasNext(applied: UInt64) -> Bool {
        switch phase {
        case .settling(let mark?): applied >= mark && isSourceSynced
        case .ending(let mark?): applied >= mark
        case .walking: canWalk
        default: false
        }
    }

    /// The target asks for an object. Asked for after `mirrorEnd` was sent, the target did not end
    /// the mirror, because it still misses something: there will be another end.
    package mutating func enqueue(_ object: Awaited) {
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

    package mutating func takeProblems() -> [MirrorProblem] { walker.takeProblems() }

    // MARK: What the target has

    /// Questions to send, with the request number that `number` gives each.
    package mutating func takeQuestions(_ number: () -> UInt64) -> [Inspect] {
        walker.takeQuestions().map { question in
            let request = number()
            questions[request] = question.id
            return Inspect(
                requestID: request, question: .list, mapping: question.mapping, path: question.path)
        }
    }

    package mutating func listed(_ answer: Inspected) {
        guard let question = questions[answer.requestID] else { return }
        if !answer.hasMore { questions[answer.requestID] = nil }
        walker.received(
            question: question, status: answer.status,
            entries: answer.entries.map { TreeEntry(name: $0.name, attributes: $0.attributes) },
            hasMore: answer.hasMore)
    }

    /// The same for sums of blocks.
    package mutating func takeSumQuestions(_ number: () -> UInt64) -> [Sums] {
        walker.takeSumQuestions().map { question in
            let request = number()
            questions[request] = question.id
            return Sums(
                requestID: request, file: question.file, firstBlock: question.firstBlock,
                count: question.count)
        }
    }

    package mutating func summed(_ answer: Summed) {
        guard let question = questions.removeValue(forKey: answer.requestID) else { return }
        walker.received(
            sums: question, status: answer.status, size: answer.size, sums: answer.sums)
    }
}
