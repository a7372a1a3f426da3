internal import CaptureControl
internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc
internal import Journal
internal import ReplicationModel

/// Makes a mount and keeps it alive: holds every descriptor and the shared memory, and makes the
/// server that does the work. The server is a child that shares the table of descriptors, so that
/// all it opens survives it; when it is killed, the next one goes on where it stopped.
///
/// Has one thread, always: the server is a copy of this process.
package final class Keeper: @unchecked Sendable {
    /// What the process was started with.
    package struct Settings {
        package var path: String
        package var number: UInt8
        package var socketPath: String
        /// Where hot groups are written down; nil: nowhere.
        package var marksFolder: String?
        /// Changes that do not come through the mount are noticed.
        package var hasTripwire = false
        /// Servers that may be killed in ten seconds before the keeper gives up.
        package var deathsMax = 5

        package init(path: String, number: UInt8, socketPath: String) {
            self.path = path
            self.number = number
            self.socketPath = socketPath
        }
    }

    let settings: Settings
    let mount: CaptureMount
    /// Descriptors that every server uses.
    let device: CInt
    let root: CInt
    let journal: CInt
    let listener: CInt
    let channels: [Channel]
    let memory: SharedMemory
    let agreed: Negotiation
    let process = getpid()
    let descriptorCountMax: Int
    /// Readable when a server has ended.
    private let ending: CInt

    /// Of the limit on descriptors, for journal, channels, sockets and what is being opened.
    private static let descriptorsReserved = 256
    private static let descriptorCountMax: UInt64 = 1 << 20
    private static let deathsNanoseconds: Int64 = 10_000_000_000

    /// Mounts. From here on everything below the path waits for the first server.
    ///
    /// - Parameter journal: the journal's memory, owned from here on.
    package init(_ settings: Settings, journal: CInt) throws(CaptureError) {
        self.settings = settings
        self.journal = journal
        descriptorCountMax = Self.prepare()
        mount = try CaptureMount(path: settings.path)
        guard let memory = SharedMemory() else { throw .system("shared memory", errno: ENOMEM) }
        self.memory = memory
        root = cposix_dup(mount.backing)
        guard root >= 0 else { throw .system("open \(settings.path)", errno: -root) }
        do throws(JournalError) {
            _ = try JournalMemory(descriptor: cposix_dup(journal))
        } catch {
            throw .journal(String(describing: error))
        }
        ending = cposix_childDescriptor()
        guard ending >= 0 else { throw .system("signals", errno: -ending) }
        _ = cposix_unlinkat(AT_FDCWD, settings.socketPath, 0)
        // Nobody else may talk to us: the mode must hold from the first moment.
        let mask = umask(0o177)
        listener = cposix_listenUnix(settings.socketPath, CInt(SOCK_SEQPACKET.rawValue))
        umask(mask)
        guard listener >= 0 else {
            throw .system("listen at \(settings.socketPath)", errno: -listener)
        }
        device = try CaptureMount.openDevice()
        try mount.attach(device)
        do throws(CaptureError) {
            let offer: InitializeRequest
            (offer, agreed) = try Greeting.exchange(device, memory)
            channels = try Channel.make(device, count: Session.workerCountMax)
            memory.handover = Handover(
                device: device, backing: mount.backing, root: root, journal: journal,
                listener: listener, channels: InlineChannels(channels), offer: offer)
        } catch {
            try? mount.detach(isLazy: true)
            throw error
        }
    }

    /// Goes on with a mount that another keeper made and a server handed over. nil if that is not
    /// possible.
    package init?(_ settings: Settings, resuming descriptor: CInt) {
        guard let memory = SharedMemory(descriptor: descriptor) else { return nil }
        self.settings = settings
        self.memory = memory
        descriptorCountMax = Self.prepare()
        let given = memory.handover
        guard let mount = try? CaptureMount(covered: given.backing),
            let agreed = Negotiation(given.offer, writeBytesMax: Limits.writeBytesMax)
        else { return nil }
        self.mount = mount
        self.agreed = agreed
        (device, root) = (given.device, given.root)
        (journal, listener) = (given.journal, given.listener)
        channels = given.channels.list
        ending = cposix_childDescriptor()
        guard ending >= 0 else { return nil }
        for descriptor in given.descriptors + [descriptor] {
            _ = cposix_setInherited(descriptor, 0)
        }
        memory[.takeovers] += 1
    }

    /// Answers how many descriptors nodes may hold.
    private static func prepare() -> Int {
        let limit = understudy_raiseDescriptorLimit(descriptorCountMax)
        becomeIndispensable()
        _ = understudy_dropResourceCapability()
        _ = understudy_keepCapabilities()
        umask(0)
        return limit > 2048 ? Int(limit) - descriptorsReserved : Int(limit) / 2
    }

    /// Other processes wait for this one, with every file below the mount: it runs before them, it
    /// is the last to be killed when memory is short, and its own memory needs must not wait for
    /// files to be written back through it. What the system does not allow is left out.
    private static func becomeIndispensable() {
        _ = understudy_setFlusher()
        put("-900", "/proc/self/oom_score_adj")
        // Where sessions share the processors the session's weight counts, else the process's.
        _ = setpriority(PRIO_PROCESS, 0, -10)
        put("-10", "/proc/self/autogroup")
    }

    private static func put(_ text: String, _ path: String) {
        let file = cposix_open(path, O_WRONLY, 0)
        guard file >= 0 else { return }
        let bytes = Array(text.utf8)
        _ = cposix_write(file, bytes, bytes.count)
        _ = cposix_close(file)
    }

    /// Keeps a server at work until the mount ends. `stop` (a descriptor for signals) ends it.
    ///
    /// - Returns: the status to exit with.
    package func run(stop: CInt) -> CInt {
        var deaths: [Int64] = []
        while true {
            let server = start(stop)
            guard server > 0 else {
                say("no server can be made: \(Errno(rawValue: -server))")
                return giveUp()
            }
            let end = wait(server, stop)
            guard end.signal != 0 else {
                if end.status != 0 { try? mount.detach(isLazy: true) }
                return end.status
            }
            if end.wasStopped { return giveUp(status: 0) }
            say("the server was ended by signal \(end.signal)")
            guard agreed.flags.contains(.hasResend) else {
                say("this kernel cannot send its requests again; the mount ends")
                return giveUp()
            }
            let now = cposix_monotonic()
            deaths = deaths.filter { now - $0 < Self.deathsNanoseconds } + [now]
            guard deaths.count <= settings.deathsMax else {
                say("\(deaths.count) servers in ten seconds; the mount ends")
                return giveUp()
            }
            memory[.takeovers] += 1
        }
    }

    private func giveUp(status: CInt = 1) -> CInt {
        try? mount.detach(isLazy: true)
        _ = cposix_unlinkat(AT_FDCWD, settings.socketPath, 0)
        return status
    }

    // MARK: The server's process

    private final class Start {
        let keeper: Keeper
        let stop: CInt
        init(_ keeper: Keeper, _ stop: CInt) { (self.keeper, self.stop) = (keeper, stop) }
    }

    /// The server's process, or -errno.
    private func start(_ stop: CInt) -> pid_t {
        let start = Unmanaged.passRetained(Start(self, stop))
        defer { start.release() }
        return cposix_cloneSharing(
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeUnretainedValue()
                start.keeper.serve(start.stop)
            }, start.toOpaque())
    }

    /// The life of a server, in its own process.
    private func serve(_ stop: CInt) -> Never {
        Self.rename("serving")
        do throws(CaptureError) {
            let server = try CaptureServer(self, stop: stop)
            try server.start()
            server.run()
        } catch {
            say(error.text)
            cposix_exitNow(1)
        }
        // Threads may still be inside; nothing they could do matters any more.
        cposix_exitNow(0)
    }

    /// Lists of processes show the same program twice; this tells which is which. `last` is as long
    /// as what stands there.
    private static func rename(_ last: String) {
        cposix_nameThread(last == "serving" ? "understudy-serv" : "understudy-capt")
        guard let name = CommandLine.unsafeArgv[0], strlen(name) >= last.utf8.count else { return }
        memcpy(name + (strlen(name) - last.utf8.count), last, last.utf8.count)
    }

    /// In a server whose keeper was killed: it becomes the keeper. Answers only if that fails.
    ///
    /// - Parameter nodes: descriptors of nodes; none may change meanwhile.
    func becomeKeeper(_ nodes: [CInt]) {
        say("the keeper is gone; process \(getpid()) keeps the mount")
        for descriptor in memory.handover.descriptors + [memory.descriptor] + nodes {
            _ = cposix_setInherited(descriptor, 1)
        }
        Self.rename("capture")
        var words: [UnsafeMutablePointer<CChar>?] = []
        var rest = CommandLine.arguments[...]
        while let word = rest.popFirst() {
            if word == "--resume" { _ = rest.popFirst() } else { words.append(strdup(word)) }
        }
        words += [strdup("--resume"), strdup(String(memory.descriptor)), nil]
        let result = cposix_become("/proc/self/exe", words)
        say("it cannot become the keeper: \(Errno(rawValue: -result))")
        Self.rename("serving")
    }

    private struct End {
        var status: CInt
        var signal: CInt
        var wasStopped: Bool
    }

    private func wait(_ server: pid_t, _ stop: CInt) -> End {
        var wasStopped = false
        var status: CInt = 0
        var signal: CInt = 0
        var entries = [
            pollfd(fd: ending, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            if cposix_tryTakeEnd(ending, server, &status, &signal) != 0 { break }
            guard understudy_poll(&entries, 2, -1) >= 0 else { continue }
            if entries[1].revents != 0 {
                wasStopped = true
                // The server leaves and ends; that is waited for.
                kill(server, SIGTERM)
                entries[1].fd = -1
            }
        }
        return End(status: status, signal: signal, wasStopped: wasStopped)
    }

    func say(_ text: String) {
        let bytes = Array("understudy-capture: \(text)\n".utf8)
        _ = cposix_write(2, bytes, bytes.count)
    }

    // MARK: Descriptors

    /// Closes what nobody knows any more: a killed server had just opened it, or talked over it.
    /// To be called before the new server opens anything.
    func closeForgotten(stop: CInt) {
        var known = memory.handover.descriptors + [0, 1, 2, memory.descriptor, ending, stop]
        var nodes = SharedNodes(memory)
        nodes.restore { if $0.opened.descriptor >= 0 { known.append($0.opened.descriptor) } }
        known.sort()
        var next: CInt = 0
        for descriptor in known {
            if descriptor > next {
                _ = cposix_closeRange(UInt32(next), UInt32(descriptor - 1))
            }
            next = descriptor + 1
        }
        _ = cposix_closeRange(UInt32(next), UInt32.max)
    }
}

