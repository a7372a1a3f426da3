internal import CPosix
internal import FileSystemAccess
internal import MirrorCore
internal import ReplicationModel
internal import TargetApply
internal import WireProtocol

/// The daemon at the target, from its start to its end: the real applier, syncer and inspector,
/// with what the runtime's threads do around them done step by step.
final class SimulatedTarget {
    unowned let world: World
    private(set) var applier: Applier?
    private(set) var link: SimulatedLink?
    /// News not handled yet, in order.
    private var inbox: [News] = []
    /// The batch at hand, and how many of its records are made.
    private var work: Work?
    private var appliedBytes: UInt64 = 0
    private var retry: Retry?
    private var lastProblem = ""
    private var isSyncDue = false
    private var isSyncing = false
    /// What the source may have sent before: until it came again the tree is of several moments.
    private(set) var frontier: UInt64 = 0
    private(set) var replayThrough: UInt64 = 0
    private(set) var isEnded = false

    enum News {
        case open(Open, SimulatedLink)
        case batch([UInt8], SimulatedLink)
        case inspect(Inspect, SimulatedLink)
        case sums(Sums, SimulatedLink)
        case closed(SimulatedLink)
        case synced
        case syncFailed(Applier)
    }

    private struct Work {
        let body: [UInt8]
        var done = 0
    }

    private struct Retry {
        var errno: Errno
        var wait: Int64
        var since: Int64
    }

    init(world: World) { self.world = world }

    /// Whether a batch is half made.
    var isBusy: Bool { work != nil }

    // MARK: News

    func received(_ frame: FrameReader.Frame, _ link: SimulatedLink) {
        do throws(WireError) {
            switch frame.header.kind {
            case .hello: send(world.hello(of: .target), link)
            case .open: post(.open(try Open(frame), link))
            case .batch: post(.batch(frame.body, link))
            case .inspect: post(.inspect(try Inspect(frame), link))
            case .sums: post(.sums(try Sums(frame), link))
            case .heartbeat: break
            default: world.fail("the target got a frame of kind \(frame.header.kindNumber)")
            }
        } catch { world.fail("the target cannot read a message: \(error)") }
    }

    func post(_ news: News) {
        inbox.append(news)
        wake()
    }

    private func wake() {
        let wait = Int64(world.numbers.below(400_000))
        world.at(world.now + wait) { [self] in run() }
    }

    /// Does what there is to do, as long as nothing has to be waited for.
    private func run() {
        guard !isEnded, retry == nil else { return }
        world.asTarget { self.handleAll() }
    }

    private func handleAll() {
        while !world.targetMachine.isStopped, retry == nil {
            if work != nil {
                if !goOn() { return }
                continue
            }
            guard !inbox.isEmpty else { return }
            handle(inbox.removeFirst())
        }
    }

    private func handle(_ news: News) {
        switch news {
        case .open(let open, let link): self.open(open, link)
        case .batch(let body, let link): if link === self.link { begin(body) }
        case .inspect(let question, let link): if link === self.link { inspect(question, link) }
        case .sums(let question, let link): if link === self.link { sum(question, link) }
        case .closed(let link):
            if link === self.link { self.link = nil }
        case .synced: acknowledge()
        case .syncFailed(let applier): if applier === self.applier { distrust() }
        }
    }

    /// All that is not durable comes again, after a pause, to an applier that begins there.
    private func distrust() {
        world.story.tell("target gives up what is not durable")
        distrustedUntil = world.now + 5_000_000_000
        link?.close(from: .target)
        link = nil
        applier = nil
    }

    /// Until when no other applier is opened, since one was given up.
    private var distrustedUntil: Int64?

    // MARK: Opening

    private var linkNumber = 0

