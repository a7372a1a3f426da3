internal import CPosix
internal import CommandModel
internal import Journal
internal import Logging
internal import MirrorSource
internal import NIOCore
internal import ReplicationModel
internal import SessionCore
internal import StateStore
internal import Transport
internal import WireProtocol

/// How a pump keeps its link to the target and takes what comes over it.
extension SourcePump {
    /// Makes a link when there is none and it is time, and ends one that went silent.
    func keepLink() {
        let now = Clock.monotonic
        if let link {
            if now - lastHeard > LinkTimes.silence {
                lost("the target was silent for \(LinkTimes.silence / Clock.second) seconds")
                link.close()
            } else if !session.isStreaming, now - linkedAt > LinkTimes.answer {
                lost("the target did not answer within \(LinkTimes.answer / Clock.second) seconds")
                link.close()
            } else if now - lastSent > LinkTimes.heartbeat {
                send(Heartbeat(time: Clock.now), on: link)
            }
            return
        }
        guard !isConnecting, now >= nextAttempt else { return }
        isConnecting = true
        generation += 1
        let generation = generation
        let mailbox = mailbox
        let journal = surroundings.journal
        let post: @Sendable (PumpNews) -> Void = { news in
            mailbox.post(news)
            journal.wake()
        }
        let connect = surroundings.connect
        let peer = plan.peer
        Task {
            do throws(TransportError) {
                let link = try await connect(peer, SourceLink(generation: generation, post: post))
                post(.linked(generation: generation, link))
            } catch {
                post(.notLinked(generation: generation, error))
            }
        }
    }

    func notLinked(_ generation: Int, _ reason: TransportError) {
        guard generation == self.generation else { return }
        isConnecting = false
        waitBeforeNextAttempt()
        if shown.lastLinkProblem != "\(reason)" {
            logger.warning("no link to '\(plan.peer.name)': \(reason)")
        }
        shown.lastLinkProblem = "\(reason)"
    }

    func linked(_ generation: Int, _ link: Link) {
        guard generation == self.generation, isConnecting else {
            link.close()
            return
        }
        isConnecting = false
        self.link = link
        lastHeard = Clock.monotonic
        linkedAt = lastHeard
        window.reset()
        session.linked()
        send(surroundings.hello, on: link)
        send(
            Open(
                connectionID: plan.id, connectionUUID: plan.uuid, setName: plan.setName,
                journalID: surroundings.journal.journalID,
                oldestSequence: follower?.released ?? 0,
                newestSequence: surroundings.journal.newest,
                policy: plan.replicates ? [.privileged] : [.privileged, .noReplication],
                mappings: plan.roots.map { root in
                    Open.Mapping(
                        sourcePath: Array(root.sourcePath.utf8),
                        targetPath: Array(root.targetPath.utf8), root: root.file,
                        sourceDevice: root.device, sourceInode: root.file.inode)
                }), on: link)
    }

    func lost(_ reason: String) {
        guard link != nil || isConnecting else { return }
        logger.warning("the link to '\(plan.peer.name)' ended: \(reason)")
        tell("connection.lost", ["reason": .text(reason)])
        link = nil
        isConnecting = false
        generation += 1
        session.lost()
        window.reset()
        isTargetSettled = false
        shown.lastLinkProblem = reason
        waitBeforeNextAttempt()
        for (_, question) in questions {
            if case .asked(let answer, _) = question { answer.show([]) }
        }
        questions = [:]
    }

    private func waitBeforeNextAttempt() {
        let wait = backoff.next()
        nextAttempt =
            Clock.monotonic + wait.components.seconds * Clock.second
            + wait.components.attoseconds / 1_000_000_000
    }

    // MARK: Frames

    func received(_ header: FrameHeader, _ body: ByteBuffer) {
        lastHeard = Clock.monotonic
        do throws(WireError) {
            try withBytes(of: body) { bytes throws(WireError) in
                switch header.kind {
                case .hello: try greeted(Hello(body: bytes))
                case .opened: try opened(Opened(body: bytes))
                case .acknowledge: try acknowledged(Acknowledge(body: bytes))
                case .inspected: try inspected(Inspected(body: bytes))
                case .awaited: awaited(try Awaited(body: bytes))
                case .summed: mirror?.course.summed(try Summed(body: bytes))
                case .failed: failed(try Failed(body: bytes))
                case .refuse:
                    let refusal = try Refuse(body: bytes)
                    refused(refusal.reason)
                case .bye: lost("the target ended the connection")
                case .heartbeat, nil: break
                case .open, .batch, .inspect, .sums: throw .unknownKind(header.kindNumber)
                }
            }
        } catch {
            logger.error("'\(plan.peer.name)' sent what cannot be understood: \(error)")
            link?.close()
            lost("\(error)")
        }
    }

    private func greeted(_ hello: Hello) {
        targetBoot = hello.bootID
        let own = ProtocolVersion.supported
        guard ProtocolVersion.negotiate(own: own, peer: hello.versions) == nil else { return }
        refused("'\(hello.serverName)' speaks other versions of the protocol")
    }

    private func refused(_ reason: String) {
        logger.error("'\(plan.peer.name)' refused the connection: \(reason)")
        session.refused(reason)
        link?.close()
        link = nil
        generation += 1
        // Whatever it was, asking ten times a second does not mend it.
        nextAttempt = Clock.monotonic + LinkTimes.afterRefusal
    }

