internal import CommandModel
internal import Journal
internal import Logging
internal import NIOCore
internal import SessionCore
internal import StateStore
internal import Synchronization
internal import Transport
internal import WireProtocol

/// A connection on its source: the handle that the runtime holds. The work is done by one thread,
/// the connection's *pump*, which is the sole author of the connection's stream; this passes it
/// news and shows what it last said of itself.
final class SourceConnection: Sendable {
    let plan: ConnectionPlan
    let board = SnapshotBoard(ConnectionSnapshot())
    private let mailbox: Mailbox<PumpNews>
    private let journal: JournalMemory
    private let stopped = SnapshotBoard(false)
    private let fences = Atomic<UInt64>(0)
    /// It cannot go on yet: a folder is gone. There is no pump.
    let isWaiting: Bool

    /// A connection that waits for its folders; its place in the queue is kept.
    init(waiting plan: ConnectionPlan, problem: String, journal: JournalMemory) {
        self.plan = plan
        self.journal = journal
        mailbox = Mailbox()
        isWaiting = true
        var snapshot = ConnectionSnapshot()
        snapshot.isReplicating = plan.replicates
        snapshot.state = .refused(problem)
        snapshot.lastLinkProblem = problem
        snapshot.continuityText = "broken: \(problem)"
        board.show(snapshot)
        stopped.show(true)
    }

    /// Starts the pump.
    init(
        plan: ConnectionPlan, surroundings: PumpSurroundings, data: SourceSession.Data,
        continuity: ContinuityReport, statistics: ConnectionStatistics
    ) {
        isWaiting = false
        self.plan = plan
        journal = surroundings.journal
        let mailbox = Mailbox<PumpNews>()
        self.mailbox = mailbox
        let board = board
        let stopped = stopped
        WorkerThread.start("pump-\(plan.id)") {
            let pump = SourcePump(
                plan: plan, surroundings: surroundings, data: data, mailbox: mailbox, board: board)
            pump.restore(statistics)
            pump.continuity = continuity
            pump.run()
            stopped.show(true)
        }
    }

    var snapshot: ConnectionSnapshot { board.newest }

    /// - Throws: where it waits for its folders.
    func requireFolders() throws(CommandError) {
        guard isWaiting else { return }
        throw CommandError(
            .notCaptured, "connection \(plan.id) cannot go on: \(snapshot.lastLinkProblem)")
    }

    /// A mark behind all news until now: a snapshot whose `fence` is at least the number returned
    /// knows of them.
    func setFence() -> UInt64 {
        let number = fences.wrappingAdd(1, ordering: .relaxed).newValue
        post(.fence(number))
        return number
    }

    func post(_ news: PumpNews) {
        mailbox.post(news)
        journal.wake()
    }

    /// Ends the pump and waits for it.
    ///
    /// - Parameter forget: whether the connection itself ends: the target is told, the place in the
    ///   journal is given up. Otherwise it goes on where it stood when the daemon comes back.
    func stop(forget: Bool) async {
        if isWaiting, forget {
            JournalFollower.resume(journal, connection: plan.id)?.stop()
        }
        post(.stop(forget: forget))
        _ = try? await stopped.wait(seconds: 30, for: "the end of a connection") { $0 }
        // Whoever waits for something of it waits in vain.
        var last = board.newest
        last.isOver = true
        board.show(last)
    }

    /// Asks the target something, off the stream.
    func inspect(_ question: Inspect, seconds: Double) async throws(CommandError) -> [Inspected] {
        if isWaiting { return [] }
        let answer = SnapshotBoard<[Inspected]?>(nil)
        post(.ask(question, answer))
        let all = try await answer.wait(seconds: seconds, for: "the target's answer") { $0 != nil }
        return all ?? []
    }
}

/// What a pump needs of its surroundings.
struct PumpSurroundings: Sendable {
    let journal: JournalMemory
    let queue: QueueKeeper
    /// Of hot groups.
    let marksFolder: String
    /// See `QueueLimits`.
    let stuckSeconds: Int
    let store: StateStore
    /// Tells hooks of an event.
    let tell: @Sendable (RuntimeEvent) -> Void
    let logger: Logger
    /// Of this server, for the first message of a link.
    let hello: Hello
    /// Makes a link to a peer; the delegate hears of everything after.
    let connect: @Sendable (Peer, any LinkDelegate) async throws(TransportError) -> Link
}

/// What other threads tell a pump.
enum PumpNews: Sendable {
    case linked(generation: Int, Link)
    case notLinked(generation: Int, TransportError)
    case frame(generation: Int, FrameHeader, ByteBuffer)
    case closed(generation: Int, TransportError)
    /// What was given to the link to send has become little again.
    case drained
    case startMirror(MirrorOrder)
    case stopMirror
    /// From here until `captureBack` nobody sees what changes below a mount.
    case captureLost(mount: String)
    case captureBack(mount: String)
    /// What a capture says of itself.
    case capture(mount: String, CaptureFacts)
    /// What the source had when its mirror with that number began is on its own disk.
    case sourceSynced(mirror: Int)
    /// Changes did not come the ordinary way.
    case lose(ResyncReason)
    /// See `SourceConnection.setFence`.
    case fence(UInt64)
    /// `requestID` is set by the pump.
    case ask(Inspect, SnapshotBoard<[Inspected]?>)
    case stop(forget: Bool)
}

/// A mirror as it was asked for.
struct MirrorOrder: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Everything travels.
        case full
        /// What differs in size or time.
        case different
        /// What differs in content.
        case checksum
        /// What may differ, where its content does. Nobody asks for it.
        case resync
    }

    var kind: Kind
    var removesOrphans: Bool

    var isFull: Bool { kind == .full }

    /// For hooks.
    var facts: CommandRecord { ["kind": .text(words), "orphans": .boolean(removesOrphans)] }

    var words: String {
        switch kind {
        case .full: "full mirror"
        case .different: "difference mirror"
        case .checksum: "mirror by checksums"
        case .resync: "resync"
        }
    }
}
