internal import CaptureControl
internal import CommandModel
internal import CPosix
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// The daemon's handle of one capture process: starts it or finds it again after a restart, and
/// talks to it. Calls block; make them from a `WorkerThread`.
final class CaptureProcess: Sendable {
    let number: Int
    /// Where it is mounted.
    let path: String
    /// Stands for the folder beneath the mount.
    let backingDescriptor: CInt
    /// As the journal that the process writes to says; -1 for one that was started here.
    let processID: Int
    private let socket: Mutex<CInt>

    private init(
        number: Int, path: String, backing: CInt, process: Int, socket: CInt
    ) {
        self.number = number
        self.path = path
        self.backingDescriptor = backing
        self.processID = process
        self.socket = Mutex(socket)
    }

    deinit {
        _ = cposix_close(backingDescriptor)
        socket.withLock { _ = cposix_close($0) }
    }

    /// A capture that still serves the mount, with the descriptor of the journal it writes to.
    static func adopt(
        number: Int, path: String, socketPath: String
    ) -> (CaptureProcess, journal: CInt)? {
        let socket = cposix_connectUnix(socketPath, CPOSIX_SEQPACKET)
        guard socket >= 0 else { return nil }
        _ = cposix_setReceiveTimeout(socket, 10)
        guard let answer = exchange(socket, .hello), case .ok(let fields) = answer.reply,
            answer.descriptors.count == 3
        else {
            _ = cposix_close(socket)
            return nil
        }
        let process = fields["pid"].flatMap { Int($0) } ?? 0
        // The capture's keeper holds the kernel's descriptor itself.
        _ = cposix_close(answer.descriptors[1])
        _ = cposix_setReceiveTimeout(socket, 60)
        let capture = CaptureProcess(
            number: number, path: path, backing: answer.descriptors[2], process: process,
            socket: socket)
        return (capture, answer.descriptors[0])
    }

    /// Starts a process and waits until its mount is live.
    static func start(
        program: String, number: Int, path: String, socketPath: String, logPath: String,
        marks: String, hasTripwire: Bool, journal: CInt
    ) throws(CommandError) -> CaptureProcess {
        unlink(socketPath)
        var pipe: [CInt] = [-1, -1]
        guard cposix_pipe(&pipe) >= 0 else {
            throw CommandError(.cannotMount, "no pipe can be made")
        }
        defer { _ = cposix_close(pipe[0]) }
        let started = spawn(
            program,
            [
                "--mount", path, "--number", "\(number)", "--socket", socketPath,
                "--log", logPath, "--marks", marks, "--journal-fd", "3",
                "--tripwire", hasTripwire ? "on" : "off",
            ], journal: journal, output: pipe[1])
        _ = cposix_close(pipe[1])
        guard case .success(let process) = started else {
            throw CommandError(.cannotMount, "'\(program)' cannot be started: \(started)")
        }
        reap(process)
        let line = readLine(pipe[0])
        guard line == "ready" else {
            kill(process, SIGTERM)
            throw CommandError(
                .cannotMount,
                "'\(path)' cannot be captured: "
                    + (line.isEmpty ? "the capture ended, see \(logPath)" : line))
        }
        guard let (capture, descriptor) = adopt(number: number, path: path, socketPath: socketPath)
        else {
            kill(process, SIGTERM)
            throw CommandError(.cannotMount, "the capture of '\(path)' does not answer")
        }
        _ = cposix_close(descriptor)
        return CaptureProcess(
            number: number, path: path, backing: cposix_dup(capture.backingDescriptor),
            process: Int(process), socket: capture.socket.withLock { cposix_dup($0) })
    }

    /// Calls `tell` once, from a thread of its own, when the process is gone.
    func whenItEnds(_ tell: @escaping @Sendable () -> Void) {
        let watched = socket.withLock { cposix_dup($0) }
        WorkerThread.start("watch-capture") {
            cposix_waitForHangUp(watched)
            _ = cposix_close(watched)
            tell()
        }
    }

    /// Which sets contain what. When this returns, changes carry the new bits.
    func setRules(_ rules: [SelectionRule], generation: UInt64) throws(CommandError) {
        _ = try request(.rules(generation: generation, rules))
    }

    /// Counters by name.
    func statistics() throws(CommandError) -> [String: Int] {
        try request(.stats).compactMapValues { Int($0) }
    }

    /// Begins a new generation of hot groups.
    ///
    /// - Returns: its number, and the newest change that may count on an older one.
    func rotate() throws(CommandError) -> (generation: UInt32, newest: UInt64) {
        let fields = try request(.rotate)
        guard let generation = fields["generation"].flatMap({ UInt32($0) }),
            let newest = fields["newest"].flatMap({ UInt64($0) })
        else {
            throw CommandError(.unknown, "the capture of '\(path)' began no new generation")
        }
        return (generation, newest)
    }

    /// Objects that were changed around the mount since the last time, as far as they are known.
    func suspects() throws(CommandError) -> [FileID] {
        let files = try request(.suspects)["files"] ?? ""
        return files.split(separator: ",").compactMap { file in
            let parts = file.split(separator: ".")
            guard parts.count == 2, let inode = UInt64(parts[0]), let generation = UInt32(parts[1])
            else { return nil }
            return FileID(inode: inode, generation: generation, mount: UInt32(number))
        }
    }