    private func opened(_ answer: Opened) {
        guard answer.isAccepted else { return refused(answer.reason) }
        backoff.reset()
        shown.lastLinkProblem = ""
        shown.applied = answer.applied
        shown.durable = answer.durable
        let action = session.opened(
            .init(
                journalID: answer.journalID, applied: answer.applied,
                isInconsistent: answer.isInconsistent,
                needsWholeMirror: answer.needsWholeMirror, isRepeating: answer.isRepeating),
            .init(
                journalID: surroundings.journal.journalID, released: follower?.released ?? 0,
                newest: surroundings.journal.newest,
                canFollow: follower.map { !$0.isPutOut } ?? !plan.replicates,
                unsettled: unsettled))
        logger.info("linked to '\(plan.peer.name)': \(action)")
        tell("connection.linked")
        switch action {
        case .resume(let sequence):
            follower?.rewind(to: sequence)
            toldThrough = 0
        case .resync:
            // Changes are not sent in front of what puts the tree right: they become marks, too.
            surroundings.queue.putOut(connection: plan.id, .ownWill)
            toldThrough = 0
        case .mirrorAgain:
            // What was on its way when the link broke comes again; the target drops what it has.
            if answer.journalID == surroundings.journal.journalID {
                follower?.rewind(to: answer.applied)
            }
            toldThrough = 0
        case .stay: break
        }
        // What ran on the last link is owed again, and at once where the target was not the reason.
        mirror = nil
        if session.data != .resyncing(.targetStuck) { nextOwnMirror = 0 }
    }

    private func acknowledged(_ news: Acknowledge) {
        window.applied(news.appliedBytes)
        shown.applied = max(shown.applied, news.applied)
        shown.durable = max(shown.durable, news.durable)
        shown.problemCount = news.problemCount
        shown.skippedCount = news.skippedCount
        if !news.lastProblem.isEmpty, news.lastProblem != shown.lastTargetProblem {
            logger.warning("at '\(plan.peer.name)': \(news.lastProblem)")
        }
        if !news.lastProblem.isEmpty { shown.lastTargetProblem = news.lastProblem }
        follower?.release(through: min(news.durable, surroundings.journal.newest))
        session.acknowledged(
            retrying: !news.flags.isDisjoint(with: [.outOfSpace, .retrying]),
            missesObjects: news.flags.contains(.mirrorRequired),
            repeating: news.flags.contains(.repeating))
        isTargetSettled = news.flags.isDisjoint(with: [.inconsistent, .settling])
        if isTargetSettled { settled() }
        if plan.replicates, Int(news.stuckSeconds) > surroundings.stuckSeconds {
            giveUpOnStuckTarget()
        }
    }

    /// Objects that the target could not bring up to date: the next resync tries them again.
    private func failed(_ message: Failed) {
        for object in message.objects {
            surroundings.queue.mark(
                connection: plan.id, object.file, [.attributes, .entries, .wholeData])
        }
    }

    private func inspected(_ answer: Inspected) {
        guard let question = questions[answer.requestID] else { return }
        switch question {
        case .listing:
            if !answer.hasMore { questions[answer.requestID] = nil }
            mirror?.course.listed(answer)
        case .asked(let board, var parts):
            parts.append(answer)
            if answer.hasMore {
                questions[answer.requestID] = .asked(board, parts: parts)
            } else {
                questions[answer.requestID] = nil
                board.show(parts)
            }
        }
    }

    func ask(_ question: Inspect, _ answer: SnapshotBoard<[Inspected]?>) {
        guard let link, session.isStreaming else { return answer.show([]) }
        var question = question
        question.requestID = nextRequestID
        nextRequestID += 1
        questions[question.requestID] = .asked(answer, parts: [])
        send(question, on: link)
    }

    // MARK: Sending messages

    func send(_ message: some WireMessage, on link: Link) {
        do {
            let frame = try message.frame(connection: plan.id)
            _ = link.send(ByteBuffer(bytes: frame))
            lastSent = Clock.monotonic
        } catch {
            logger.error("a message is too long: \(error)")
        }
    }

    func withBytes<Result>(
        of buffer: ByteBuffer, _ body: (UnsafeRawBufferPointer) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        let result = buffer.withUnsafeReadableBytes { bytes -> Swift.Result<Result, WireError> in
            do throws(WireError) { return .success(try body(bytes)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// How long links wait.
enum LinkTimes {
    /// Something is sent at least this often.
    static let heartbeat = Clock.second
    /// Nothing heard for so long: the link is dead.
    static let silence = 10 * Clock.second
    /// For agreeing to a connection: a target may have to read the map of a million objects.
    static let answer = 60 * Clock.second
    /// Batches that follow one another so quickly are part of a burst ...
    static let burst = Clock.millisecond
    /// ... in which changes are gathered for so long.
    static let gathering = 150 * Clock.millisecond / 1000
    /// Between two mirrors that start by themselves.
    static let betweenOwnMirrors = 30 * Clock.second
    /// Between two attempts to begin one while a folder cannot be read.
    static let betweenBegins = 2 * Clock.second
    /// Between two looks at how far a resync is.
    static let reports = Clock.second / 4
    static let afterRefusal = 5 * Clock.second
    /// Buffers are given back after so long without work.
    static let idle = 5 * Clock.second
}
