internal import CommandModel
internal import FileSystemAccess
internal import Journal
internal import Logging
internal import MirrorCore
internal import MirrorSource
internal import SessionCore
internal import Transport
internal import WireProtocol

/// How a pump mirrors: begin, read in slices between the changes, end when the target misses
/// nothing.
extension SourcePump {
    /// What goes on after a broken link: compared with what arrived already. Size and time say what
    /// that is only as long as both sides live: a power cut may leave them and take content.
    var mirrorAfterBreak: MirrorOrder {
        if let orderNotBegun { return orderNotBegun }
        let isSure = lastOrder?.kind == .different && targetBoot == mirrorBoot
        return MirrorOrder(
            kind: isSure ? .different : .checksum,
            removesOrphans: lastOrder?.removesOrphans ?? plan.removesOrphans)
    }

    /// Objects that cannot be read, told by name; of more than these it is only known that there
    /// are many.
    private static let unreadableMax = 10_000

    func startMirror(_ order: MirrorOrder) {
        guard session.isStreaming, followAgain() != nil else { return }
        breakReport()
        beginMirror(order)
    }

    func beginMirror(
        _ order: MirrorOrder, isPartial: Bool = false, suspicion: (any Suspicion)? = nil
    ) {
        do throws(Errno) {
            let begun = try RunningMirror(plan, order, isPartial: isPartial, suspicion: suspicion)
            let (number, mailbox, journal) = (shown.mirrorsStarted, mailbox, surroundings.journal)
            begun.syncSource {
                mailbox.post(.sourceSynced(mirror: number))
                journal.wake()
            }
            mirror = begun
        } catch {
            return cannotBegin(order, isPartial: isPartial, isResync: suspicion != nil, error)
        }
        (orderNotBegun, shown.beginProblem) = (nil, "")
        if !isPartial { (lastOrder, mirrorBoot) = (order, targetBoot) }
        if suspicion == nil { session.mirrorStarted() }
        if !isPartial { mirrorBegan = Clock.now }
        if isReported, suspicion != nil { continuity.resync?.started = mirrorBegan }
        shown.mirrorsStarted += 1
        if !isPartial { unreadable = [] }
        if !isPartial {
            let isResync = order.kind == .resync
            tell(
                isResync ? "resync.started" : "mirror.started",
                isResync ? resyncFacts : order.facts)
        }
        logger.info("\(isPartial ? "sends what the target misses" : order.words + " started")")
    }

    /// A folder cannot be read at the moment. It is tried again; until then nothing is sent that
    /// follows what was to be put right.
    private func cannotBegin(
        _ order: MirrorOrder, isPartial: Bool, isResync: Bool, _ error: Errno
    ) {
        let problem =
            "the mirror cannot begin, because a folder cannot be read: \(error); it is tried again "
            + "every \(LinkTimes.betweenBegins / Clock.second) seconds"
        if shown.beginProblem != problem { logger.error("\(problem)") }
        shown.beginProblem = problem
        if plan.replicates { surroundings.queue.putOut(connection: plan.id, .ownWill) }
        if isPartial {
            session.lose(.objectsMissing)
        } else if !isResync {
            orderNotBegun = order
            session.mirrorStarted()
        }
        nextOwnMirror = Clock.monotonic + LinkTimes.betweenBegins
    }

    func stopMirror() {
        guard let running = mirror else { return }
        mirror = nil
        session.mirrorStopped()
        breakReport()
        if running.course.phase != .beginning { sendMirrorStopped() }
        keepProgress(of: running)
        tell("mirror.stopped", running.order.facts)
        logger.info("mirror stopped")
    }

    /// Adds the mirror's next slice to a batch.
    func readMirror(into batch: inout BatchBuilder) {
        guard let mirror else { return }
        mirror.write(
            into: &batch, position: follower?.position ?? 0, applied: window.appliedBytes)
    }

