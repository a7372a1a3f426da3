internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import SessionCore

/// How things go wrong, and come back.
extension World {
    func makeTrouble() {
        guard let fault = scenario.faults.randomElement(using: &numbers) else { return }
        switch fault {
        case .linkBreak: link?.breakUp("at once")
        case .outage: outage()
        case .targetKill: stopTarget(isCut: false)
        case .targetCut: stopTarget(isCut: true)
        case .sourceKill: stopSource(isCut: false)
        case .sourceCut: stopSource(isCut: true)
        case .captureLoss: loseCapture()
        case .changedAround: changeAround()
        case .targetRestart: restartTarget()
        case .mirrorAsked: askForMirror()
        case .targetFull: fillTarget()
        case .targetError: targetMachine.stepsUntilError = numbers.below(40)
        case .sourceError: sourceMachine.stepsUntilError = numbers.below(40)
        }
    }

    private func outage() {
        guard !isOutage else { return }
        isOutage = true
        let length = Int64(numbers.below(60_000)) * 1_000_000
        story.tell("no network for \(length / 1_000_000) ms")
        link?.breakUp("outage")
        after(length) { [self] in isOutage = false }
    }

    private func fillTarget() {
        guard targetDisk.capacityBytes == Int.max else { return }
        targetDisk.capacityBytes = targetDisk.image.usedBytes + numbers.below(4000)
        figures.fullDisks += 1
        let length = Int64(numbers.below(70_000)) * 1_000_000
        story.tell("the target's disk is full for \(length / 1_000_000) ms")
        after(length) { [self] in targetDisk.capacityBytes = Int.max }
    }

    // MARK: The target

    private func stopTarget(isCut: Bool) {
        guard target != nil, targetMachine.stepsUntilStop == nil else { return }
        stopsByCut[.target] = isCut
        if numbers.oneIn(4) {
            targetMachine.stop()
            targetStopped()
        } else {
            targetMachine.stepsUntilStop = numbers.below(60)
            // If nothing more is done, then soon.
            let machine = targetMachine
            after(Int64(numbers.below(3_000)) * 1_000_000) { [self] in
                guard machine.stepsUntilStop != nil, !isCalm else { return }
                machine.stop()
                targetStopped()
            }
        }
    }

    /// The target's process or machine stops now.
    func targetStopped() {
        let isCut = stopsByCut[.target] ?? false
        story.tell(isCut ? "the target's power goes" : "the target is killed")
        if isCut { link?.breakUp("target without power") } else { link?.close(from: .target) }
        target?.end()
        target = nil
        if isCut {
            figures.targetCuts += 1
            system.boots[.target, default: 0] += 1
            targetMachine.cut { numbers.below($0) }
        } else {
            figures.targetKills += 1
        }
        targetMachine.goOn()
        system.end(.target)
        after(Int64(numbers.below(numbers.oneIn(4) ? 40_000 : 2_000)) * 1_000_000) { [self] in
            story.tell("the target starts")
            target = SimulatedTarget(world: self)
        }
    }

    /// The target's daemon ends in good order, and comes back.
    private func restartTarget() {
        guard let ending = target, targetMachine.stepsUntilStop == nil else { return }
        story.tell("the target is restarted")
        stopsByCut[.target] = false
        asTarget { ending.close() }
        guard target === ending else { return }
        targetMachine.stop()
        targetStopped()
    }

    // MARK: The source

    private func askForMirror() {
        guard let source, source.session.data == .good else { return }
        let kind = [SimulatedMirror.Kind.full, .different, .checksum][numbers.below(3)]
        asSource { source.startMirror(kind) }
    }

    /// Somebody changes files beside the mount; the daemon notices.
    private func changeAround() {
        guard let source, let capture else { return }
        story.tell("changes are made around the mount")
        self.capture = nil
        for _ in 0..<(1 + numbers.below(3)) {
            system.run(as: .world) { application.act(&choices) }
        }
        self.capture = capture
        // A daemon that comes back asks the capture again.
        asSource {
            source.lose(.changedAround)
            source.keepData()
        }
    }

