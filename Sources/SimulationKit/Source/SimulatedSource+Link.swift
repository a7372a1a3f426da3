internal import Journal
internal import MirrorSource
internal import ReplicationModel
internal import SessionCore
internal import WireProtocol

/// How the source keeps its link and takes what comes over it.
extension SimulatedSource {
    func keepLink() {
        guard link == nil, world.now >= nextAttempt else { return }
        guard let new = world.connect() else { return waitBeforeNextAttempt() }
        link = new
        window.reset()
        session.linked()
        send(world.hello(of: .source), new)
        send(
            Open(
                connectionID: Self.connection, connectionUUID: Digest(low: 1, high: 1),
                setName: "set", journalID: memory.journalID,
                oldestSequence: follower?.released ?? 0, newestSequence: memory.newest,
                policy: [.privileged],
                mappings: [
                    Open.Mapping(
                        sourcePath: Array("/source".utf8), targetPath: Array("/target".utf8),
                        root: world.sourceRoot, sourceDevice: 1, sourceInode: 2)
                ]), new)
    }

    func lost() {
        guard link != nil else { return }
        link = nil
        session.lost()
        window.reset()
        isTargetSettled = false
        waitBeforeNextAttempt()
        wake(after: nextAttempt - world.now)
    }

    private func waitBeforeNextAttempt() {
        let full = min(100_000_000 << min(attempts, 20), 30_000_000_000)
        attempts += 1
        nextAttempt = world.now + Int64(full / 2 + world.numbers.below(full / 2))
    }

    func received(_ frame: FrameReader.Frame) {
        do throws(WireError) {
            switch frame.header.kind {
            case .hello: targetBoot = try Hello(frame).bootID
            case .heartbeat: break
            case .opened: opened(try Opened(frame))
            case .acknowledge: acknowledged(try Acknowledge(frame))
            case .inspected: mirror?.course.listed(try Inspected(frame))
            case .awaited: awaited(try Awaited(frame))
            case .summed: mirror?.course.summed(try Summed(frame))
            case .failed: failed(try Failed(frame))
            default: world.fail("the source got a frame of kind \(frame.header.kindNumber)")
            }
        } catch { world.fail("the source cannot read a message: \(error)") }
        wake()
    }

    private func opened(_ answer: Opened) {
        guard answer.isAccepted else {
            session.refused(answer.reason)
            link?.close(from: .source)
            link = nil
            nextAttempt = world.now + 5_000_000_000
            return
        }
        attempts = 0
        applied = answer.applied
        durable = answer.durable
        let action = session.opened(
            .init(
                journalID: answer.journalID, applied: answer.applied,
                isInconsistent: answer.isInconsistent, needsWholeMirror: answer.needsWholeMirror,
                isRepeating: answer.isRepeating),
            .init(
                journalID: memory.journalID, released: follower?.released ?? 0,
                newest: memory.newest, canFollow: follower.map { !$0.isPutOut } ?? false,
                unsettled: unsettled))
        world.story.tell("source is linked: \(action)")
        switch action {
        case .resume(let sequence):
            follower?.rewind(to: sequence)
            toldThrough = 0
        case .resync:
            queue.putOut(connection: Self.connection, .ownWill)
            toldThrough = 0
        case .mirrorAgain:
            if answer.journalID == memory.journalID { follower?.rewind(to: answer.applied) }
            toldThrough = 0
        case .stay: break
        }
        mirror = nil
        if session.data != .resyncing(.targetStuck) { nextOwnMirror = 0 }
    }

    private func acknowledged(_ news: Acknowledge) {
        window.applied(news.appliedBytes)
        applied = max(applied, news.applied)
        durable = max(durable, news.durable)
        follower?.release(through: min(news.durable, memory.newest))
        session.acknowledged(
            retrying: !news.flags.isDisjoint(with: [.outOfSpace, .retrying]),
            missesObjects: news.flags.contains(.mirrorRequired),
            repeating: news.flags.contains(.repeating))
        isTargetSettled = news.flags.isDisjoint(with: [.inconsistent, .settling])
        if isTargetSettled { settled() }
        if news.stuckSeconds > 20 { giveUpOnStuckTarget() }
    }

    private func failed(_ message: Failed) {
        for object in message.objects {
            queue.mark(
                connection: Self.connection, object.file, [.attributes, .entries, .wholeData])
        }
    }

    private func awaited(_ message: Awaited) {
        followMirror()
        if let mirror {
            mirror.course.enqueue(message)
            if mirror.course.isHopeless {
                self.mirror = nil
                session.require(.objectsMissing)
            }
            return
        }
        guard session.data == .good || session.data == .resyncing(.objectsMissing) else { return }
        beginMirror(.full, isPartial: true)
        mirror?.course.enqueue(message)
    }

    func send(_ message: some WireMessage, _ link: SimulatedLink) {
        do throws(WireError) {
            link.send(try message.frame(connection: Self.connection), from: .source)
        } catch { world.fail("a message cannot be written: \(error)") }
    }
}
