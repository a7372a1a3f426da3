internal import CPosix
internal import CommandModel
internal import FileSystemAccess
internal import Glibc
internal import Logging
internal import NIOCore
internal import ReplicationModel
internal import StateStore
internal import TargetApply
internal import Transport
internal import WireProtocol

/// The apply thread of one connection: takes batches in order, applies them, says how far it is.
///
/// The order of duty: apply, write down what was applied, then acknowledge.
final class TargetPump {
    let connection: TargetConnection
    let owner: TargetConnections
    let mailbox: Mailbox<TargetNews>
    var logger: Logger

    /// News taken from the mailbox and not handled yet.
    var inbox: [TargetNews] = []
    /// What every event of the connection says.
    var facts: CommandRecord = [:]
    /// Of the mirror whose beginning was told of and whose end was not.
    var toldMirror: CommandRecord?
    var link: TargetLink?
    /// Of the link that was opened last.
    var linkNumber = 0
    var applier: Applier?
    var roots: [String] = []
    private var syncing: SyncThread?
    var inspection: InspectionThread?
    private var appliedBytes: UInt64 = 0
    private var retry: RetryState?
    private var lastProblem = ""
    private var lastApplied: UInt64 = 0
    /// Of batches with changes, since the last sync was asked for.
    private var unsyncedBytes = 0
    private var isOver = false
    /// Why the last applier was given up, and until when no other one is opened (monotonic).
    var diskProblem: (error: Errno, until: Int64)?

    struct RetryState {
        var errno: Errno
        var waitNanoseconds: Int64
        /// Monotonic.
        var since: Int64
    }

    init(connection: TargetConnection, owner: TargetConnections, mailbox: Mailbox<TargetNews>) {
        self.connection = connection
        self.owner = owner
        self.mailbox = mailbox
        logger = owner.logger
        logger[metadataKey: "incoming"] = "\(ConnectionPlan.uuid(connection.uuid))"
    }

    func run() {
        while !isOver {
            let seen = mailbox.signal
            inbox += mailbox.take()
            guard !inbox.isEmpty else {
                mailbox.sleep(while: seen, nanoseconds: 5 * Clock.second)
                if mailbox.signal == seen { applier?.closeIdle() }
                continue
            }
            handle(inbox.removeFirst())
            show()
        }
        finish()
    }

    /// For whoever asks at this server.
    private func show() {
        let retrying =
            diskProblem.map { "changes do not reach the disk: \($0.error)" }
            ?? (retry == nil ? "" : lastProblem)
        let (claim, isMirroring) = (applier?.claim, applier?.isMirroring ?? false)
        let positions = applier?.positions
        connection.show { shown in
            shown.claim = claim
            shown.isMirroring = isMirroring
            shown.retrying = retrying
            shown.applied = positions?.applied ?? 0
            shown.durable = positions?.durable ?? 0
        }
    }

    private func finish() {
        syncing?.stop()
        inspection?.stop()
        link?.link.close()
        connection.setLinked(false)
        if let applier {
            do { try applier.close() } catch { logger.warning("last sync: \(error)") }
        }
        applier = nil
        owner.forget(connection)
    }

    private func handle(_ news: TargetNews) {
        switch news {
        case .open(let link, let hello, let open): self.open(link, hello, open)
        case .batch(let link, let body): if link === self.link { apply(body) }
        case .inspect(let link, let question):
            if link === self.link { inspection?.post(.inspect(question, link)) }
        case .sums(let link, let question): if link === self.link { sum(question, link) }
        case .closed(let link): if link === self.link { unlink() }
        case .bye(let link):
            guard link === self.link else { return }
            logger.info("the source ended the connection")
            mirrorIsCut("the connection ended")
            forgetState()
        case .synced: acknowledge()
        case .syncFailed(let error, let syncer): if syncer === applier?.syncer { distrust(error) }
        case .problem(let text):
            lastProblem = text
            acknowledge()
        case .scriptsDone: break
        case .forget: forgetState()
        case .stop: isOver = true
        }
    }

    private func unlink() {
        link = nil
        connection.setLinked(false)
        mirrorIsCut("the link from the source ended")
        logger.info("the link from the source ended")
    }

