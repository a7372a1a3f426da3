internal import CaptureControl
internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import ReplicationModel

/// Serves one mount until it ends or is killed; in the second case the keeper makes the next one,
/// which goes on. Its first thread answers the daemon and waits for signals; all else happens on
/// the session's threads.
final class CaptureServer {
    private let keeper: Keeper
    private let mount: CaptureMount
    private let journal: JournalMemory
    private let recorder: Recorder
    private let fileSystem: FileSystem
    private let session: Session
    private var tripwire: Tripwire?
    private var clients: [CInt] = []
    /// Becomes readable when the process is told to end.
    private let stop: CInt
    /// Becomes readable when the keeper is gone.
    private var keeperEnd: CInt = -1

    /// How long files may stay open after a stop before their users get errors.
    private static let graceMilliseconds = 2000

    /// Finds again what a former server left, if there was one.
    init(_ keeper: Keeper, stop: CInt) throws(CaptureError) {
        self.keeper = keeper
        self.stop = stop
        let isFirst = keeper.memory[.takeovers] == 0
        if !isFirst { keeper.closeForgotten(stop: stop) }
        mount = keeper.mount
        do throws(JournalError) {
            journal = try JournalMemory(descriptor: cposix_dup(keeper.journal))
        } catch {
            throw .journal(String(describing: error))
        }
        recorder = Recorder(journal: JournalWriter(memory: journal), memory: keeper.memory)
        let number = UInt32(keeper.settings.number)
        let heat = Heat(folder: keeper.settings.marksFolder.map { BytePath($0) }, mount: number)
        do throws(Errno) {
            fileSystem = try FileSystem(
                backing: mount.backing, root: keeper.root, path: mount.path, mount: number,
                recorder: recorder, heat: heat, memory: keeper.memory,
                descriptorCountMax: keeper.descriptorCountMax)
        } catch {
            throw .system("stat \(keeper.settings.path)", errno: error.rawValue)
        }
        session = Session(fileSystem, keeper.channels, agreed: keeper.agreed)
    }

    /// Takes over from a server that was killed, if there was one, and starts to serve.
    func start() throws(CaptureError) {
        if keeper.memory[.takeovers] > 0 { session.takeOver(keeper.device) }
        let problem = session.start()
        guard problem == 0 else { throw .system("start of the session", errno: problem) }
        if keeper.settings.hasTripwire { watchAround() }
    }

    private func watchAround() {
        do throws(Errno) {
            let tripwire = try Tripwire(
                backing: mount.backing, path: mount.path, mount: UInt32(keeper.settings.number),
                processes: [getpid()])
            guard Thread.start({ tripwire.run() }) == 0 else { return }
            self.tripwire = tripwire
        } catch {
            keeper.say("changes around the mount cannot be noticed: \(error)")
        }
    }

    /// Serves until the mount is gone or the process is told to end.
    func run() {
        keeperEnd = cposix_processDescriptor(keeper.process)
        while true {
            if getppid() != keeper.process, keeperEnd >= 0 { becomeKeeper() }
            var entries = [stop, session.ended, keeper.listener, keeperEnd].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            entries += clients.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard understudy_poll(&entries, UInt32(entries.count), -1) >= 0 else { continue }
            if entries[1].revents != 0 { break }
            if entries[0].revents != 0 {
                leave()
                break
            }
            if entries[2].revents != 0 { accept() }
            for entry in entries[4...] where entry.revents != 0 {
                guard serve(entry.fd) else { continue }
                _ = cposix_unlinkat(AT_FDCWD, keeper.settings.socketPath, 0)
                return
            }
        }
        _ = cposix_unlinkat(AT_FDCWD, keeper.settings.socketPath, 0)
    }

    /// The keeper was killed. If this cannot take its place it goes on without one: the mount ends
    /// with it then.
    private func becomeKeeper() {
        _ = cposix_close(keeperEnd)
        keeperEnd = -1
        fileSystem.withDescriptorsHeld { keeper.becomeKeeper($0) }
    }

