internal import CPosix
internal import FileSystemAccess
internal import Journal
internal import MirrorCore
internal import MirrorSource
internal import ReplicationModel
internal import SessionCore
internal import WireProtocol

/// The daemon at the source, from its start to its end: the real session, follower, queue's keeper
/// and walker, with what the runtime's pump does between them.
final class SimulatedSource {
    unowned let world: World
    let memory: JournalMemory
    let queue: QueueKeeper
    var session: SourceSession
    var follower: JournalFollower?
    private(set) var isEnded = false

    // The link.
    var link: SimulatedLink?
    var attempts = 0
    var nextAttempt: Int64 = 0
    var window = SendWindow(bytesMax: Limits.windowBytesMax)
    var toldThrough: UInt64 = 0
    var applied: UInt64 = 0
    var durable: UInt64 = 0

    // The mirror.
    var nextOwnMirror: Int64 = 0
    var mirror: SimulatedMirror?
    var lastKind: SimulatedMirror.Kind?
    /// What could not begin, and is tried again.
    var kindNotBegun: SimulatedMirror.Kind?
    /// Which run of its machine the target is in, and was in when a mirror began last.
    var targetBoot = ""
    var mirrorBoot = ""
    var unsettled: SourceSession.Data?
    /// Whether what changed around the capture is on the source's own disk.
    var sourceSync = SourceSync.needed
    /// The target said last that all it has is on its disk and good.
    var isTargetSettled = false
    /// The capture is lost: a look at the tree would prove nothing.
    var isHeld = false
    var nextRequestID: UInt64 = 1

    private var hotTurn: HotTurn?
    private var wakeTimes: Set<Int64> = []

    private struct HotTurn {
        let generation: UInt32
        let sequence: UInt64
    }

    static let connection: UInt32 = 7
    static let membershipBit: UInt16 = 1

    /// Starts, with what was kept of the connection.
    init(world: World, memory: JournalMemory, data: SourceSession.Data, continuity: Continuity) {
        self.world = world
        self.memory = memory
        memory.forgetSleepers()
        memory.keepFollowers(of: [Self.connection])
        memory.setWatched(1)
        queue = QueueKeeper(memory: memory, settings: world.queueSettings)
        do throws(Errno) {
            try queue.attach(connection: Self.connection, membershipBit: Self.membershipBit)
        } catch { world.story.tell("no marks can be kept: \(error)") }
        var corrected = SourceSession(data: data, replicates: true)
        if !queue.marks(connection: Self.connection).isEmpty { corrected.lose(.queueFull) }
        if continuity.isCaptureFresh { corrected.lose(.captureBroken) }
        if continuity.isJournalNew { corrected.lose(.queueLost) }
        session = SourceSession(data: corrected.data, replicates: true)
        follow()
        keepData()
    }

    /// What did not go on without a break while the daemon was away.
    struct Continuity {
        var isJournalNew = false
        var isCaptureFresh = false
    }

    private func follow() {
        if let known = JournalFollower.resume(memory, connection: Self.connection) {
            follower = known
            return
        }
        do throws(JournalError) {
            follower = try JournalFollower.start(memory, connection: Self.connection)
        } catch { world.fail("no place in the queue: \(error)") }
        session.lose(.queueLost)
    }

    /// What it says of the target is that it is good, with nothing pending.
    var isVouched: Bool { session.data == .good && unsettled == nil }

    // MARK: The loop

    /// Comes back to the work soon.
    func wake(after nanoseconds: Int64 = 0) {
        let time = world.now + max(nanoseconds, 0)
        guard wakeTimes.insert(time).inserted else { return }
        world.at(time) { [self] in
            wakeTimes.remove(time)
            guard !isEnded else { return }
            world.asSource { self.step() }
        }
    }

