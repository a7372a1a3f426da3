internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import ReplicationModel
internal import SessionCore
internal import TargetApply
internal import WireProtocol

/// Source, target and network in one thread, from a seed; time is what the simulation says.
final class World {
    let scenario: Scenario
    var numbers: SeededNumbers
    /// The application's own.
    var choices: SeededNumbers
    let system = SimulatedSystem()
    var figures = Figures()
    var story: Story
    private(set) var failure: String?

    let sourceMachine = SimulatedMachine(name: "source")
    let targetMachine = SimulatedMachine(name: "target")
    let sourceDisk: SimulatedDisk
    let targetDisk: SimulatedDisk

    // The source.
    let application: Application
    var memory: JournalMemory?
    var capture: SimulatedCapture?
    var source: SimulatedSource?
    /// What the source's database says of the connection.
    private(set) var kept: SourceSession.Data = .required(.neverMirrored)
    let sourceRoot: FileID
    let queueSettings: QueueSettings
    let memoryFolder: String

    // Between them.
    private var linkCount = 0
    private(set) var link: SimulatedLink?
    var isOutage = false

    // The target.
    var target: SimulatedTarget?

    var oracle = Oracle()
    private var events = EventQueue()
    private var eventCount = 0
    private(set) var operationsLeft: Int
    var isCalm = false
    /// Changes did not go the ordinary way at least once.
    var hasLost = false
    /// A stop that is on its way is a power cut, not a kill.
    var stopsByCut: [SimulatedProcess: Bool] = [:]
    private let room: UnsafeMutableRawBufferPointer
    private let began: Int64

    func hello(of process: SimulatedProcess) -> Hello {
        Hello(
            serverID: Digest(low: 1, high: 2), serverName: "server",
            bootID: system.bootID(process), machineID: "", softwareVersion: "", listenPort: 1)
    }

    /// - Parameter memoryFolder: in tmpfs, for what is mapped.
    init(
        seed: UInt64, isShort: Bool, hasRules: Bool, memoryFolder: String, isTold: Bool,
        room: UnsafeMutableRawBufferPointer
    ) {
        var numbers = SeededNumbers(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 1)
        scenario = Scenario(&numbers, isShort: isShort)
        choices = SeededNumbers(seed: numbers.next())
        self.numbers = numbers
        self.memoryFolder = memoryFolder
        self.room = room
        story = Story(isTold: isTold)
        operationsLeft = scenario.operations
        sourceDisk = system.addDisk("source", sourceMachine, stride: 90)
        _ = system.addDisk("sourceState", sourceMachine)
        targetDisk = system.addDisk("target", targetMachine)
        _ = system.addDisk("targetState", targetMachine)
        application = Application(disk: sourceDisk)
        if hasRules { application.set = .mostOfIt }
        sourceRoot = FileID(inode: DiskImage.rootNode, generation: 1, mount: 1)
        var settings = QueueSettings(
            folder: scenario.hasDiskQueue ? BytePath("/sourceState/queue") : nil,
            marksFolder: BytePath(memoryFolder))
        settings.segmentBytes = 8 << 10
        settings.markEntriesMax = 64
        settings.freeBytesFloor = 0
        queueSettings = settings
        began = system.now
    }

    // MARK: Time

    var now: Int64 { system.now }

    func at(_ time: Int64, _ run: @escaping () -> Void) { events.add(time, run) }

    func after(_ nanoseconds: Int64, _ run: @escaping () -> Void) { at(now + nanoseconds, run) }

    /// Runs to the end; answers what was wrong, if anything.
    func run() -> String? {
        system.run(as: .world) {
            begin()
            while failure == nil, let next = events.next() {
                system.now = max(system.now, next.time)
                story.time = now - began
                next.run()
                eventCount += 1
                if isCalm, isSettled {
                    checkEnd()
                    break
                }
                if eventCount > 100_000 { fail("R2: there is no end to it") }
                if isCalm, now > calmSince + 1_800_000_000_000 {
                    fail("R2: it does not settle: \(stateText)")
                }
            }
            if failure == nil, !isCalm || !isSettled { fail("R2: nothing goes on: \(stateText)") }
            end()
        }
        figures.seeds = 1
        figures.nanoseconds = now - began
        figures.diskErrors = sourceMachine.errorCount + targetMachine.errorCount
        return failure
    }

    func fail(_ what: String) {
        guard failure == nil else { return }
        failure = what
        story.tell("FAILED: \(what)")
    }