    /// The disk did not take what was written, and the kernel may have forgotten it: all that is
    /// not durable comes again, after a pause, to an applier that begins there.
    private func distrust(_ error: Errno) {
        logger.error("changes do not reach the disk: \(error); those that may be lost come again")
        diskProblem = (error, Clock.monotonic + RetryTimes.most)
        tell("target.retrying", ["reason": .text("changes do not reach the disk: \(error)")])
        link?.link.close()
        if link != nil { unlink() }
        syncing?.stop()
        syncing = nil
        inspection?.stop()
        inspection = nil
        applier = nil
    }

    /// Ends the connection and removes what was kept for it; the replicated tree stays.
    private func forgetState() {
        isOver = true
        let uuid = ConnectionPlan.uuid(connection.uuid)
        try? owner.store.removeIncomingConnection(uuid)
        owner.links.forgotten(uuid)
        syncing?.stop()
        syncing = nil
        applier = nil
        let folder = stateFolder
        for name in DirectoryNames.list(folder) { Glibc.unlink(folder + "/" + name) }
        rmdir(folder)
    }

    var stateFolder: String {
        owner.stateDirectory + "/incoming-" + ConnectionPlan.uuid(connection.uuid)
    }

    /// The connection is agreed on; what comes now is applied.
    func begin(_ link: TargetLink, _ applier: Applier, roots: [String]) {
        self.link?.link.close()
        self.link = link
        self.roots = roots
        appliedBytes = 0
        // What became durable while there was no link is said behind the answer.
        mailbox.post(.synced)
        // What was being tried comes again, or something else does.
        retry = nil
        connection.setLinked(true)
        guard self.applier !== applier else { return }
        self.applier = applier
        syncing?.stop()
        let mailbox = mailbox
        let syncer = applier.syncer
        syncing = SyncThread(syncer, logger) {
            mailbox.post(.synced)
        } failed: { error in
            mailbox.post(.syncFailed(error, syncer))
        }
        inspection?.stop()
        inspection = InspectionThread(roots: roots, logger: logger)
    }

    /// Sums are of the file that the identity means at this place of the stream; they are read by
    /// another thread.
    private func sum(_ question: Sums, _ link: TargetLink) {
        inspection?.post(.sums(question, applier?.readable(question.file), link))
    }

    // MARK: Applying

    private func apply(_ body: ByteBuffer) {
        guard let applier else { return }
        let bytes = FrameHeader.byteCount + body.readableBytes
        let isWhole = body.withUnsafeReadableBytes { bytes -> Bool in
            let batch: BatchView
            do throws(WireError) { batch = try BatchView(bytes) } catch {
                logger.error("a batch makes no sense: \(error)")
                return false
            }
            for record in batch.records {
                let payload = batch.payload(of: record)
                guard isUndamaged(record, payload) else { continue }
                let done = untilItWorks { () throws(ApplyError) in
                    try applier.apply(record, payload)
                }
                if !done || !tellOfMirror(record, applier) { return false }
            }
            return untilItWorks { () throws(ApplyError) in
                _ = try applier.finishBatch(lastSequence: batch.header.lastSequence)
            }
        }
        guard isWhole else {
            // Cut in the middle: the source sends the batch again over the next link. What followed
            // it over this one must not be applied in front of it.
            applier.cutOffBatch()
            link?.link.close()
            unlink()
            return
        }
        appliedBytes += UInt64(bytes)
        hurryIfMuch(applier, bytes)
        report(applier)
        acknowledge()
    }

    /// Whether a change arrives as the capture appended it. The frame's own sum is right by now, so
    /// a difference was made in the source's memory, and sending it again would not mend it.
    private func isUndamaged(_ record: OperationRecord, _ payload: UnsafeRawBufferPointer) -> Bool {
        guard record.kind?.isChange == true, Checksum.of(payload) != record.checksum else {
            return true
        }
        logger.critical("change \(record.sequence) is damaged: a mirror is required")
        applier?.requireMirror()
        return false
    }

