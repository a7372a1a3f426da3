internal import CommandModel
internal import FileSystemAccess
internal import Journal
internal import Logging
internal import MirrorCore
internal import ReplicationModel
internal import SessionCore
internal import Transport

/// How a connection is put right after changes did not go the ordinary way (Docs/Decisions/0009).
extension SourcePump {
    /// What runs may have passed the place of what is lost, so it begins anew. What was dropped is
    /// marked; what cannot have been marked is found by the look that `reason` calls for.
    func lose(_ reason: ResyncReason) {
        let before = session.data
        session.lose(reason)
        if session.data != before {
            logger.warning("a resync is needed: \(reason.rawValue)")
            tell("resync.needed", ["reason": .text(reason.rawValue)])
        }
        // The target takes itself for good until the resync begins: no change may get there that
        // follows one which nobody saw. And what is read of the tree from now on has those in it,
        // so older changes must not be made on it. They become marks.
        surroundings.queue.putOut(connection: plan.id, .ownWill)
        // Size and time of what was received do not say any more that nothing is missing in it.
        lastOrder?.kind = .checksum
        if reason.isOfUncaptured { sourceSync.forget() }
        if orderNotBegun?.kind == .different { orderNotBegun?.kind = .checksum }
        guard mirror != nil else { return }
        logger.warning("what runs begins anew: \(reason.rawValue)")
        mirror = nil
    }

    /// The target has not been able to go on for long: what is on its way to it becomes marks, and
    /// a resync sends deletions first: at once, because they may be what it waits for, and now and
    /// then when it was stuck in a resync, too.
    func giveUpOnStuckTarget() {
        let isAgain = session.data == .resyncing(.targetStuck)
        lose(.targetStuck)
        nextOwnMirror = isAgain ? Clock.monotonic + LinkTimes.betweenOwnMirrors : 0
        link?.close()
        lost("the target was stuck for \(surroundings.stuckSeconds) seconds")
    }

    /// Begins the mirror or resync that is owed, as soon as it can prove something. One after the
    /// other is not begun at once: what made the last one vain may do so again.
    func beginWhatIsOwed() {
        let now = Clock.monotonic
        guard session.isStreaming, mirror == nil, session.isMirrorOwed, heldMounts.isEmpty,
            now >= nextOwnMirror || sourceSync.now == .done
        else { return }
        nextOwnMirror = now + LinkTimes.betweenOwnMirrors
        if case .resyncing(let reason) = session.data, reason.isOfUncaptured,
            sourceSync.now != .done
        {
            return syncSource()
        }
        guard let marks = followAgain() else { return }
        sourceSync.forget()
        switch session.data {
        case .resyncing(let reason) where reason.scope == .everything:
            beginReport(reason)
            continuity.resync?.markCount = markCount(marks)
            // What the target lacks it could not even name.
            let kind: MirrorOrder.Kind = reason == .objectsMissing ? .different : .checksum
            beginMirror(MirrorOrder(kind: kind, removesOrphans: false))
        case .resyncing(let reason):
            beginReport(reason)
            let suspicion = suspicion(reason, marks)
            if let report = continuity.resync {
                logger.info("a resync compares \(report.scopeText): \(reason.rawValue)")
            }
            beginMirror(
                MirrorOrder(kind: .resync, removesOrphans: false), suspicion: suspicion)
        case .mirroring: beginMirror(mirrorAfterBreak)
        case .good, .required: break
        }
    }

    /// Before the look for what nobody captured. Where it fails it is done again in a while.
    private func syncSource() {
        guard sourceSync.now == .needed else { return }
        let (journal, logger) = (surroundings.journal, logger)
        do throws(Errno) {
            try sourceSync.start(plan.roots.map(\.descriptor)) { problem in
                if let problem {
                    logger.error("the resync waits, because the folders are not synced: \(problem)")
                }
                journal.wake()
            }
        } catch {
            logger.error("the resync waits, because a folder cannot be read: \(error)")
        }
    }

    /// Changes are followed from before the first look at the tree, so none is missed; what was
    /// dropped until then is in the marks.
    ///
    /// - Returns: nil where changes cannot be followed now.
    func followAgain() -> Followed? {
        guard plan.replicates else { return .withoutMarks }
        do throws(JournalError) {
            if follower == nil {
                follower = try JournalFollower.start(surroundings.journal, connection: plan.id)
            }
        } catch {
            logger.error("no place in the queue for the connection: \(error)")
            return nil
        }
        guard let follower else { return nil }
        do throws(Errno) {
            return .withMarks(try surroundings.queue.take(follower).marks)
        } catch {
            logger.error("no marks for the connection: \(error)")
            // Put out without marks: only a new place follows again.
            guard follower.isPutOut else { return .withoutMarks }
            follower.stop()
            self.follower = try? JournalFollower.start(
                surroundings.journal, connection: plan.id)
            return self.follower == nil ? nil : .withoutMarks
        }
    }