    /// When this returns, every change that was made below the mount before has its record, also
    /// those made through shared mappings: these are written by the kernel, and `syncfs` of such a
    /// mount only begins that.
    func flush() throws(CommandError) {
        let descriptor = cposix_open(path, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else {
            throw CommandError(
                .notCaptured, "'\(path)' cannot be read: \(String(cString: strerror(-descriptor)))")
        }
        defer { _ = cposix_close(descriptor) }
        var (own, backing) = (cposix_identity(), cposix_identity())
        let flags = CInt(AT_EMPTY_PATH)
        guard cposix_identify(descriptor, "", flags, &own) >= 0,
            cposix_identify(backingDescriptor, "", flags, &backing) >= 0,
            own.device != backing.device
        else { throw CommandError(.notCaptured, "the mount at '\(path)' is not there") }
        let result = cposix_syncfs(descriptor)
        guard result >= 0 else {
            throw CommandError(
                .notCaptured,
                "'\(path)' cannot be flushed: \(String(cString: strerror(-result)))")
        }
        var turns = try waitUntilRead(descriptor)
        for round in 0..<Self.flushRoundsMax {
            let now = try turnsNow().turns
            for (number, turn) in now.enumerated() where number < turns.count {
                if turns[number] != turn { turns[number] = 0 }
            }
            if turns.allSatisfy({ $0 == 0 }) { return }
            // A thread that waits for a request is given one.
            cposix_nudge(descriptor)
            Clock.rest(nanoseconds: min(Int64(round) * 20_000, 5 * Clock.millisecond))
        }
        throw CommandError(.timedOut, "a request to the capture of '\(path)' is not answered")
    }

    /// Waits until the capture has read all that the kernel has sent it, and answers whose turn it
    /// was then.
    private func waitUntilRead(_ descriptor: CInt) throws(CommandError) -> [UInt64] {
        for _ in 0..<Self.readRoundsMax {
            let now = try turnsNow()
            if now.isRead { return now.turns }
            Clock.rest(nanoseconds: Clock.millisecond)
        }
        // Requests come without any pause. What is sent behind those of before need not wait for
        // one.
        let result = cposix_passMappedWrites(descriptor)
        guard result >= 0 else {
            throw CommandError(
                .timedOut,
                "requests to the capture of '\(path)' come without a pause, and no file can be "
                    + "made to tell them apart: \(String(cString: strerror(-result)))")
        }
        return try turnsNow().turns
    }

    private func turnsNow() throws(CommandError) -> (isRead: Bool, turns: [UInt64]) {
        let fields = try request(.flush)
        let turns = (fields["turns"] ?? "").split(separator: ",").compactMap { UInt64($0) }
        return (fields["isRead"] == "1", turns)
    }

    private static let flushRoundsMax = 1000
    private static let readRoundsMax = 50

    /// Ends the mount and the process; refused while files are open in it.
    func unmount() throws(CommandError) { _ = try request(.unmount) }

    private func request(_ request: CaptureRequest) throws(CommandError) -> [String: String] {
        let answer = socket.withLock { socket in
            let answer = Self.exchange(socket, request)
            // An answer that comes too late must not be taken for that of another request.
            if answer == nil { shutdown(socket, CInt(SHUT_RDWR)) }
            return answer
        }
        guard let answer else {
            throw CommandError(
                .serverNotResponding, "the capture of '\(path)' does not answer")
        }
        for descriptor in answer.descriptors { _ = cposix_close(descriptor) }
        switch answer.reply {
        case .ok(let fields): return fields
        case .error(let reason): throw CommandError(.cannotMount, reason)
        }
    }

    // MARK: One message there, one back

    private static func exchange(
        _ socket: CInt, _ request: CaptureRequest
    ) -> (reply: CaptureReply, descriptors: [CInt])? {
        let text = Array(request.text.utf8)
        let sent = text.withUnsafeBytes {
            cposix_sendDescriptors(socket, $0.baseAddress, $0.count, nil, 0)
        }
        guard sent == text.count else { return nil }
        var bytes = [UInt8](repeating: 0, count: CaptureRequest.byteCountMax)
        var descriptors = [CInt](repeating: -1, count: 8)
        var count: CInt = 0
        let received = cposix_receiveDescriptors(
            socket, &bytes, bytes.count, &descriptors, &count)
        guard received > 0,
            let reply = CaptureReply(String(decoding: bytes[..<received], as: UTF8.self))
        else {
            for descriptor in descriptors[..<Int(count)] { _ = cposix_close(descriptor) }
            return nil
        }
        return (reply, Array(descriptors[..<Int(count)]))
    }

    private static func readLine(_ descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        var one: UInt8 = 0
        while cposix_read(descriptor, &one, 1) == 1, one != 0x0A, bytes.count < 4096 {
            bytes.append(one)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func spawn(
        _ program: String, _ arguments: [String], journal: CInt, output: CInt
    ) -> Result<pid_t, SpawnFailure> {
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let result = cposix_spawn(program, words, journal, output, &process)
        return result >= 0 ? .success(process) : .failure(SpawnFailure(errno: -result))
    }

    struct SpawnFailure: Error, CustomStringConvertible {
        let errno: CInt
        var description: String { String(cString: strerror(errno)) }
    }

    /// Takes the exit status when the process ends, so that it does not stay behind as a zombie.
    private static func reap(_ process: pid_t) {
        WorkerThread.start("reap-capture") { cposix_reap(process) }
    }
}