    /// Repeats something while the whole target is in trouble, such as for want of space; nothing
    /// is skipped for that. Answers false when the link or the server ended meanwhile.
    private func untilItWorks(_ body: () throws(ApplyError) -> Void) -> Bool {
        while true {
            do throws(ApplyError) {
                try body()
                if retry != nil {
                    logger.notice("the target takes changes again")
                    tell("target.recovered")
                    retry = nil
                    acknowledge()
                }
                return true
            } catch {
                let wait = min(
                    (retry?.waitNanoseconds ?? RetryTimes.first / 2) * 2, RetryTimes.most)
                if retry?.errno != error.errno {
                    logger.error("\(error); it is tried again")
                    let name = error.errno == .noSpace ? "target.full" : "target.retrying"
                    tell(name, ["reason": .text("\(error)")])
                }
                retry = RetryState(
                    errno: error.errno, waitNanoseconds: wait,
                    since: retry?.since ?? Clock.monotonic)
                lastProblem = "\(error)"
                acknowledge()
                show()
                let until = Clock.monotonic + wait
                while Clock.monotonic < until {
                    let seen = mailbox.signal
                    inbox += mailbox.take()
                    if inbox.contains(where: ends) { return false }
                    mailbox.sleep(while: seen, nanoseconds: max(1, until - Clock.monotonic))
                }
            }
        }
    }

    func ends(_ news: TargetNews) -> Bool {
        switch news {
        case .stop, .forget: true
        case .closed(let link), .bye(let link): link === self.link
        case .syncFailed(_, let syncer): syncer === applier?.syncer
        case .open, .batch, .inspect, .sums, .synced, .problem, .scriptsDone: false
        }
    }

    /// The source keeps changes until they are durable here, in bounded memory: so much of them
    /// must not wait for the next sync by the clock.
    private func hurryIfMuch(_ applier: Applier, _ bytes: Int) {
        syncing?.setMirroring(applier.isMirroring)
        let applied = applier.positions.applied
        guard applied > lastApplied else { return }
        lastApplied = applied
        unsyncedBytes += bytes
        guard unsyncedBytes > RetryTimes.unsyncedBytesMax else { return }
        unsyncedBytes = 0
        syncing?.hurry()
    }

    private func report(_ applier: Applier) {
        for problem in applier.takeProblems() {
            lastProblem = "\(problem)"
            logger.error("\(problem)")
        }
        guard let link else { return }
        for object in applier.takeAwaited() {
            let message = Awaited(
                mapping: object.mapping, path: object.path.bytes, isKnown: object.isKnown)
            _ = try? link.link.send(message, connection: 0)
        }
        let failed = applier.takeFailed().map {
            Failed.Object(file: $0.file, status: $0.errno.rawValue)
        }
        for start in stride(from: 0, to: failed.count, by: Failed.countMax) {
            let part = Array(failed[start..<min(failed.count, start + Failed.countMax)])
            _ = try? link.link.send(Failed(objects: part), connection: 0)
        }
    }

    private func acknowledge() {
        guard let applier, let link else { return }
        // What is missing is asked for before it is said that something is.
        report(applier)
        var flags: AcknowledgeFlags = []
        if applier.isInconsistent { flags.insert(.inconsistent) }
        if applier.isMirrorRequired { flags.insert(.mirrorRequired) }
        if applier.syncer.isCompletingMirror { flags.insert(.settling) }
        if applier.isRepeating { flags.insert(.repeating) }
        if applier.needsWholeMirror { flags.insert(.wholeMirrorRequired) }
        if let retry { flags.insert(retry.errno == .noSpace ? .outOfSpace : .retrying) }
        let stuck = retry.map { (Clock.monotonic - $0.since) / Clock.second } ?? 0
        let positions = applier.positions
        let message = Acknowledge(
            applied: positions.applied, durable: positions.durable, appliedBytes: appliedBytes,
            problemCount: applier.counters.problems, skippedCount: applier.counters.skipped,
            flags: flags, mirrorMarker: applier.mirrorGeneration, lastProblem: lastProblem,
            stuckSeconds: UInt32(clamping: stuck), removedCount: applier.counters.removed,
            movedCount: applier.counters.moved)
        _ = try? link.link.send(message, connection: 0)
    }
}

/// How long a target waits before it tries a failing operation again, and how much it keeps
/// unsynced.
enum RetryTimes {
    static let unsyncedBytesMax = 16 << 20
    static let first = 100 * Clock.millisecond
    static let most = 5 * Clock.second
}