    private func open(_ open: Open, _ link: SimulatedLink) {
        // Its source has given it up: what it said comes late.
        guard link.number > linkNumber else { return link.close(from: .target) }
        linkNumber = link.number
        if let distrustedUntil, world.now < distrustedUntil {
            return send(Opened(isAccepted: false, code: 1, reason: "the disk failed"), link)
        }
        do throws(ApplyError) {
            let applier: Applier
            if let known = self.applier {
                known.replayThrough = max(known.replayThrough, open.newestSequence)
                known.askAgain()
                applier = known
            } else {
                applier = try Applier.open(
                    ApplySettings(
                        stateFolder: BytePath("/targetState/incoming"),
                        roots: open.mappings.map {
                            ApplyRoot(file: $0.root, path: BytePath($0.targetPath))
                        }, isPrivileged: true, replayThrough: open.newestSequence,
                        isDistrusted: distrustedUntil != nil))
                self.applier = applier
                distrustedUntil = nil
                frontier = 0
                if applier.journalID == open.journalID {
                    frontier = open.newestSequence
                    world.targetOpened(self, applier)
                }
            }
            replayThrough = max(replayThrough, open.newestSequence)
            let before = applier.journalID
            var isInconsistent = applier.isToBeCompared
            if before != open.journalID {
                applier.requireResync()
                _ = try applier.finishBatch(lastSequence: applier.positions.applied)
                try applier.begin(journalID: open.journalID, applied: open.oldestSequence)
                isInconsistent = true
                (frontier, replayThrough) = (0, open.newestSequence)
            }
            self.link?.close(from: .target)
            self.link = link
            appliedBytes = 0
            // What was being tried comes again, or something else does.
            (firstFailure, lastWait) = (nil, 0)
            post(.synced)
            world.story.tell(
                "target agrees: applied \(applier.positions.applied), durable "
                    + "\(applier.positions.durable)\(isInconsistent ? ", inconsistent" : "")")
            send(
                Opened(
                    isAccepted: true, applied: applier.positions.applied,
                    durable: applier.positions.durable, journalID: before,
                    isInconsistent: isInconsistent, mirrorGeneration: applier.mirrorGeneration,
                    needsWholeMirror: applier.needsWholeMirror,
                    isRepeating: applier.isRepeating), link)
        } catch {
            if applier?.syncer.mayHaveLost == true { distrust() }
            world.story.tell("target refuses: \(error)")
            send(Opened(isAccepted: false, code: 1, reason: "\(error)"), link)
        }
    }

    // MARK: Applying

    private func begin(_ body: [UInt8]) { work = Work(body: body) }

    /// Makes the batch at hand. Answers false when it has to be waited.
    private func goOn() -> Bool {
        guard let applier, let work else { return true }
        let done = work.body.withUnsafeBytes { bytes -> Bool in
            let view: BatchView
            do throws(WireError) { view = try BatchView(bytes) } catch {
                world.fail("a batch makes no sense: \(error)")
                return false
            }
            return apply(view, applier)
        }
        guard done, !world.targetMachine.isStopped else { return false }
        self.work = nil
        appliedBytes += UInt64(FrameHeader.byteCount + work.body.count)
        syncSoon(hurries: !applier.isMirroring && wasMirroring)
        wasMirroring = applier.isMirroring
        report(applier)
        world.targetApplied(self, applier)
        acknowledge()
        return true
    }

    private var wasMirroring = false

    private func apply(_ view: BatchView, _ applier: Applier) -> Bool {
        frontier = max(frontier, view.header.lastSequence)
        world.oracle.sent(journal: applier.journalID, frontier)
        for record in view.records.dropFirst(work?.done ?? 0) {
            let payload = view.payload(of: record)
            if record.kind?.isChange == true, Checksum.of(payload) != record.checksum {
                world.fail("change \(record.sequence) is damaged")
            }
            // The other thread syncs whenever it likes.
            if world.numbers.oneIn(24) { sync() }
            guard tried({ () throws(ApplyError) in try applier.apply(record, payload) }) else {
                return false
            }
            work?.done += 1
            if record.kind?.isChange != true {
                world.story.tell("  target made \(record.words(payload))")
            }
        }
        let last = view.header.lastSequence
        guard
            tried({ () throws(ApplyError) in
                _ = try applier.finishBatch(lastSequence: last)
            })
        else { return false }
        world.story.tell(
            "target applied \(work?.done ?? 0) records, through \(applier.positions.applied)"
                + (applier.isInconsistent ? ", inconsistent" : ""))
        return true
    }

