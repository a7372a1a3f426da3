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
    /// What goes on after a broken link: compared with what arrived already.
    var mirrorAfterBreak: MirrorOrder {
        MirrorOrder(
            isFull: false, removesOrphans: mirror?.order.removesOrphans ?? plan.removesOrphans)
    }

    func startMirror(_ order: MirrorOrder) {
        guard session.isStreaming else { return }
        if plan.replicates, follower == nil || follower?.isPutOut == true {
            // Changes are followed from before the first look at the tree, so none is missed.
            follower?.stop()
            follower = try? JournalFollower.start(surroundings.journal, connection: plan.id)
            guard follower != nil else {
                logger.error("no place in the queue for the connection")
                return
            }
        }
        beginMirror(order)
    }

    func beginMirror(_ order: MirrorOrder, isPartial: Bool = false) {
        do throws(Errno) {
            mirror = try RunningMirror(plan, order, isPartial: isPartial)
        } catch {
            logger.error("the mirror cannot begin: \(error)")
            session.require(.mirrorStopped)
            return
        }
        session.mirrorStarted()
        shown.mirrorsStarted += 1
        shown.unreadableCount = 0
        logger.info(
            isPartial
                ? "sends what the target misses"
                : "mirror started (\(order.isFull ? "full" : "different"))")
    }

    /// When the target lacks objects that it could not even name, only a look at everything finds
    /// them. That needs nobody's decision, so it is not waited for; but not more often than now and
    /// then.
    func mirrorWhatIsMissed() {
        let now = Clock.monotonic
        guard session.isStreaming, mirror == nil, session.data == .required(.objectsMissing),
            now >= nextOwnMirror
        else { return }
        nextOwnMirror = now + LinkTimes.betweenOwnMirrors
        logger.warning("the target lacks objects: a mirror starts by itself")
        startMirror(MirrorOrder(isFull: false, removesOrphans: false))
    }

    func stopMirror() {
        guard let running = mirror else { return }
        mirror = nil
        session.mirrorStopped()
        keepProgress(of: running)
        logger.info("mirror stopped")
    }

    /// Adds the mirror's next slice to a batch.
    func readMirror(into batch: inout BatchBuilder) {
        guard let mirror else { return }
        _ = mirror.write(
            into: &batch, position: follower?.position ?? 0, applied: window.appliedBytes)
    }

    /// After a batch went out, or an acknowledgement came.
    func followMirror() {
        guard let mirror else { return }
        mirror.sent(window.sentBytes)
        for problem in mirror.takeProblems() {
            shown.unreadableCount += 1
            let path = String(decoding: problem.path, as: UTF8.self)
            logger.error(
                "cannot read '\(path)': \(Errno(rawValue: problem.errno)); the rest goes on")
        }
        guard mirror.phase == .done else { return }
        keepProgress(of: mirror)
        self.mirror = nil
        session.mirrorCompleted()
        shown.mirrorsCompleted += 1
        let progress = mirror.progress
        logger.info(
            "mirror completed: \(progress.objectsDone) objects, \(progress.bytesSent) bytes sent"
        )
    }

    /// Whether the mirror has something to send at once.
    var mirrorHasNext: Bool { mirror?.hasNext(applied: window.appliedBytes) ?? false }

    func askForListings(on link: Link) {
        guard let mirror else { return }
        let asked = mirror.takeQuestions {
            defer { nextRequestID += 1 }
            return nextRequestID
        }
        for question in asked {
            questions[question.requestID] = .listing
            send(question, on: link)
        }
    }

    func awaited(_ message: Awaited) { wanted(message) }

    /// The target met an object that it does not have, such as one that moved into the set.
    private func wanted(_ message: Awaited) {
        // An end that is acknowledged already counts before what is asked for after it.
        followMirror()
        if let mirror {
            _ = mirror.enqueue(mapping: message.mapping, path: message.path)
            if mirror.vainEnds > RunningMirror.vainEndsMax {
                self.mirror = nil
                session.require(.objectsMissing)
                logger.error("the target misses objects that cannot be found at the source")
            }
            return
        }
        guard session.data == .good || session.data == .required(.objectsMissing) else { return }
        beginMirror(MirrorOrder(isFull: true, removesOrphans: false), isPartial: true)
        _ = mirror?.enqueue(mapping: message.mapping, path: message.path)
    }

    private func keepProgress(of mirror: RunningMirror) {
        shown.mirrorBytesSent += Int64(mirror.progress.bytesSent)
        shown.mirrorObjectsDone = Int64(mirror.progress.objectsDone)
        shown.mirrorBytesDone = Int64(mirror.progress.bytesDone)
    }

    func showMirror() {
        shown.isMirroring = mirror != nil
        shown.isMirrorOwed = mirror == nil && session.data == .mirroring
        guard let mirror else {
            shown.mirrorBytesInQueue = 0
            (shown.mirrorPercent, shown.mirrorSecondsLeft) = (nil, nil)
            return
        }
        let progress = mirror.progress
        shown.mirrorStarted = mirror.started
        shown.mirrorObjectsDone = Int64(progress.objectsDone)
        shown.mirrorBytesDone = Int64(progress.bytesDone)
        shown.mirrorObjectsTotal = Int64(progress.objectsTotal)
        shown.mirrorBytesTotal = Int64(progress.bytesTotal)
        shown.mirrorPercent = progress.percent.map { Int($0) }
        shown.mirrorSecondsLeft = progress.secondsLeft(now: Clock.monotonic).map {
            Int($0.rounded(.up))
        }
        shown.mirrorBytesInQueue = Int64(
            progress.bytesTotal - min(progress.bytesTotal, progress.bytesDone))
    }
}
