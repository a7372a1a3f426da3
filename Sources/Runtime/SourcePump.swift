internal import CommandModel
internal import Journal
internal import Logging
internal import MirrorSource
internal import ReplicationModel
internal import SessionCore
internal import StateStore
internal import Synchronization
internal import Transport
internal import WireProtocol

/// The thread that makes one connection's stream: it drains the journal, reads the tree while a
/// mirror runs, and sends both as batches. Everything here is owned by that thread.
///
/// Orders of duty that hold because one thread does both: what it reads from the tree contains
/// every change up to its place in the journal, and the changes after that place follow in the
/// stream. So a mirror needs neither a pause nor a lock.
final class SourcePump {
    let plan: ConnectionPlan
    let surroundings: PumpSurroundings
    let mailbox: Mailbox<PumpNews>
    let board: SnapshotBoard<ConnectionSnapshot>
    var logger: Logger

    var session: SourceSession
    /// nil while changes are not followed.
    var follower: JournalFollower?

    // The link.
    var link: Link?
    var generation = 0
    var isConnecting = false
    var backoff: Backoff
    /// Monotonic; when to try again.
    var nextAttempt: Int64 = 0
    var lastHeard: Int64 = 0
    var linkedAt: Int64 = 0
    var lastSent: Int64 = 0
    var window = SendWindow(bytesMax: Limits.windowBytesMax)
    /// The newest sequence that the target was told of on this link.
    var toldThrough: UInt64 = 0

    var frames = FrameRing()
    /// Monotonic; when the last batch was sent.
    private var lastBatch: Int64 = 0
    /// Monotonic; since when nothing was to send; 0: something is. `.max`: buffers are given back.
    var idleSince: Int64 = 0

    // The mirror.
    /// Monotonic; the earliest time for a mirror or resync that nobody asked for.
    var nextOwnMirror: Int64 = 0
    let sourceSync = SourceSync()
    var mirror: RunningMirror?
    /// Paths that the last mirror could not read.
    var unreadable: Set<[UInt8]> = []
    /// The last mirror that was not about single objects.
    var lastOrder: MirrorOrder?
    /// What could not begin, and is tried again.
    var orderNotBegun: MirrorOrder?
    /// What a mirror or resync made good whose end the target does not yet have on its disk.
    var unsettled: SourceSession.Data?
    /// Which run of its machine the target is in, and was in when a mirror began last.
    var targetBoot = ""
    var mirrorBoot = ""
    /// The target said last that what it has is good and on its disk.
    var isTargetSettled = false
    /// Mounts whose changes nobody sees at the moment: a look at them would prove nothing.
    var heldMounts: Set<String> = []

    // Questions on their way, by request.
    var questions: [UInt64: PendingQuestion] = [:]
    var nextRequestID: UInt64 = 1

    var shown = ConnectionSnapshot()
    var continuity = ContinuityReport()
    /// What runs began by itself: the report of the continuity is about it.
    var isReported = false
    /// Monotonic; when its figures were taken last.
    var lastReport: Int64 = 0
    /// What is shown of the continuity is about it.
    private var shownData: SourceSession.Data?
    private var shownOpenAround = false
    private var savedContinuity: CommandRecord?
    /// When what runs, or waits to be settled, began; nanoseconds since 1970.
    var mirrorBegan: Int64 = 0
    var isStopping = false
    private var savedData: SourceSession.Data

    init(
        plan: ConnectionPlan, surroundings: PumpSurroundings, data: SourceSession.Data,
        mailbox: Mailbox<PumpNews>, board: SnapshotBoard<ConnectionSnapshot>
    ) {
        self.plan = plan
        self.surroundings = surroundings
        self.mailbox = mailbox
        self.board = board
        logger = surroundings.logger
        logger[metadataKey: "connection"] = "\(plan.id)"
        savedData = data
        session = SourceSession(data: data, replicates: plan.replicates)
        backoff = Backoff(seed: UInt64.random(in: 0...UInt64.max))
        shown.isReplicating = plan.replicates
    }