    /// Whether something worked; if not, it is tried again later.
    private func tried(_ body: () throws(ApplyError) -> Void) -> Bool {
        do throws(ApplyError) {
            try body()
            if firstFailure != nil {
                firstFailure = nil
                lastWait = 0
                acknowledge()
            }
            return true
        } catch {
            guard !world.targetMachine.isStopped else { return false }
            lastWait = min(max(lastWait * 2, 100_000_000), 5_000_000_000)
            let since = firstFailure ?? world.now
            firstFailure = since
            lastErrno = error.errno
            lastProblem = "\(error)"
            world.story.tell("target waits: \(error)")
            retry = Retry(errno: error.errno, wait: lastWait, since: since)
            acknowledge()
            world.at(world.now + lastWait) { [self] in
                retry = nil
                // The link or the source is gone: what is left of the batch comes again.
                if let link, inbox.contains(where: { $0.ends(link) }) { dropWork() }
                run()
            }
            return false
        }
    }

    private var firstFailure: Int64?
    private var lastWait: Int64 = 0
    private var lastErrno: Errno?

    /// A batch cut in the middle: the source sends it again over the next link, and what followed
    /// it over this one must not be made in front of it.
    private func dropWork() {
        work = nil
        applier?.cutOffBatch()
        link?.close(from: .target)
        link = nil
    }

    private func report(_ applier: Applier) {
        for problem in applier.takeProblems() {
            lastProblem = "\(problem)"
            world.story.tell("target's problem: \(problem)")
        }
        guard let link else { return }
        for object in applier.takeAwaited() {
            world.story.tell("target misses '\(object.path)'")
            send(
                Awaited(
                    mapping: object.mapping, path: object.path.bytes, isKnown: object.isKnown),
                link)
        }
        let failed = applier.takeFailed().map {
            Failed.Object(file: $0.file, status: $0.errno.rawValue)
        }
        if !failed.isEmpty { send(Failed(objects: failed), link) }
    }

    private func acknowledge() {
        guard let applier, let link else { return }
        // What is missing is asked for before it is said that something is.
        report(applier)
        var flags: AcknowledgeFlags = []
        if applier.isInconsistent { flags.insert(.inconsistent) }
        if applier.isMirrorRequired { flags.insert(.mirrorRequired) }
        if applier.syncer.isCompletingMirror { flags.insert(.settling) }
        if applier.needsWholeMirror { flags.insert(.wholeMirrorRequired) }
        if applier.isRepeating { flags.insert(.repeating) }
        if firstFailure != nil { flags.insert(lastErrno == .noSpace ? .outOfSpace : .retrying) }
        let stuck = firstFailure.map { (world.now - $0) / 1_000_000_000 } ?? 0
        let positions = applier.positions
        world.acknowledged(durable: positions.durable, of: applier.journalID)
        send(
            Acknowledge(
                applied: positions.applied, durable: positions.durable, appliedBytes: appliedBytes,
                problemCount: applier.counters.problems, skippedCount: applier.counters.skipped,
                flags: flags, mirrorMarker: applier.mirrorGeneration, lastProblem: lastProblem,
                stuckSeconds: UInt32(clamping: stuck), removedCount: applier.counters.removed,
                movedCount: applier.counters.moved), link)
    }

    private func send(_ message: some WireMessage, _ link: SimulatedLink) {
        do throws(WireError) {
            link.send(try message.frame(connection: 0), from: .target)
        } catch { world.fail("a message cannot be written: \(error)") }
    }

    // MARK: The other threads