    private func stopSource(isCut: Bool) {
        guard source != nil, sourceMachine.stepsUntilStop == nil else { return }
        stopsByCut[.source] = isCut
        if !isCut || numbers.oneIn(3) {
            sourceMachine.stop()
            sourceStopped()
        } else {
            sourceMachine.stepsUntilStop = numbers.below(40)
        }
    }

    func sourceStopped() {
        let isCut = stopsByCut[.source] ?? false
        story.tell(isCut ? "the source's power goes" : "the source's daemon is killed")
        if isCut { link?.breakUp("source without power") } else { link?.close(from: .source) }
        source?.end()
        source = nil
        if isCut {
            figures.sourceCuts += 1
            // What the activity log could not note may be lost for good (0008): the disk failed,
            // and the power with it, which is told and not promised.
            if capture?.hot.counters.isFailing == true {
                for disk in sourceMachine.disks { disk.syncAll() }
            }
            system.boots[.source, default: 0] += 1
            system.boots[.capture, default: 0] += 1
            capture = nil
            memory = nil
            sourceMachine.cut { numbers.below($0) }
            clearMemoryFolder()
        } else {
            figures.sourceKills += 1
        }
        sourceMachine.goOn()
        system.end(.source)
        if isCut { system.end(.capture) }
        after(Int64(numbers.below(numbers.oneIn(4) ? 40_000 : 2_000)) * 1_000_000) { [self] in
            var continuity = SimulatedSource.Continuity()
            if isCut {
                bootSource(isFirst: false)
                continuity.isJournalNew = true
                continuity.isCaptureFresh = true
            }
            startSource(continuity)
        }
    }

    /// A new journal and a new capture, as after a start of the machine.
    func bootSource(isFirst: Bool) {
        do throws(JournalError) {
            memory = try JournalMemory.make(
                records: scenario.ringRecords, payloadBytes: scenario.ringBytes)
        } catch { return fail("no memory for a journal: \(error)") }
        capture = newCapture()
    }

    private func newCapture() -> SimulatedCapture? {
        guard let memory else { return nil }
        return system.run(as: .capture) { SimulatedCapture(memory: memory) }
    }

    func startSource(_ continuity: SimulatedSource.Continuity) {
        guard let memory else { return }
        story.tell("the source's daemon starts")
        asSource {
            self.source = SimulatedSource(
                world: self, memory: memory, data: self.kept, continuity: continuity)
        }
        oracle.begin(journal: memory.journalID, memory.newest, sourceTree)
        if capture == nil { source?.isHeld = true }
        source?.wake()
    }

    /// Changes are seen by nobody for a while.
    private func loseCapture() {
        guard capture != nil, let source else { return }
        figures.captureLosses += 1
        story.tell("the capture is lost")
        capture = nil
        system.end(.capture)
        asSource {
            source.isHeld = true
            source.lose(.captureBroken)
        }
        for _ in 0..<numbers.below(4) {
            system.run(as: .world) { application.act(&choices) }
            story.tell("a change that nobody sees")
            oracle.noteUnseen(
                journal: memory?.journalID ?? 0, memory?.newest ?? 0, sourceTree)
        }
        after(Int64(numbers.below(8_000)) * 1_000_000) { [self] in
            guard capture == nil, memory != nil else { return }
            story.tell("the path is captured again")
            capture = newCapture()
            self.source?.isHeld = false
            self.source?.wake()
        }
    }

    // MARK: What is mapped

    func clearMemoryFolder() {
        for name in ["dirty-7", "dirty-7-taken", "dirty-7.new", "dirty-7-taken.new"] {
            _ = cposix_unlinkat(AT_FDCWD, memoryFolder + "/" + name, 0)
        }
    }
}
