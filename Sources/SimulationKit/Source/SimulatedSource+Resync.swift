internal import CPosix
internal import FileSystemAccess
internal import Journal
internal import MirrorCore
internal import MirrorSource
internal import ReplicationModel
internal import SessionCore

/// How the source mirrors, and puts right what did not go the ordinary way.
extension SimulatedSource {
    func startMirror(_ kind: SimulatedMirror.Kind) {
        guard session.isStreaming, followAgain() != nil else { return }
        beginMirror(kind)
        wake()
    }

    func beginMirror(
        _ kind: SimulatedMirror.Kind, isPartial: Bool = false, suspicion: (any Suspicion)? = nil
    ) {
        do throws(Errno) {
            let begun = try SimulatedMirror(
                kind, isPartial: isPartial, root: world.sourceRoot, set: world.application.set,
                removesOrphans: !isPartial && session.data.isWholeMirror, started: world.now,
                suspicion: suspicion)
            mirror = begun
            if !begun.course.isSourceSynced {
                world.at(world.now + Int64(world.numbers.below(50_000_000))) { [self] in
                    guard !isEnded, mirror === begun else { return }
                    world.asSource {
                        _ = self.world.syncSource()
                        begun.course.sourceIsSynced()
                    }
                    wake()
                }
            }
        } catch {
            world.story.tell("the mirror cannot begin: \(error)")
            queue.putOut(connection: Self.connection, .ownWill)
            if isPartial {
                session.lose(.objectsMissing)
            } else if suspicion == nil {
                kindNotBegun = kind
                session.mirrorStarted()
            }
            nextOwnMirror = world.now + 2_000_000_000
            return wake(after: 2_000_000_000)
        }
        kindNotBegun = nil
        if isPartial {
            world.figures.partialMirrors += 1
            world.story.tell("source sends what the target misses")
        } else {
            (lastKind, mirrorBoot) = (kind, targetBoot)
            world.mirrorBegan(kind, session.data)
        }
        if suspicion == nil { session.mirrorStarted() }
    }

    func followMirror() {
        guard let mirror else { return }
        mirror.course.sent(window.sentBytes)
        for problem in mirror.course.takeProblems() {
            world.story.tell(
                "cannot read '\(BytePath(problem.path))': \(Errno(rawValue: problem.errno))")
        }
        guard mirror.course.phase == .done else { return }
        self.mirror = nil
        // What is not settled of a whole mirror is not settled by a resync.
        if session.isMirrorOwed, unsettled != .mirroring { unsettled = session.data }
        session.mirrorCompleted()
        // The end can be durable before anybody looked at its being applied.
        if isTargetSettled { settled() }
        world.story.tell("\(mirror.kind.rawValue) completed\(mirror.isPartial ? ", partial" : "")")
    }

    var mirrorHasNext: Bool { mirror?.course.hasNext(applied: window.appliedBytes) ?? false }

    func lose(_ reason: ResyncReason) {
        let before = session.data
        world.hasLost = true
        session.lose(reason)
        if session.data != before { world.story.tell("a resync is needed: \(reason.rawValue)") }
        queue.putOut(connection: Self.connection, .ownWill)
        // Size and time of what was received do not say any more that nothing is missing in it.
        lastKind = .checksum
        if kindNotBegun == .different { kindNotBegun = .checksum }
        if reason.isOfUncaptured { sourceSync = .needed }
        guard mirror != nil else { return }
        mirror = nil
    }

    func giveUpOnStuckTarget() {
        lose(.targetStuck)
        nextOwnMirror = world.now + 30_000_000_000
        link?.close(from: .source)
        lost()
    }