    /// After a batch went out, or an acknowledgement came.
    func followMirror() {
        guard let mirror else { return }
        mirror.course.sent(window.sentBytes)
        for problem in mirror.course.takeProblems() {
            // The target asks again for what it misses; that is told once.
            guard unreadable.count < Self.unreadableMax,
                unreadable.insert(problem.path).inserted
            else { continue }
            let path = String(decoding: problem.path, as: UTF8.self)
            logger.error(
                "cannot read '\(path)': \(Errno(rawValue: problem.errno)); the rest goes on")
        }
        shown.unreadableCount = Int64(unreadable.count)
        guard mirror.course.phase == .done else { return }
        keepProgress(of: mirror)
        self.mirror = nil
        // What is not settled of a whole mirror is not settled by a resync.
        if session.isMirrorOwed, unsettled != .mirroring { unsettled = session.data }
        session.mirrorCompleted()
        // Both news may have come at once: that the end is applied, and that it is durable.
        if isTargetSettled { settled() }
        shown.mirrorsCompleted += 1
        let progress = mirror.course.progress
        if !mirror.isPartial {
            endReport(progress)
            var facts = mirror.order.kind == .resync ? resyncFacts : mirror.order.facts
            facts["objects"] = .integer(Int64(progress.objectsDone))
            facts["bytes"] = .integer(Int64(clamping: progress.bytesSent))
            tell(mirror.order.kind == .resync ? "resync.completed" : "mirror.completed", facts)
        }
        logger.info(
            """
            \(mirror.order.words) completed: \(progress.objectsDone) objects, \
            \(progress.objectsSuspect) suspect, \(progress.bytesCompared) bytes compared, \
            \(progress.bytesSent) bytes sent
            """)
    }

    /// Whether the mirror has something to send at once.
    var mirrorHasNext: Bool { mirror?.course.hasNext(applied: window.appliedBytes) ?? false }

    func askForListings(on link: Link) {
        guard let mirror else { return }
        let asked = mirror.course.takeQuestions {
            defer { nextRequestID += 1 }
            return nextRequestID
        }
        for question in asked {
            questions[question.requestID] = .listing
            send(question, on: link)
        }
        let sums = mirror.course.takeSumQuestions {
            defer { nextRequestID += 1 }
            return nextRequestID
        }
        for question in sums { send(question, on: link) }
    }

    func awaited(_ message: Awaited) { wanted(message) }

    /// The target met an object that it does not have, such as one that moved into the set.
    private func wanted(_ message: Awaited) {
        // An end that is acknowledged already counts before what is asked for after it.
        followMirror()
        if let mirror {
            mirror.course.enqueue(message)
            if mirror.course.isHopeless {
                self.mirror = nil
                session.require(.objectsMissing)
                logger.error("the target misses objects that cannot be found at the source")
            }
            return
        }
        guard session.data == .good || session.data == .resyncing(.objectsMissing) else { return }
        beginMirror(MirrorOrder(kind: .full, removesOrphans: false), isPartial: true)
        mirror?.course.enqueue(message)
    }

    private func keepProgress(of mirror: RunningMirror) {
        shown.mirrorBytesSent += Int64(mirror.course.progress.bytesSent)
        shown.mirrorObjectsDone = Int64(mirror.course.progress.objectsDone)
        shown.mirrorBytesDone = Int64(mirror.course.progress.bytesDone)
    }

    func showMirror() {
        shown.isMirroring = mirror != nil
        shown.isMirrorOwed = mirror == nil && session.isMirrorOwed
        shown.isResync = mirror?.order.kind == .resync
        guard let mirror else {
            shown.mirrorBytesInQueue = 0
            (shown.mirrorPercent, shown.mirrorSecondsLeft) = (nil, nil)
            return
        }
        let progress = mirror.course.progress
        followReport(progress)
        if shown.mirrorStarted != mirror.started { shown.mirrorPercent = nil }
        shown.mirrorStarted = mirror.started
        shown.mirrorObjectsDone = Int64(progress.objectsDone)
        shown.mirrorBytesDone = Int64(progress.bytesDone)
        shown.mirrorObjectsTotal = Int64(progress.objectsTotal)
        shown.mirrorBytesTotal = Int64(progress.bytesTotal)
        shown.objectsSuspect = Int64(progress.objectsSuspect)
        shown.bytesCompared = Int64(progress.bytesCompared)
        shown.bytesToCompare = Int64(progress.bytesToCompare)
        shown.bytesSentNow = Int64(progress.bytesSent)
        // What the target asks for later makes the whole larger; what was shown is not taken back.
        shown.mirrorPercent = progress.percent.map { max(Int($0), shown.mirrorPercent ?? 0) }
        shown.mirrorSecondsLeft = progress.secondsLeft(now: Clock.monotonic).map {
            Int($0.rounded(.up))
        }
        shown.mirrorBytesInQueue = Int64(
            progress.bytesTotal - min(progress.bytesTotal, progress.bytesDone))
    }
}
