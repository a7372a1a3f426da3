internal import FileSystemAccess
internal import ReplicationModel
internal import TargetApply

/// One target and one stream, without a network. The target is killed, loses its power, finds an
/// older state than it had, in the middle of changes that come again, too: what it gets in the end
/// must always be the same tree.
package final class Replay {
    private let system = SimulatedSystem()
    private let sourceMachine = SimulatedMachine(name: "source")
    private let machine = SimulatedMachine(name: "target")
    private let tree: SimulatedDisk
    private let state: SimulatedDisk
    private let history: ReplayHistory
    private var numbers: SeededNumbers
    /// What the state's disk held for good when a checkpoint had just been made. Whoever goes back
    /// to one of them never sees those after it again.
    private var checkpoints: [DiskImage] = []
    /// The newest change that was ever sent.
    private var sent: UInt64 = 0
    private var story: Story
    private var failure: String?
    package private(set) var figures = ReplayFigures()

    /// - Parameters:
    ///   - isShort: few changes, so that a crash can be had everywhere in them.
    ///   - isTold: whether `lines` says what happened.
    package init(seed: UInt64, isShort: Bool = false, isTold: Bool = false) {
        var numbers = SeededNumbers(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 1)
        let source = system.addDisk("source", sourceMachine)
        tree = system.addDisk("target", machine)
        state = system.addDisk("targetState", machine)
        let names = 2 + numbers.below(numbers.oneIn(3) ? 20 : 5)
        history = ReplayHistory(
            &numbers, operations: isShort ? 6 + numbers.below(14) : 10 + numbers.below(60),
            namesCount: names, objectsMax: 6 + numbers.below(20), system, source)
        self.numbers = numbers
        story = Story(isTold: isTold)
    }

    package var lines: [String] { story.lines }

    /// Some crashes by chance, and goings back to earlier checkpoints. Answers what was wrong, if
    /// anything.
    package func run() -> String? {
        tellHistory()
        for _ in 0..<4 where failure == nil {
            startAnew()
            var rounds = 1 + numbers.below(4)
            while failure == nil {
                let stops = rounds > 0 && !numbers.oneIn(4)
                let steps = stops ? numbers.below(20 + history.count * 8) : nil
                var choices = SeededNumbers(seed: numbers.next())
                if live(&choices, steps: steps) { check() }
                guard rounds > 0, failure == nil else { break }
                rounds -= 1
                crash()
            }
        }
        return failure
    }

    /// A crash at every step of a disk, and after each a new start from every checkpoint before it.
    package func runEverywhere() -> String? {
        tellHistory()
        let choices = SeededNumbers(seed: numbers.next())
        var steps = 0
        var isWhole = false
        while failure == nil, !isWhole {
            startAnew()
            var first = choices
            isWhole = live(&first, steps: steps)
            if isWhole { check() }
            goOnFromEverywhere("step \(steps)")
            steps += 1
        }
        return failure
    }

    private func goOnFromEverywhere(_ step: String) {
        let (crashed, checkpoints, sent) = (tree.image, self.checkpoints, self.sent)
        figures.crashes += 1
        forget()
        let killed = state.image
        // A machine that was not started again first.
        for number in [-1] + checkpoints.indices where failure == nil {
            forget()
            self.sent = sent
            tree.restore(crashed)
            if number >= 0 {
                tell("\(step), checkpoint \(number) of \(checkpoints.count)")
                self.checkpoints = Array(checkpoints[...number])
                figures.replays += 1
                state.restore(checkpoints[number])
                system.boots[.target, default: 0] += 1
            } else {
                tell("\(step), killed")
                state.restore(killed)
            }
            var choices = SeededNumbers(seed: numbers.next())
            if live(&choices, steps: nil) { check() }
        }
    }

    // MARK: A life of the target

    /// Makes what the target does not have yet. Answers false when it ended before that.
    ///
    /// - Parameters:
    ///   - choices: where batches end, and which of them are cut.
    ///   - steps: so many calls that change a disk, and then the process ends without a word.
    private func live(_ choices: inout SeededNumbers, steps: Int?) -> Bool {
        machine.stepsUntilStop = steps
        let isDone = system.run(as: .target) { () -> Bool in
            do throws(ApplyError) {
                try makeAll(&choices)
                return !machine.isStopped
            } catch {
                if !machine.isStopped { fail("\(error)") }
                return false
            }
        }
        machine.stepsUntilStop = nil
        return isDone
    }

    private func makeAll(_ choices: inout SeededNumbers) throws(ApplyError) {
        let applier = try open(&choices)
        var place = Int(applier.positions.applied)
        while place < history.count, !machine.isStopped, failure == nil {
            let next = min(place + 1 + choices.below(8), history.count)
            if choices.oneIn(8) {
                // The link broke in the middle of it.
                try make(place..<place + choices.below(next - place + 1), applier)
                tell("cut")
                applier.cutOffBatch()
                applier.replayThrough = max(applier.replayThrough, sent)
                place = Int(applier.positions.applied)
            }
            try make(place..<next, applier)
            _ = try applier.finishBatch(lastSequence: UInt64(next))
            tell("applied \(next)")
            place = next
            check(applier)
            if choices.oneIn(3) { try sync(applier) }
        }
        guard !machine.isStopped, choices.oneIn(3) else { return }
        tell("ends in good order")
        try applier.close()
    }

    private func open(_ choices: inout SeededNumbers) throws(ApplyError) -> Applier {
        // Of what was never sent the source may have some, too.
        let newest = sent + UInt64(choices.below(Int(history.newest - sent) + 1))
        let applier = try newApplier(replayThrough: newest)
        tell("opens at \(applier.positions.applied), may have had all through \(newest)")
        return applier
    }

    private func newApplier(replayThrough: UInt64) throws(ApplyError) -> Applier {
        try Applier.open(
            ApplySettings(
                stateFolder: BytePath("/targetState/incoming"),
                roots: [
                    ApplyRoot(
                        file: FileID(inode: DiskImage.rootNode, generation: 1, mount: 1),
                        path: BytePath("/target"))
                ], replayThrough: replayThrough))
    }

    private func make(_ range: Range<Int>, _ applier: Applier) throws(ApplyError) {
        for number in range where !machine.isStopped {
            let change = history.changes[number]
            tell("makes \(number + 1): \(change.words)")
            sent = max(sent, change.record.sequence)
            figures.changes += 1
            try change.payload.withBytes { (bytes) throws(ApplyError) in
                try applier.apply(change.record, bytes)
            }
        }
    }

    private func sync(_ applier: Applier) throws(ApplyError) {
        do throws(Errno) { try applier.syncer.sync() } catch { throw .state(error) }
        checkpoints.append(state.durable)
    }

    // MARK: Between two lives

    private func startAnew() {
        tell("a new target")
        forget()
        tree.restore(DiskImage())
        state.restore(DiskImage())
        sent = 0
        // Another machine.
        system.boots[.target, default: 0] += 1
        // A target that ends before it has begun asks for a mirror, as it should.
        system.run(as: .target) {
            do throws(ApplyError) {
                try newApplier(replayThrough: 0).begin(journalID: 1, applied: 0)
            } catch { fail("a new target: \(error)") }
        }
        checkpoints = [state.durable]
        forget()
    }

    /// Whatever the target's process held is gone with it.
    private func forget() {
        machine.goOn()
        system.end(.target)
    }

    /// The process is gone, and maybe more than that.
    private func crash() {
        figures.crashes += 1
        let kind = numbers.below(4)
        forget()
        if kind == 0 { return tell("killed") }
        system.boots[.target, default: 0] += 1
        if kind > 1 { machine.cut { numbers.below($0) } }
        guard kind < 3, !checkpoints.isEmpty else { return tell("without power") }
        let number = numbers.below(checkpoints.count)
        tell("back to checkpoint \(number) of \(checkpoints.count)")
        figures.replays += 1
        state.restore(checkpoints[number])
        checkpoints.removeLast(checkpoints.count - 1 - number)
    }

    // MARK: What must be

    /// After a batch: a target that says it is good is what the source was then.
    private func check(_ applier: Applier) {
        guard !machine.isStopped else { return }
        let problems = applier.takeProblems()
        if !problems.isEmpty { return fail("R3: \(problems[0])") }
        if applier.isMirrorRequired || applier.isInconsistent {
            return fail("R3: a mirror is asked for")
        }
        let applied = applier.positions.applied
        guard !applier.isRepeating else { return }
        compare(history.trees[Int(applied)], isReplaying: applier.replayThrough > 0)
    }

    /// At the end of everything.
    private func check() {
        guard failure == nil else { return }
        compare(history.trees[history.count], isReplaying: false)
    }

    private func compare(_ wanted: DiskImage, isReplaying: Bool) {
        figures.checks += 1
        let isSame = tree.image.hasTree(
            of: wanted, ignoringAsides: isReplaying, ignoringRootTime: true)
        if isSame { return }
        let wrong = TreePicture(tree.image).differences(from: TreePicture(wanted))
        fail("R3: (target | source) " + wrong.joined(separator: "; "))
    }

    // MARK: Words

    private func tellHistory() {
        for change in history.changes { tell("source \(change.record.sequence): \(change.words)") }
    }

    private func tell(_ line: @autoclosure () -> String) { story.tell(line()) }

    private func fail(_ what: String) {
        guard failure == nil else { return }
        failure = what
        tell("FAILED: \(what)")
    }
}

/// What happened in one or many histories, counted.
package struct ReplayFigures: Sendable {
    package var changes = 0
    package var crashes = 0
    /// Starts from an earlier state than the target had.
    package var replays = 0
    package var checks = 0

    package init() {}

    package mutating func add(_ other: ReplayFigures) {
        changes += other.changes
        crashes += other.crashes
        replays += other.replays
        checks += other.checks
    }
}

extension [UInt8] {
    fileprivate func withBytes(
        _ body: (UnsafeRawBufferPointer) throws(ApplyError) -> Void
    ) throws(ApplyError) {
        let result = withUnsafeBytes { bytes -> Result<Void, ApplyError> in
            do throws(ApplyError) { return .success(try body(bytes)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