/// The kernel's first request, which settles what both can do.
private enum Greeting {
    static func exchange(
        _ device: CInt, _ memory: SharedMemory
    ) throws(CaptureError) -> (InitializeRequest, Negotiation) {
        let worker = Worker(memory, number: 0, looking: device, sleeping: device, seats: nil)
        while true {
            var entry = pollfd(fd: device, events: Int16(POLLIN), revents: 0)
            _ = understudy_poll(&entry, 1, -1)
            let count = worker.read()
            if count == -Int(EAGAIN) || count == -Int(EINTR) { continue }
            guard count > 0 else { throw problem(CInt(-count)) }
            let bytes = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(worker.input)[..<count])
            guard let request = try? Request.decode(bytes),
                case .initialize(let offer) = request.operation
            else { throw problem(EPROTO) }
            let unique = request.header.unique
            guard let answer = Negotiation(offer, writeBytesMax: Limits.writeBytesMax) else {
                send(worker, worker.reply.failure(unique, EPROTO))
                throw problem(EPROTO)
            }
            answer.encode(into: worker.reply.body)
            send(worker, worker.reply.finish(unique, body: Negotiation.byteCount))
            // A newer major version: the kernel starts again with ours.
            if offer.major == Negotiation.major { return (offer, answer) }
        }
    }

    private static func send(_ worker: Worker, _ count: Int) {
        _ = cposix_write(worker.channel, worker.output.baseAddress, count)
    }

    private static func problem(_ code: CInt) -> CaptureError {
        .system("start of the session", errno: code)
    }
}