    private func syncSoon(hurries: Bool) {
        guard !isSyncDue else { return }
        isSyncDue = true
        let interval: Int64 = applier?.isMirroring == true ? 5_000_000_000 : 500_000_000
        let wait = hurries ? 1 : Int64(world.numbers.below(Int(interval)))
        world.at(world.now + wait) { [self] in
            isSyncDue = false
            guard !isEnded else { return }
            world.asTarget {
                // The apply thread goes on while this one waits for the disk.
                self.world.system.whileSyncing = { [self] in
                    if world.numbers.oneIn(2) { handleNext() }
                }
                defer { self.world.system.whileSyncing = nil }
                self.sync()
            }
        }
    }

    private func handleNext() {
        guard isSyncing, retry == nil, work == nil, case .batch = inbox.first else { return }
        let news = inbox.removeFirst()
        let more = world.system.whileSyncing
        world.system.whileSyncing = nil
        defer { world.system.whileSyncing = more }
        handle(news)
        if work != nil { _ = goOn() }
    }

    /// The daemon ends in good order.
    func close() {
        guard work == nil, retry == nil, let applier else { return }
        do throws(ApplyError) { try applier.close() } catch {
            world.story.tell("the target's last sync fails: \(error)")
        }
    }

    private func sync() {
        guard let applier, !isSyncing, !world.targetMachine.isStopped else { return }
        isSyncing = true
        defer { isSyncing = false }
        let before = applier.syncer.durable
        let endsMirror = applier.syncer.isCompletingMirror
        do throws(Errno) {
            let now = try applier.syncer.sync()
            guard now != before || endsMirror, !world.targetMachine.isStopped else { return }
            world.story.tell("target is durable through \(now)")
            if work == nil, retry == nil { acknowledge() } else { post(.synced) }
        } catch {
            guard !world.targetMachine.isStopped else { return }
            world.story.tell("target's sync fails: \(error)")
            if applier.syncer.mayHaveLost { post(.syncFailed(applier)) }
            syncSoon(hurries: false)
        }
    }

    private func inspect(_ question: Inspect, _ link: SimulatedLink) {
        let wait = Int64(world.numbers.below(3_000_000))
        world.at(world.now + wait) { [self] in
            guard !isEnded, link === self.link else { return }
            world.asTarget {
                var entries: [TreeEntry] = []
                var status: CInt = 0
                do throws(Errno) {
                    entries = try Inspector(roots: [BytePath("/target")]).list(
                        mapping: Int(question.mapping), path: BytePath(question.path))
                } catch { status = error.rawValue }
                self.send(
                    Inspected(
                        requestID: question.requestID, status: status, hasMore: false,
                        entries: entries.map {
                            Entry(
                                name: $0.name, attributes: $0.attributes,
                                digest: Digest(low: 0, high: 0), extendedDigest: 0)
                        }), link)
            }
        }
    }

    /// The identity is found at this place of the stream, and read later.
    private func sum(_ question: Sums, _ link: SimulatedLink) {
        let file = applier?.readable(question.file)
        let wait = Int64(world.numbers.below(3_000_000))
        world.at(world.now + wait) { [self] in
            guard !isEnded, link === self.link else { return }
            world.asTarget {
                var answer = Summed(requestID: question.requestID, status: 2)
                do throws(Errno) {
                    if let file {
                        let found = try BlockReader().sums(
                            of: file.descriptor, firstBlock: question.firstBlock,
                            count: question.count)
                        answer = Summed(
                            requestID: question.requestID, size: found.size, sums: found.sums)
                    }
                } catch { answer.status = error.rawValue }
                self.send(answer, link)
            }
        }
    }

    /// The process is gone.
    func end() {
        isEnded = true
        applier = nil
        work = nil
        link?.close(from: .target)
        link = nil
        inbox = []
    }
}

extension SimulatedTarget.News {
    func ends(_ link: SimulatedLink) -> Bool {
        switch self {
        case .closed(let closed): closed === link
        case .open, .batch, .inspect, .sums, .synced, .syncFailed: false
        }
    }
}