    /// Something asked of the target and not answered yet.
    enum PendingQuestion {
        case listing
        case asked(SnapshotBoard<[Inspected]?>, parts: [Inspected])
    }

    func run() {
        follow()
        tellOfStart()
        while !isStopping {
            let journalSignal = surroundings.journal.signal
            let mailSignal = mailbox.signal
            for news in mailbox.take() { handle(news) }
            if isStopping { break }
            keepLink()
            if follower?.isPutOut == true, mirror != nil || session.data == .good {
                lose(.queueFull)
            }
            beginWhatIsOwed()
            // Before the target hears of it.
            keepData()
            let progressed = session.isStreaming && pump()
            followMirror()
            keepData()
            keepContinuity()
            show()
            if progressed { gather() }
            if progressed || canSend && mirrorHasNext { continue }
            if session.isStreaming && !canSend {
                mailbox.sleep(while: mailSignal, nanoseconds: sleepNanoseconds)
            } else {
                surroundings.journal.sleep(while: journalSignal, nanoseconds: sleepNanoseconds)
            }
        }
        saveStatistics()
        show()
    }

    /// What the start found, once.
    private func tellOfStart() {
        guard continuity.start != Continuity.Finding.connected.rawValue else { return }
        let text = continuity.text(session.data, replicates: plan.replicates)
        tell(
            "connection.resumed", ["found": .text(continuity.start), "continuity": .text(text)])
        logger.info("goes on: \(continuity.start); continuity \(text)")
    }

    /// Takes up the place in the journal again, or a new one.
    private func follow() {
        guard plan.replicates else { return }
        if let known = JournalFollower.resume(surroundings.journal, connection: plan.id) {
            follower = known
            return
        }
        do {
            follower = try JournalFollower.start(surroundings.journal, connection: plan.id)
        } catch {
            logger.error("no place in the queue: \(error)")
        }
        session.lose(.queueLost)
    }

    /// When changes come without a pause, waits a moment for more of them instead of sending each
    /// by itself: a batch costs four threads' waking, whatever it holds, and a reader that sleeps
    /// must be woken by the capture. A change that comes alone is sent at once.
    private func gather() {
        let now = Clock.monotonic
        defer { lastBatch = now }
        guard mirror == nil, now - lastBatch < LinkTimes.burst else { return }
        Clock.rest(nanoseconds: LinkTimes.gathering)
    }

    private var sleepNanoseconds: Int64 {
        let now = Clock.monotonic
        var until = now + Clock.second / 2
        if link == nil && !isConnecting { until = min(until, nextAttempt) }
        return max(Clock.millisecond, until - now)
    }

    // MARK: News

    private func handle(_ news: PumpNews) {
        switch news {
        case .linked(let generation, let link): linked(generation, link)
        case .notLinked(let generation, let reason): notLinked(generation, reason)
        case .frame(let generation, let header, let body):
            if generation == self.generation { received(header, body) }
        case .closed(let generation, let reason):
            if generation == self.generation { lost("\(reason)") }
        // To look again is all there is to do.
        case .drained: break
        case .startMirror(let order): startMirror(order)
        case .stopMirror: stopMirror()
        case .captureLost(let mount):
            heldMounts.insert(mount)
            lose(.captureBroken)
        case .captureBack(let mount): captureIsBack(mount)
        case .capture(let mount, let facts): heard(facts, of: mount)
        case .lose(let reason): loseAround(reason)
        case .fence(let number): shown.fence = max(shown.fence, number)
        case .sourceSynced(let number):
            if number + 1 == shown.mirrorsStarted { mirror?.course.sourceIsSynced() }
        case .ask(let question, let answer): ask(question, answer)
        case .stop(let forget): stop(forget: forget)
        }
    }

    private func stop(forget: Bool) {
        isStopping = true
        if forget {
            if let link { send(Bye(), on: link) }
            follower?.stop()
        }
        link?.close()
        for question in questions.values {
            if case .asked(let answer, _) = question { answer.show([]) }
        }
    }