    private var stateText: String {
        guard let source, let target else { return "a side is down" }
        let applier = target.applier
        return "source \(source.session.state) \(source.session.data), unsettled "
            + "\(source.unsettled.map { "\($0)" } ?? "nothing"), at "
            + "\(source.follower?.position ?? 0) of \(source.memory.newest), durable "
            + "\(source.durable); target \(applier?.positions.applied ?? 0)/"
            + "\(applier?.positions.durable ?? 0), inconsistent "
            + "\(applier?.isInconsistent ?? true), mirror required "
            + "\(applier?.isMirrorRequired ?? true)"
    }

    // MARK: The beginning and the end

    private func begin() {
        story.tell("scenario: \(scenario)")
        application.willTouch = { [unowned self] inodes in capture?.willTouch(inodes) }
        application.didChange = { [unowned self] record, payload in changed(record, payload) }
        bootSource(isFirst: true)
        for _ in 0..<scenario.operationsBefore { operate() }
        target = SimulatedTarget(world: self)
        startSource(SimulatedSource.Continuity())
        asCapture { _ = self.capture?.hot.rotate() }
        after(1_000_000) { [self] in startFirstMirror() }
        after(scenario.pause(&numbers)) { [self] in nextOperation() }
        if scenario.coolsDown { after(5_000_000_000) { [self] in coolDown() } }
    }

    /// Somebody asks for the first mirror, as soon as that is possible.
    private func startFirstMirror() {
        guard case .required(.neverMirrored) = kept else { return }
        if let source {
            // By size and time only while those that were there before cannot have lost content.
            let isUnsure =
                figures.sourceCuts + figures.targetCuts > 0 || hasLost
            let isFull = scenario.isFullMirror || isUnsure
            asSource { source.startMirror(isFull ? .full : .different) }
        }
        after(200_000_000) { [self] in startFirstMirror() }
    }

    private func end() {
        events.removeAll()
        source?.end()
        target?.end()
        (source, target, capture, memory) = (nil, nil, nil, nil)
        clearMemoryFolder()
    }

    // MARK: Operations

    private func nextOperation() {
        guard operationsLeft > 0 else { return calmDown() }
        operationsLeft -= 1
        if capture != nil {
            operate()
            if numbers.oneIn(scenario.oneIn) { makeTrouble() }
        }
        after(scenario.pause(&numbers)) { [self] in nextOperation() }
    }

    func operate() {
        figures.operations += 1
        asCapture {
            self.application.act(&self.choices)
            self.capture?.leave()
        }
        if numbers.oneIn(3) {
            stepKeeper()
        } else {
            after(Int64(numbers.below(2_000_000))) { [self] in stepKeeper() }
        }
    }

    /// A thread of the daemon looks after the queue.
    private func stepKeeper() {
        guard let source else { return }
        asSource {
            for _ in 0..<4 where !source.queue.step() { break }
        }
        if source.follower?.isPutOut == true { source.wake() }
    }

    /// What the target is to have.
    var sourceTree: DiskImage { application.set.part(of: sourceDisk.image) }

    private func changed(_ record: OperationRecord, _ payload: [UInt8]) {
        guard let memory else { return }
        guard concernsSet(record, payload) else {
            return story.tell("source, not in the set: \(Self.words(record, payload))")
        }
        let sequence = capture?.append(record, payload) ?? 0
        guard sequence > 0 else {
            // Nobody follows, or nobody sees: it happens to the tree of the newest change.
            story.tell("source, not in the queue: \(Self.words(record, payload))")
            return oracle.noteUnseen(journal: memory.journalID, memory.newest, sourceTree)
        }
        story.tell("source \(sequence): \(Self.words(record, payload))")
        oracle.note(journal: memory.journalID, sequence, sourceTree)
        source?.wake(after: Int64(numbers.below(500_000)))
    }

    /// As the capture decides.
    private func concernsSet(_ record: OperationRecord, _ payload: [UInt8]) -> Bool {
        if record.membership != 0 { return true }
        guard record.kind == .rename else { return false }
        return payload.withUnsafeBytes {
            NameChangeView($0).map { $0.change.otherMembership != 0 } ?? false
        }
    }

    private static func words(_ record: OperationRecord, _ payload: [UInt8]) -> String {
        payload.withUnsafeBytes { record.words($0) }
    }

    // MARK: The sides