    func beginWhatIsOwed() {
        guard session.isStreaming, mirror == nil, session.isMirrorOwed, !isHeld,
            world.now >= nextOwnMirror
        else { return }
        if case .resyncing(let reason) = session.data, reason.isOfUncaptured,
            sourceSync != .done
        {
            return syncSource()
        }
        nextOwnMirror = world.now + 30_000_000_000
        guard let marks = followAgain() else { return }
        sourceSync = .needed
        switch session.data {
        case .resyncing(.objectsMissing): beginMirror(.different)
        case .resyncing(.targetInconsistent): beginMirror(.checksum)
        case .resyncing(let reason): beginMirror(.resync, suspicion: suspicion(reason, marks))
        case .mirroring: beginMirror(kindAfterBreak)
        case .good, .required: break
        }
    }

    enum SourceSync: Hashable { case needed, running(Int64), done }

    /// What nobody captured was not hot: after a power cut that takes it from the source's disk,
    /// nobody would look for it. So the target must not hear of it before.
    private func syncSource() {
        guard sourceSync == .needed else { return }
        let began = world.now
        sourceSync = .running(began)
        world.at(began + Int64(world.numbers.below(50_000_000))) { [self] in
            guard !isEnded, sourceSync == .running(began) else { return }
            var result: CInt = 0
            world.asSource { result = self.world.syncSource() }
            sourceSync = result < 0 ? .needed : .done
            wake(after: result < 0 ? 1_000_000_000 : 0)
        }
    }

    /// Size and time say what is there only as long as both sides live.
    private var kindAfterBreak: SimulatedMirror.Kind {
        let isSure = lastKind == .different && targetBoot == mirrorBoot
        return kindNotBegun ?? (isSure ? .different : .checksum)
    }

    enum Followed {
        case withMarks(DirtyMarks)
        case withoutMarks
    }

    func followAgain() -> Followed? {
        do throws(JournalError) {
            if follower == nil {
                follower = try JournalFollower.start(memory, connection: Self.connection)
            }
        } catch { return nil }
        guard let follower else { return nil }
        do throws(Errno) {
            return .withMarks(try queue.take(follower).marks)
        } catch {
            world.story.tell("no marks: \(error)")
            guard follower.isPutOut else { return .withoutMarks }
            follower.stop()
            self.follower = try? JournalFollower.start(memory, connection: Self.connection)
            return self.follower == nil ? nil : .withoutMarks
        }
    }

    // MARK: What may differ

    private func suspicion(_ reason: ResyncReason, _ followed: Followed) -> any Suspicion {
        var parts: [any Suspicion] = []
        var isEnough = reason.scope == .marks
        if case .withMarks(let marks) = followed {
            world.story.tell("\(marks.count) marks\(marks.isIncomplete ? ", incomplete" : "")")
            parts.append(Marks { file in marks.suspect(file) })
            isEnough = isEnough && !marks.isIncomplete && !marks.isOverflowed
        } else {
            isEnough = false
        }
        if !isEnough { parts.append(scan()) }
        return parts.count == 1 ? parts[0] : UnionSuspicion(parts)
    }

    private func scan() -> any Suspicion {
        let set = HotSet.read(
            folder: SimulatedCapture.folder, mount: SimulatedCapture.mount,
            stretch: SimulatedCapture.stretch)
        guard set.isSure, let start = set.oldestStart else {
            world.story.tell("it is not known what was written: everything is compared")
            return EverythingSuspicion()
        }
        world.story.tell("compares \(set.groupCount) hot groups and what changed since")
        return UnionSuspicion([
            HotGroups { inode, _ in set.contains(inode) }, ChangedSince(start - 1_000_000_000),
        ])
    }

    func settled() {
        guard unsettled != nil else { return }
        unsettled = nil
        if session.data == .good { queue.finish(connection: Self.connection) }
    }
}

extension SourceSession.Data {
    /// Whether what begins now was asked for by somebody, who wants strangers to go.
    fileprivate var isWholeMirror: Bool {
        switch self {
        case .mirroring, .required: true
        case .good, .resyncing: false
        }
    }
}

extension DirtyMarks {
    fileprivate func suspect(_ file: FileID) -> Suspect {
        guard let marks = marks(of: file) else { return .nothing }
        return Suspect(entries: marks.kinds.contains(.entries), blocks: marks.blocks)
    }
}