    /// Hooks hear of it.
    func tell(_ name: String, _ facts: CommandRecord = [:]) {
        var record = plan.facts
        for field in facts.fields { record[field.name] = field.value }
        surroundings.tell(RuntimeEvent(name, record))
    }

    // MARK: What outlives the process

    /// What is believed of the target is durable before anything is built on it.
    private func keepData() {
        let data = session.data.orWorse(unsettled)
        guard data != savedData else { return }
        savedData = data
        let (state, reason): (MirrorState, String) =
            switch data {
            case .good: (.done, "")
            case .mirroring:
                (lastOrder?.isFull == true ? .runningFull : .runningDifferent, "")
            case .resyncing(let reason): (.resyncing, reason.rawValue)
            case .required(let reason): (.required, reason.rawValue)
            }
        do {
            try surroundings.store.setMirrorState(state, reason: reason, of: Int(plan.id))
        } catch {
            logger.error("the connection's state was not saved: \(error)")
        }
    }

    /// Since when changes go their way, and what was done about the time before.
    private func keepContinuity() {
        switch session.data {
        case .good where shown.isOpenAround: fallthrough
        case .resyncing, .required, .mirroring:
            if continuity.since != nil, continuity.brokenSince == nil {
                continuity.brokenSince = Clock.now
            }
        case .good:
            if unsettled == nil, continuity.since == nil || continuity.brokenSince != nil {
                continuity.since = mirrorBegan > 0 ? mirrorBegan : continuity.startedAt
                continuity.brokenSince = nil
            }
        }
        // Nothing of it changes while changes flow.
        guard
            continuity != shown.continuity || session.data != shownData
                || shown.isOpenAround != shownOpenAround
        else { return }
        shownData = session.data
        shownOpenAround = shown.isOpenAround
        shown.continuity = continuity
        shown.continuityText = continuity.text(
            session.data, replicates: plan.replicates, isOpenAround: shown.isOpenAround)
        let kept = continuity.kept
        guard kept != savedContinuity else { return }
        savedContinuity = kept
        do {
            try surroundings.store.setSetting(
                plan.continuityKey, to: JSONWriter.text(of: .record(kept)))
        } catch {
            logger.warning("since when changes are followed was not saved: \(error)")
        }
    }

    private func saveStatistics() {
        var counters = ConnectionStatistics()
        counters.mirrorBytesTransferred = shown.mirrorBytesSent
        counters.mirrorBytesTransmitted = shown.mirrorBytesSent
        counters.replicationBytesTransferred = shown.replicationBytesSent
        counters.replicationBytesTransmitted = shown.replicationBytesSent
        counters.operationsSent = shown.operationsSent
        counters.filesMirrored = shown.mirrorObjectsDone
        do {
            try surroundings.store.saveStatistics([Int(plan.id): counters])
        } catch {
            logger.warning("the connection's counters were not saved: \(error)")
        }
    }

    /// Counters of before a restart go on.
    func restore(_ counters: ConnectionStatistics) {
        shown.mirrorBytesSent = counters.mirrorBytesTransferred
        shown.replicationBytesSent = counters.replicationBytesTransferred
        shown.operationsSent = counters.operationsSent
    }

    // MARK: Showing

    private func show() {
        shown.state = session.state
        shown.isVouched = session.data == .good && unsettled == nil
        shown.isLinked = session.isStreaming
        shown.unlinkedSince = session.isStreaming ? nil : shown.unlinkedSince ?? Clock.monotonic
        shown.newest = surroundings.journal.newest
        if let follower {
            shown.operationsInQueue = Int64(follower.keptCount)
            shown.replicationBytesInQueue = Int64(follower.unreadBytes) + Int64(window.flyingBytes)
            shown.oldestUndelivered = follower.time(after: shown.applied)
        }
        showMirror()
        board.show(shown)
    }
}