    func asSource(_ body: () -> Void) {
        system.run(as: .source, body)
        if sourceMachine.isStopped { sourceStopped() }
    }

    func asTarget(_ body: () -> Void) {
        system.run(as: .target, body)
        if targetMachine.isStopped { targetStopped() }
    }

    private func asCapture(_ body: () -> Void) {
        system.run(as: .capture, body)
        if sourceMachine.isStopped { sourceStopped() }
    }

    /// What the source writes into its database.
    func keep(_ data: SourceSession.Data) {
        guard data != kept else { return }
        kept = data
        story.tell("source keeps: \(data)")
        if case .required(let reason) = data, reason != .neverMirrored {
            fail("R2: a person is asked to mirror: \(reason.rawValue)")
        }
    }

    func mirrorBegan(_ kind: SimulatedMirror.Kind, _ data: SourceSession.Data) {
        story.tell("\(kind.rawValue) begins, \(data)")
        switch data {
        case .resyncing(let reason):
            figures.resyncs[reason.rawValue, default: 0] += 1
            // A target that starts and lacks what it had asked for does not know that all else is
            // good.
            let isExcused =
                reason == .targetInconsistent && !application.set.includesAll
                && figures.targetKills + figures.targetCuts > 0
            if kind != .resync, !isExcused {
                fail("R2: a \(kind.rawValue) because \(reason.rawValue)")
            }
        default: figures.wholeMirrors += 1
        }
    }

    /// Everything on the source's disk is there for good. 0 or -errno.
    func syncSource() -> CInt {
        let root = cposix_open("/source", O_RDONLY | O_DIRECTORY, 0)
        guard root >= 0 else { return root }
        defer { _ = cposix_close(root) }
        return cposix_syncfs(root)
    }

    /// Builds one batch frame.
    func frame(_ fill: (inout BatchBuilder) -> UInt64) -> [UInt8] {
        var batch = BatchBuilder(memory: room)
        let through = fill(&batch)
        let count = batch.finish(connection: SimulatedSource.connection, through: through)
        return Array(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    private func coolDown() {
        if let source, !isCalm { asSource { source.coolDown() } }
        if !isCalm { after(Int64(numbers.below(10_000)) * 1_000_000) { [self] in coolDown() } }
    }

    // MARK: The link

    func connect() -> SimulatedLink? {
        guard !isOutage, target != nil else { return nil }
        linkCount += 1
        let new = SimulatedLink(number: linkCount, world: self)
        link = new
        return new
    }

    /// Nothing goes out of a machine that stops.
    func isStopped(_ end: SimulatedLink.End) -> Bool {
        switch end {
        case .source: sourceMachine.isStopped
        case .target: targetMachine.isStopped
        }
    }

    func deliver(_ frame: FrameReader.Frame, _ link: SimulatedLink, _ end: SimulatedLink.End) {
        switch end {
        case .source:
            guard let source, source.link === link else { return }
            asSource { source.received(frame) }
        case .target: target?.received(frame, link)
        }
    }

    func closed(_ link: SimulatedLink, _ end: SimulatedLink.End) {
        switch end {
        case .source: if let source, source.link === link { asSource { source.lost() } }
        case .target: target?.post(.closed(link))
        }
    }

    // MARK: Calm

    private var calmSince: Int64 = 0

    /// No more faults: everything must come right by itself.
    private func calmDown() {
        guard capture != nil else {
            after(1_000_000_000) { [self] in calmDown() }
            return
        }
        story.tell("calm from here on")
        isCalm = true
        calmSince = now
        isOutage = false
        targetDisk.capacityBytes = Int.max
        for machine in [sourceMachine, targetMachine] { machine.goOn() }
        source?.wake()
        // So that something comes by which all else is known to have come.
        operate()
        keepGoing()
    }

    /// The daemon's threads look at least so often.
    private func keepGoing() {
        stepKeeper()
        source?.wake()
        after(1_000_000_000) { [self] in keepGoing() }
    }

    private var isSettled: Bool {
        guard let source, let follower = source.follower, source.session.isStreaming,
            source.isVouched, source.mirror == nil, !follower.isPutOut,
            let applier = target?.applier, target?.isBusy == false
        else { return false }
        let newest = source.memory.newest
        return follower.position == newest && source.durable == newest
            && applier.positions.durable == newest && !applier.isInconsistent
            && !applier.isMirrorRequired && !applier.syncer.isCompletingMirror
    }
}
