internal import CLinuxFuse
internal import CPosix
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// How requests arrive: plain reads of /dev/fuse by a few threads, each with a channel of its own.
/// A reader looks for the next request for a moment before it sleeps, because a wake-up across
/// processors costs more than most requests.
final class Session: @unchecked Sendable {
    private let fileSystem: FileSystem
    private let answers: Answers
    private let seats = Seats()
    private let watch = Watch()
    private let workers: [Worker]
    private let agreed: Negotiation
    /// Nodes of listings that a killed server had counted, by request. Filled before the workers
    /// start; what a second death takes from here stays counted.
    private let listings = Mutex<[UInt64: [UInt64]]>([:])
    /// Becomes readable when the mount is gone.
    let ended: CInt

    /// Threads that may be busy at the same time, waiting for disks.
    static let workerCountMax = 16
    /// So many requests without a pause between them call for a second reader.
    private static let streakMax = 64

    /// `channels` are two for each worker: one that does not block, one that does.
    init(_ fileSystem: FileSystem, _ channels: [Channel], agreed: Negotiation) {
        self.fileSystem = fileSystem
        self.agreed = agreed
        answers = Answers(fileSystem.memory)
        ended = understudy_event()
        let seats = seats
        workers = channels.enumerated().map { number, channel in
            Worker(
                fileSystem.memory, number: number, looking: channel.looking,
                sleeping: channel.sleeping, seats: seats)
        }
    }

    /// Starts the threads; they end when the mount does. Answers 0 or an errno.
    func start() -> CInt {
        CrashPoint.isArmed = true
        for worker in workers {
            let problem = Thread.start { self.run(worker) }
            guard problem == 0 else { return problem }
        }
        let all = workers
        return Thread.start { self.watch.run(all, self.seats) }
    }

    private func run(_ worker: Worker) {
        worker.begin()
        while seats.take() {
            worker.makePresent()
            worker.hasSeat.store(true, ordering: .releasing)
            guard serve(worker) else { break }
        }
        over()
    }

    /// Reads and serves requests as long as the worker has its seat. False when the mount is gone.
    private func serve(_ worker: Worker) -> Bool {
        var streak = 0
        while worker.hasSeat.load(ordering: .relaxed) {
            var count = next(worker, waits: false)
            if count == 0 {
                streak = 0
                count = worker.pace.look { next(worker, waits: false) }
                if count == 0 {
                    if seats.giveUp() {
                        worker.hasSeat.store(false, ordering: .releasing)
                        return true
                    }
                    watch.rest()
                    count = next(worker, waits: true)
                    watch.wake()
                }
                worker.pace.arrived()
            } else {
                streak += 1
                if streak >= Self.streakMax {
                    streak = 0
                    seats.addSeat()
                }
            }
            guard count > 0 else { return false }
            worker.progress.wrappingAdd(1, ordering: .releasing)
            handle(worker, count)
            worker.turn.wrappingAdd(1, ordering: .releasing)
            worker.progress.wrappingAdd(1, ordering: .releasing)
        }
        return true
    }

    private func handle(_ worker: Worker, _ count: Int) {
        let reply = answer(worker, count)
        // A failure means that nobody waits for the answer any more.
        if reply > 0 { _ = cposix_write(worker.channel, worker.output.baseAddress, reply) }
        if worker.intent.state.stage == .done { CrashPoint.pass(.answered) }
    }