    enum Followed {
        case withMarks(DirtyMarks)
        case withoutMarks
    }

    // MARK: What may differ

    private func suspicion(_ reason: ResyncReason, _ followed: Followed) -> any Suspicion {
        var parts: [any Suspicion] = []
        var isEnough = reason.scope == .marks
        if case .withMarks(let marks) = followed {
            logger.info("\(marks.count) marks\(marks.isIncomplete ? ", incomplete" : "")")
            continuity.resync?.markCount = marks.count
            parts.append(Marks { file in marks.suspect(file) })
            isEnough = isEnough && !marks.isIncomplete && !marks.isOverflowed
        } else {
            isEnough = false
        }
        continuity.resync?.scope = .marks
        if !isEnough { parts.append(scan()) }
        return parts.count == 1 ? parts[0] : UnionSuspicion(parts)
    }

    /// What was being written, and what changed, since everything was known to be delivered.
    private func scan() -> any Suspicion {
        var sets: [UInt32: HotSet] = [:]
        var since = Int64.max
        for mount in Set(plan.roots.map(\.file.mount)) {
            let set = HotSet.read(folder: BytePath(surroundings.marksFolder), mount: mount)
            guard set.isSure, let start = set.oldestStart else {
                return everything("it is not known what was written")
            }
            sets[mount] = set
            since = min(since, start)
        }
        let earliest: Int64
        do throws(Errno) {
            earliest = try ClockSteps.read(folder: BytePath(surroundings.marksFolder))
                .earliest(since: since)
        } catch {
            return everything("it is not known whether the clock was set back (\(error))")
        }
        continuity.resync?.scope = .scan
        continuity.resync?.hotGroupCount = sets.values.reduce(0) { $0 + $1.groupCount }
        continuity.resync?.changedSince = earliest
        continuity.resync?.clockSetBack = since - earliest
        return UnionSuspicion([
            HotGroups { [sets] inode, mount in sets[mount]?.contains(inode) ?? false },
            ChangedSince(earliest - Self.clockMargin),
        ])
    }

    private func everything(_ reason: String) -> any Suspicion {
        logger.warning("\(reason), so everything is compared")
        continuity.resync?.scope = .everything
        return EverythingSuspicion()
    }

    /// Change times come from a clock that ticks some hundred times a second.
    private static let clockMargin = Clock.second

    // MARK: What is told of it

    private func beginReport(_ reason: ResyncReason) {
        continuity.resync = ResyncReport(reason: reason.rawValue, started: Clock.now)
        isReported = true
    }

    private func markCount(_ followed: Followed) -> Int {
        if case .withMarks(let marks) = followed { marks.count } else { 0 }
    }

    var resyncFacts: CommandRecord {
        var facts = MirrorOrder(kind: .resync, removesOrphans: false).facts
        guard let report = continuity.resync else { return facts }
        for field in report.facts.fields { facts[field.name] = field.value }
        facts["reason"] = .text(report.reason)
        return facts
    }

    /// How far what began by itself is.
    func followReport(_ progress: MirrorProgress, isEnd: Bool = false) {
        let now = Clock.monotonic
        guard isReported, isEnd || now - lastReport > LinkTimes.reports else { return }
        lastReport = now
        continuity.resync?.objectsDone = Int64(progress.objectsDone)
        continuity.resync?.objectsSuspect = Int64(progress.objectsSuspect)
        continuity.resync?.bytesCompared = Int64(progress.bytesCompared)
        continuity.resync?.bytesSent = Int64(progress.bytesSent)
    }

    func endReport(_ progress: MirrorProgress) {
        guard isReported else { return }
        followReport(progress, isEnd: true)
        continuity.resync?.ended = Clock.now
        isReported = false
    }

    /// Somebody asks for a mirror, or ends what runs.
    func breakReport() {
        guard isReported else { return }
        continuity.resync?.isBrokenOff = true
        isReported = false
    }

    // MARK: The end

    /// The target has the end of the mirror or resync on its disk: marks are no longer needed.
    func settled() {
        guard unsettled != nil else { return }
        unsettled = nil
        // Marks that a later resync took are in use.
        if session.data == .good { surroundings.queue.finish(connection: plan.id) }
    }
}

extension DirtyMarks {
    fileprivate func suspect(_ file: FileID) -> Suspect {
        guard let marks = marks(of: file) else { return .nothing }
        return Suspect(entries: marks.kinds.contains(.entries), blocks: marks.blocks)
    }
}