    private func step() {
        keepLink()
        if follower?.isPutOut == true, mirror != nil || session.data == .good {
            lose(.queueFull)
        }
        beginWhatIsOwed()
        keepData()
        let progressed = session.isStreaming && pump()
        followMirror()
        keepData()
        guard !world.sourceMachine.isStopped else { return }
        if progressed || session.isStreaming && window.isOpen && mirrorHasNext {
            wake(after: Int64(world.numbers.below(300_000)))
            return
        }
        if link == nil { wake(after: nextAttempt - world.now) }
        if session.isStreaming, mirror == nil, session.isMirrorOwed, !isHeld {
            wake(after: max(nextOwnMirror - world.now, 500_000_000))
        }
    }

    /// What is believed of the target is durable before anything is built on it.
    func keepData() {
        guard !world.sourceMachine.isStopped else { return }
        world.keep(session.data.orWorse(unsettled))
    }

    // MARK: Sending

    private func pump() -> Bool {
        guard let link, window.isOpen else { return false }
        if mirror == nil, !hasChanges || follower?.isPutOut == true { return false }
        var isWorthSending = false
        let frame = world.frame { batch in
            if mirror?.course.phase == .beginning { readMirror(into: &batch) }
            drain(into: &batch)
            readMirror(into: &batch)
            let through = follower?.position ?? 0
            isWorthSending = !batch.isEmpty || through > toldThrough
            return through
        }
        if follower?.isPutOut == true { return true }
        if isWorthSending {
            toldThrough = max(toldThrough, follower?.position ?? 0)
            window.sent(frame.count)
            mirror?.course.sent(window.sentBytes)
            world.figures.batches += 1
            world.story.tell("source sends a batch through \(toldThrough)")
            link.send(frame, from: .source)
        }
        ask(link)
        return isWorthSending
    }

    private var hasChanges: Bool {
        guard let follower else { return false }
        return follower.position < memory.newest || toldThrough < follower.position
    }

    private func drain(into batch: inout BatchBuilder) {
        guard let follower else { return }
        let limit = 1 + world.numbers.below(world.numbers.oneIn(3) ? 40 : 5)
        let stream = SetStream(bit: Self.membershipBit)
        _ = follower.read(limit: limit) { record, payload in
            switch stream.append(record, payload, to: &batch) {
            case .noRoom: false
            case .appended, .notConcerned: true
            }
        }
    }

    private func readMirror(into batch: inout BatchBuilder) {
        guard let mirror else { return }
        var steps = 1 + world.numbers.below(6)
        mirror.course.write(
            into: &batch, position: follower?.position ?? 0, applied: window.appliedBytes
        ) { _ in
            steps -= 1
            return steps >= 0
        }
    }

    private func ask(_ link: SimulatedLink) {
        guard let mirror else { return }
        func number() -> UInt64 {
            defer { nextRequestID += 1 }
            return nextRequestID
        }
        for question in mirror.course.takeQuestions(number) { send(question, link) }
        for question in mirror.course.takeSumQuestions(number) { send(question, link) }
    }

    // MARK: What was hot

    /// As the runtime does every ten seconds.
    func coolDown() {
        guard let capture = world.capture else { return }
        let delivered: UInt64? = isVouched ? durable : nil
        guard let turn = hotTurn else {
            guard delivered != nil,
                let generation = world.system.run(as: .capture, { capture.hot.rotate() }),
                capture.hot.isSettled
            else { return }
            let newest = memory.newest
            let result = world.syncSource()
            guard result >= 0 else { return }
            hotTurn = HotTurn(generation: generation, sequence: newest)
            return
        }
        guard let delivered, delivered >= turn.sequence else { return }
        hotTurn = nil
        do throws(Errno) {
            try HotSet.drop(
                folder: SimulatedCapture.folder, mount: SimulatedCapture.mount,
                through: turn.generation - 1)
            world.figures.cooledDown += 1
            world.story.tell("what was hot has cooled down")
        } catch { world.story.tell("what was hot stays so: \(error)") }
    }

    /// The process is gone.
    func end() {
        isEnded = true
        link?.close(from: .source)
        link = nil
        mirror = nil
    }
}
