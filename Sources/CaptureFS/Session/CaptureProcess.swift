internal import CaptureControl
internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal

/// One mount, from the start of its process to its end. The main thread mounts, answers the daemon
/// and waits for signals; all else happens on the session's threads.
package final class CaptureProcess {
    /// What the process was started with.
    package struct Settings {
        package var path: String
        package var number: UInt8
        package var socketPath: String

        package init(path: String, number: UInt8, socketPath: String) {
            self.path = path
            self.number = number
            self.socketPath = socketPath
        }
    }

    private let settings: Settings
    private let mount: CaptureMount
    private let device: CInt
    private let journal: JournalWriter
    private let journalDescriptor: CInt
    private let recorder: Recorder
    private let fileSystem: FileSystem
    private let session: Session
    private let listener: CInt
    private var clients: [CInt] = []

    /// Of the limit on descriptors, for journal, channels, sockets and what is being opened.
    private static let descriptorsReserved = 256
    private static let descriptorCountMax: UInt64 = 1 << 20
    /// How long files may stay open after a stop before their users get errors.
    private static let graceMilliseconds = 2000

    /// Mounts. From here on everything below the path comes by us.
    ///
    /// - Parameter journal: a memfd with the journal, owned from here on.
    package init(_ settings: Settings, journal descriptor: CInt) throws(CaptureError) {
        self.settings = settings
        let limit = understudy_raiseDescriptorLimit(Self.descriptorCountMax)
        Self.becomeIndispensable()
        _ = understudy_dropResourceCapability()
        _ = understudy_keepCapabilities()
        umask(0)
        mount = try CaptureMount(path: settings.path)
        do throws(JournalError) {
            journal = try JournalWriter(descriptor: descriptor)
        } catch {
            throw .journal(String(describing: error))
        }
        journalDescriptor = descriptor
        recorder = Recorder(journal: journal)
        let room = limit > 2048 ? Int(limit) - Self.descriptorsReserved : Int(limit) / 2
        do throws(Errno) {
            fileSystem = try FileSystem(
                backing: mount.backing, path: mount.path, mount: UInt32(settings.number),
                recorder: recorder, descriptorCountMax: room)
        } catch {
            throw .system("stat \(settings.path)", errno: error.rawValue)
        }
        _ = cposix_unlinkat(AT_FDCWD, settings.socketPath, 0)
        // Nobody else may talk to us: the mode must hold from the first moment.
        let mask = umask(0o177)
        listener = cposix_listenUnix(settings.socketPath, CInt(SOCK_SEQPACKET.rawValue))
        umask(mask)
        guard listener >= 0 else {
            throw .system("listen at \(settings.socketPath)", errno: -listener)
        }
        device = try CaptureMount.openDevice()
        session = Session(fileSystem, device: device)
        try mount.attach(device)
        let problem = session.negotiate()
        let started = problem == 0 ? session.start() : problem
        guard started == 0 else {
            try? mount.detach(isLazy: true)
            throw .system("start of the session", errno: started)
        }
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

    /// Serves until the mount is gone or `stop` (a descriptor) becomes readable.
    package func run(stop: CInt) {
        while true {
            var entries = [stop, session.ended, listener].map {
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
            for entry in entries[3...] where entry.revents != 0 {
                guard serve(entry.fd) else { continue }
                _ = cposix_unlinkat(AT_FDCWD, settings.socketPath, 0)
                return
            }
        }
        _ = cposix_unlinkat(AT_FDCWD, settings.socketPath, 0)
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
        let client = cposix_accept(listener)
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
                "pid": String(getpid()), "number": String(settings.number),
                "mount": String(decoding: mount.path, as: UTF8.self),
                "journal": String(journal.journalID),
            ]
            send(client, .ok(fields), [journalDescriptor, device, mount.backing])
        case .rules(let generation, let rules):
            fileSystem.setRules(SelectionRules(generation: generation, rules))
            send(client, .ok([:]), [])
        case .stats:
            send(client, .ok(statistics), [])
        case .flush:
            send(client, .ok([:]), [])
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

    private var statistics: [String: String] {
        let counters = fileSystem.counts
        return [
            "operations": String(counters.operations), "writes": String(counters.writes),
            "bytes": String(counters.writtenBytes), "records": String(recorder.count),
            "nodes": String(fileSystem.nodeCount),
            "openDescriptors": String(fileSystem.descriptorCount),
        ]
    }

    private func send(_ client: CInt, _ reply: CaptureReply, _ descriptors: [CInt]) {
        let bytes = Array(reply.text.utf8)
        _ = cposix_sendDescriptors(
            client, bytes, bytes.count, descriptors, CInt(descriptors.count))
    }
}