    /// Away, whoever is still inside. Files that are open stay usable for a moment.
    private func leave() {
        do throws(CaptureError) {
            try mount.detach(isLazy: false)
        } catch {
            try? mount.detach(isLazy: true)
        }
        var entry = pollfd(fd: session.ended, events: Int16(POLLIN), revents: 0)
        _ = understudy_poll(&entry, 1, CInt(Self.graceMilliseconds))
    }

    private func accept() {
        let client = cposix_accept(keeper.listener)
        guard client >= 0 else { return }
        clients.append(client)
    }

    /// Answers one message. True when the process is to end.
    private func serve(_ client: CInt) -> Bool {
        var bytes = [UInt8](repeating: 0, count: CaptureRequest.byteCountMax)
        var descriptors = [CInt](repeating: -1, count: 8)
        var descriptorCount: CInt = 0
        let count = cposix_receiveDescriptors(
            client, &bytes, bytes.count, &descriptors, &descriptorCount)
        for index in 0..<Int(descriptorCount) { _ = cposix_close(descriptors[index]) }
        guard count > 0 else {
            _ = cposix_close(client)
            clients.removeAll { $0 == client }
            return false
        }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        guard let request = CaptureRequest(text) else {
            send(client, .error("this is no request"), [])
            return false
        }
        return answer(client, request)
    }

    private func answer(_ client: CInt, _ request: CaptureRequest) -> Bool {
        switch request {
        case .hello:
            let fields = [
                "pid": String(keeper.process), "keeper": String(keeper.process),
                "server": String(getpid()), "takeovers": String(keeper.memory[.takeovers]),
                "number": String(keeper.settings.number),
                "mount": String(decoding: mount.path, as: UTF8.self),
                "journal": String(journal.journalID),
            ]
            send(client, .ok(fields), [keeper.journal, keeper.device, mount.backing])
        case .rules(let generation, let rules):
            fileSystem.setRules(generation, rules)
            send(client, .ok([:]), [])
        case .stats:
            send(client, .ok(statistics), [])
        case .flush:
            let (isRead, turns) = session.turns
            let text = turns.map { String($0) }.joined(separator: ",")
            send(client, .ok(["isRead": isRead ? "1" : "0", "turns": text]), [])
        case .rotate:
            send(client, rotate(), [])
        case .suspects:
            send(client, suspects(), [])
        case .unmount:
            do throws(CaptureError) {
                try mount.detach(isLazy: false)
            } catch {
                send(client, .error(error.text), [])
                return false
            }
            send(client, .ok([:]), [])
            return true
        }
        return false
    }

    private func suspects() -> CaptureReply {
        guard let tripwire else { return .error("changes around the mount are not noticed") }
        let suspects = tripwire.take()
        let files = suspects.files.map { "\($0.inode).\($0.generation)" }.joined(separator: ",")
        return .ok(["files": files, "more": suspects.isMore ? "1" : "0"])
    }

    private func rotate() -> CaptureReply {
        guard keeper.settings.marksFolder != nil else {
            return .error("hot groups are not written down: started without --marks")
        }
        guard let generation = fileSystem.rotateHeat() else {
            return .error("no new generation can be made now")
        }
        return .ok(["generation": String(generation), "newest": String(journal.newest)])
    }

    private var statistics: [String: String] {
        let counters = fileSystem.counts
        return [
            "operations": String(counters.operations), "writes": String(counters.writes),
            "bytes": String(counters.writtenBytes), "records": String(recorder.count),
            "nodes": String(fileSystem.nodeCount),
            "openDescriptors": String(fileSystem.descriptorCount),
            "takeovers": String(keeper.memory[.takeovers]),
            "around": String(tripwire?.count ?? 0),
            "tripwire": tripwire == nil ? "0" : "1",
            "hotGeneration": String(fileSystem.heat.logGeneration),
            "hotFailures": String(fileSystem.heat.failureCount),
            "unread": String(keeper.memory[.unread]),
            "unshared": String(keeper.memory[.unsharedNodes]),
        ]
    }

    private func send(_ client: CInt, _ reply: CaptureReply, _ descriptors: [CInt]) {
        let bytes = Array(reply.text.utf8)
        _ = cposix_sendDescriptors(
            client, bytes, bytes.count, descriptors, CInt(descriptors.count))
    }
}