    /// Bytes of the answer in the worker's output, 0: none is due.
    private func answer(_ worker: Worker, _ count: Int) -> Int {
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(worker.input)[..<count])
        do throws(FuseError) {
            let isExtended = agreed.flags.contains(.extendedSetAttribute)
            let request = try Request.decode(bytes, extendedSetAttribute: isExtended)
            if request.header.isResent, let count = answerAgain(request.header, worker) {
                return count
            }
            return fileSystem.answer(request, worker)
        } catch {
            guard let header = try? RequestHeader(bytes) else { return 0 }
            let code: CInt = if case .unknownOpcode = error { ENOSYS } else { EINVAL }
            return worker.reply.failure(header.unique, code)
        }
    }

    /// The kernel asks for the second time, as the first one was read by a server that was killed.
    /// nil: it left nothing, so the request is carried out.
    private func answerAgain(_ header: RequestHeader, _ worker: Worker) -> Int? {
        if header.opcodeNumber == Opcode.readDirectoryPlus.rawValue {
            let nodes = listings.withLock { $0.removeValue(forKey: Intent.plain(header.unique)) }
            for node in nodes ?? [] { fileSystem.table.forget(node, 1) }
        }
        switch answers.find(header.unique, worker.output) {
        case .answer(let count): return count
        case .counted(let node):
            fileSystem.table.forget(node, 1)
            return nil
        case nil: return nil
        }
    }

    /// Whether nothing is left to be read, and then for each worker the number of its turn where it
    /// may have a request in its hands, else 0.
    ///
    /// Where nothing is left to be read the kernel holds nothing back of its own writes, too: of
    /// these it lets more go at once than there are workers (see `Negotiation.encode`).
    var turns: (isRead: Bool, turns: [UInt64]) {
        guard let channel = workers.first?.lookingChannel else { return (true, []) }
        var entry = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
        let isRead = understudy_poll(&entry, 1, 0) == 0
        return (
            isRead,
            workers.map { worker in
                let turn = worker.turn.load(ordering: .sequentiallyConsistent)
                return turn & 1 == 1 ? turn : 0
            }
        )
    }

    /// Bytes of the next request, 0 if there is none and `waits` is false, below zero (-errno) when
    /// the mount is gone.
    private func next(_ worker: Worker, waits: Bool) -> Int {
        worker.channel = waits ? worker.sleepingChannel : worker.lookingChannel
        while true {
            let count = worker.read()
            if count > 0 { return count }
            worker.turn.wrappingAdd(1, ordering: .releasing)
            switch -count {
            // ENOENT: the request was withdrawn between being announced and being read.
            case Int(EINTR), Int(ENOENT): continue
            case Int(EAGAIN):
                guard waits else { return 0 }
                var entry = pollfd(fd: worker.channel, events: Int16(POLLIN), revents: 0)
                _ = understudy_poll(&entry, 1, -1)
            default: return count < 0 ? count : -Int(ENODEV)
            }
        }
    }

    private func over() {
        seats.end()
        watch.end()
        var one: UInt64 = 1
        _ = cposix_write(ended, &one, 8)
    }
}

extension Session {
    /// Goes on where a server was killed: what it had begun is done, what it had answered is kept
    /// for the kernel to ask again, and then the kernel is asked to. To be called before `start`.
    func takeOver(_ device: CInt) {
        for worker in workers { finish(worker) }
        cposix_actAs(0, 0)
        withUnsafeTemporaryAllocation(byteCount: Notification.byteCountMax, alignment: 8) {
            _ = cposix_write(device, $0.baseAddress, Notification.resend.encode(into: $0))
        }
    }

    private func finish(_ worker: Worker) {
        let intent = worker.intent
        let (unique, stage) = intent.state
        let counted = intent.counted
        let request = received(worker)
        if stage == .begun, let request, Intent.plain(request.header.unique) == unique {
            if counted.unique == unique {
                intent.counted = (0, 0)
                fileSystem.table.forget(counted.node, 1)
            }
            worker.begin()
            worker.isRepeating = true
            let count = fileSystem.answer(request, worker)
            worker.isRepeating = false
            keep(unique, worker, count)
        } else if counted.unique != 0, stage != .done || counted.unique != unique {
            answers.keep(counted.unique, counted: counted.node)
        }
        if stage == .done { keep(unique, worker, intent.answerBytes) }
        let listed = intent.listed
        if let request, listed.unique == Intent.plain(request.header.unique) {
            let entries = UnsafeRawBufferPointer(rebasing: worker.reply.body[..<listed.byteCount])
            let nodes = DirectoryEntries.nodes(in: entries)
            listings.withLock { $0[listed.unique] = nodes }
        }
        intent.clear()
        intent.counted = (0, 0)
        // Nobody will ask again to forget.
        if let request, request.isForgetting { _ = fileSystem.answer(request, worker) }
        worker.forgetRequest()
    }

    private func keep(_ unique: UInt64, _ worker: Worker, _ count: Int) {
        let answer = UnsafeRawBufferPointer(worker.output)[..<count]
        answers.keep(unique, answer: UnsafeRawBufferPointer(rebasing: answer))
    }

    /// What the worker had read last, if it is still there.
    private func received(_ worker: Worker) -> Request? {
        let count = worker.receivedCount
        guard count > 0, count <= worker.input.count else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(worker.input)[..<count])
        let isExtended = agreed.flags.contains(.extendedSetAttribute)
        return try? Request.decode(bytes, extendedSetAttribute: isExtended)
    }
}

/// Two ways to the kernel that one worker has.
struct Channel: BitwiseCopyable, Sendable {
    /// Does not wait for a request.
    let looking: CInt
    let sleeping: CInt

    /// Further channels of the connection of `device`.
    static func make(_ device: CInt, count: Int) throws(CaptureError) -> [Channel] {
        var channels: [Channel] = []
        for _ in 0..<count {
            channels.append(
                Channel(looking: try open(device, O_NONBLOCK), sleeping: try open(device, 0)))
        }
        return channels
    }

    private static func open(_ device: CInt, _ flags: CInt) throws(CaptureError) -> CInt {
        let channel = cposix_open("/dev/fuse", O_RDWR | flags, 0)
        let result = channel < 0 ? channel : understudy_fuse_clone(channel, device)
        if result < 0 { throw .system("a channel of /dev/fuse", errno: -result) }
        return channel
    }
}
