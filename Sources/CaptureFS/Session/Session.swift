internal import CLinuxFuse
internal import CPosix
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// How requests arrive: plain reads of /dev/fuse by a few threads, each with a channel of its own.
/// A reader looks for the next request for a moment before it sleeps, because a wake-up across
/// processors costs more than most requests.
package final class Session: @unchecked Sendable {
    private let fileSystem: FileSystem
    private let device: CInt
    private let seats = Seats()
    private let watch: Watch
    private let workers = Mutex<[Worker]>([])
    /// Becomes readable when the mount is gone.
    package let ended: CInt
    private var agreed: Negotiation?

    /// Threads that may be busy at the same time, waiting for disks.
    private static let workerCountMax = 16
    /// So many requests without a pause between them call for a second reader.
    private static let streakMax = 64

    /// `device` is the channel that was mounted with; it must not block (O_NONBLOCK).
    package init(_ fileSystem: FileSystem, device: CInt) {
        self.fileSystem = fileSystem
        self.device = device
        ended = understudy_event()
        watch = Watch()
    }

    /// Serves the kernel's first request, which settles what both can do. Answers an errno if the
    /// kernel sends something else, or the two have no common language.
    package func negotiate() -> CInt {
        let worker = Worker(looking: device, sleeping: device, seats: nil)
        while true {
            let count = next(worker, waits: true)
            guard count > 0 else { return count == 0 ? ENODEV : CInt(-count) }
            let bytes = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(worker.input)[..<count])
            guard let request = try? Request.decode(bytes) else { return EPROTO }
            guard case .initialize(let offer) = request.operation else { return EPROTO }
            let unique = request.header.unique
            guard let answer = Negotiation(offer, writeBytesMax: Limits.writeBytesMax) else {
                send(worker, worker.reply.failure(unique, EPROTO))
                return EPROTO
            }
            answer.encode(into: worker.reply.body)
            send(worker, worker.reply.finish(unique, body: Negotiation.byteCount))
            // A newer major version: the kernel starts again with ours.
            guard offer.major == Negotiation.major else { continue }
            agreed = answer
            return 0
        }
    }

    /// Starts the threads; they end when the mount does. Answers 0 or an errno.
    package func start() -> CInt {
        for _ in 0..<Self.workerCountMax {
            let looking = openChannel(O_NONBLOCK)
            guard looking >= 0 else { return -looking }
            let sleeping = openChannel(0)
            guard sleeping >= 0 else { return -sleeping }
            let worker = Worker(looking: looking, sleeping: sleeping, seats: seats)
            workers.withLock { $0.append(worker) }
            let problem = Thread.start { self.run(worker) }
            guard problem == 0 else { return problem }
        }
        let all = workers.withLock { $0 }
        return Thread.start { self.watch.run(all, self.seats) }
    }

    /// A further channel to the kernel, or -errno.
    private func openChannel(_ flags: CInt) -> CInt {
        let channel = cposix_open("/dev/fuse", O_RDWR | flags, 0)
        guard channel >= 0 else { return channel }
        let result = understudy_fuse_clone(channel, device)
        guard result < 0 else { return channel }
        _ = cposix_close(channel)
        return result
    }

    private func run(_ worker: Worker) {
        worker.begin()
        while seats.take() {
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
            worker.progress.wrappingAdd(1, ordering: .releasing)
        }
        return true
    }

    private func handle(_ worker: Worker, _ count: Int) {
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(worker.input)[..<count])
        let reply: Int
        do throws(FuseError) {
            let isExtended = agreed?.flags.contains(.extendedSetAttribute) ?? false
            let request = try Request.decode(bytes, extendedSetAttribute: isExtended)
            reply = fileSystem.answer(request, worker)
        } catch {
            guard let header = try? RequestHeader(bytes) else { return }
            let code: CInt = if case .unknownOpcode = error { ENOSYS } else { EINVAL }
            reply = worker.reply.failure(header.unique, code)
        }
        if reply > 0 { send(worker, reply) }
    }

    /// A failure means that nobody waits for the answer any more.
    private func send(_ worker: Worker, _ count: Int) {
        _ = cposix_write(worker.channel, worker.output.baseAddress, count)
    }

    /// Bytes of the next request, 0 if there is none and `waits` is false, below zero (-errno) when
    /// the mount is gone.
    private func next(_ worker: Worker, waits: Bool) -> Int {
        worker.channel = waits ? worker.sleepingChannel : worker.lookingChannel
        while true {
            let count = cposix_read(worker.channel, worker.input.baseAddress, worker.input.count)
            if count > 0 { return count }
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
