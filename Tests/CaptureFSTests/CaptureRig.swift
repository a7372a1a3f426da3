import CaptureControl
import CPosix
import CaptureFS
import FileSystemAccess
import Glibc
import Journal

/// A fresh folder that is captured by a process of its own, with a journal that the test reads.
final class CaptureRig {
    let base: String
    let root: String
    let follower: JournalFollower
    /// The keeper.
    private(set) var process: pid_t
    /// The one that was started here, whose end must be taken.
    private let child: pid_t
    let memory: JournalMemory
    private var client: CInt

    enum Problem: Error { case setup(String) }

    /// `options` are further words of the process's command line, `environment` is added to ours.
    init(
        isFollowed: Bool = true, options: [String] = [], environment: [String] = [],
        prepare: (String) -> Void = { _ in }
    ) throws {
        base = try Self.makeFolder()
        root = base + "/protected"
        mkdir(root, 0o755)
        prepare(root)
        memory = try JournalMemory.make(bytes: 32 << 20)
        follower = try JournalFollower.start(memory, connection: 1)
        // Without close-on-exec: the child inherits it under the same number.
        let inherited = dup(memory.descriptor)
        defer { close(inherited) }
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Problem.setup("pipe") }
        defer { close(ends[0]) }
        child = try Self.spawn(
            [
                Self.executable, "--mount", root, "--number", "7", "--socket", base + "/socket",
                "--journal-fd", String(inherited), "--log", base + "/log",
            ] + options, output: ends[1], environment: environment)
        process = child
        close(ends[1])
        var line = [UInt8](repeating: 0, count: 256)
        let count = read(ends[0], &line, line.count)
        let text = String(decoding: line[..<max(0, count)], as: UTF8.self)
        guard text == "ready\n" else {
            var status: CInt = 0
            waitpid(process, &status, 0)
            throw Problem.setup(text)
        }
        client = cposix_connectUnix(base + "/socket", CInt(SOCK_SEQPACKET.rawValue))
        guard client >= 0 else { throw Problem.setup("connect \(client)") }
        if isFollowed {
            let all = SelectionRule(
                bit: 3, includes: true, isRecursive: true, path: Array(root.utf8))
            guard ask(.rules(generation: 1, [all])) == .ok([:]) else {
                throw Problem.setup("rules")
            }
        }
    }

    /// Ends the process, and whatever happened takes the mount and the folder away.
    func stop() {
        close(client)
        let end = cposix_processDescriptor(process)
        if end >= 0 {
            kill(process, SIGTERM)
            var entry = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
            poll(&entry, 1, 10_000)
            close(end)
        }
        if child == process {
            var status: CInt = 0
            waitpid(child, &status, 0)
        }
        _ = cposix_umount2(root, 2)
        Self.remove(base)
    }

    func ask(_ request: CaptureRequest) -> CaptureReply? {
        let (reply, descriptors) = askWithDescriptors(request)
        // Whoever holds the device keeps requests waiting that nobody serves.
        for descriptor in descriptors { close(descriptor) }
        return reply
    }

    /// A counter of the process, -1 when it does not answer.
    func count(_ name: String) -> Int {
        guard case .ok(let fields)? = ask(.stats) else { return -1 }
        return fields[name].flatMap { Int($0) } ?? -1
    }

    // MARK: The server

    /// After the server was killed: the next one answers on a new connection.
    func connectAgain() {
        close(client)
        client = cposix_connectUnix(base + "/socket", CInt(SOCK_SEQPACKET.rawValue))
        _ = cposix_setReceiveTimeout(client, 10)
    }

    /// The process that serves at the moment; nil: there is none.
    var server: pid_t? {
        guard let text = WholeFile.read("/proc/\(process)/task/\(process)/children") else {
            return nil
        }
        return text.split(separator: 0x20).first.flatMap {
            pid_t(String(decoding: $0, as: UTF8.self))
        }
    }

    func killServer() {
        if let server { kill(server, SIGKILL) }
    }

    /// Kills the keeper; the server that answers at the moment becomes the keeper.
    func killKeeper() -> Bool {
        connectAgain()
        guard case .ok(let fields)? = ask(.hello), let next = fields["server"].flatMap(pid_t.init),
            fields["keeper"] == String(process)
        else { return false }
        kill(process, SIGKILL)
        if child == process {
            var status: CInt = 0
            waitpid(child, &status, 0)
        }
        process = next
        return true
    }

    /// Waits until the server has become the keeper and made a server of its own.
    func waitForKeeper() -> Bool {
        // POLLRDHUP: the connection ends when the server becomes another program.
        var entry = pollfd(fd: client, events: Int16(0x2000), revents: 0)
        guard poll(&entry, 1, 10_000) == 1 else { return false }
        connectAgain()
        guard case .ok(let fields)? = ask(.hello) else { return false }
        return fields["keeper"] == String(process)
    }

    /// Open descriptors of keeper and server, which have one table.
    var descriptors: [String: String] {
        guard let directory = opendir("/proc/\(process)/fd") else { return [:] }
        defer { closedir(directory) }
        var found: [String: String] = [:]
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            var room = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/\(process)/fd/\(name)", &room, 4095)
            guard count > 0 else { continue }
            found[name] = String(
                decoding: room[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return found
    }

    var log: String {
        String(decoding: WholeFile.read(base + "/log") ?? [], as: UTF8.self)
    }

    /// Waits for the end of the keeper; its exit status.
    func waitForEnd() -> CInt {
        var status: CInt = 0
        waitpid(process, &status, 0)
        return status >> 8 & 0xFF
    }

    func askWithDescriptors(_ request: CaptureRequest) -> (CaptureReply?, [CInt]) {
        let bytes = Array(request.text.utf8)
        guard cposix_write(client, bytes, bytes.count) == bytes.count else { return (nil, []) }
        var room = [UInt8](repeating: 0, count: CaptureRequest.byteCountMax)
        var descriptors = [CInt](repeating: -1, count: 8)
        var descriptorCount: CInt = 0
        let count = cposix_receiveDescriptors(
            client, &room, room.count, &descriptors, &descriptorCount)
        guard count > 0 else { return (nil, []) }
        let reply = CaptureReply(String(decoding: room[..<count], as: UTF8.self))
        return (reply, Array(descriptors[..<Int(descriptorCount)]))
    }

    // MARK: Folders and processes

    static func makeFolder() throws -> String {
        var template = Array("/tmp/understudy-capture-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Problem.setup("mkdtemp") }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        return path
    }

    static func remove(_ path: String) {
        guard let process = try? spawn(["/bin/rm", "-rf", path], output: -1) else { return }
        var status: CInt = 0
        waitpid(process, &status, 0)
    }

    static func spawn(
        _ words: [String], output: CInt, environment more: [String] = []
    ) throws -> pid_t {
        var arguments = words.map { (word: String) in strdup(word) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if output >= 0 { posix_spawn_file_actions_adddup2(&actions, output, 1) }
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var place = environ
        while let variable = place.pointee {
            variables.append(variable)
            place += 1
        }
        let added = more.map { (word: String) in strdup(word) }
        defer { for variable in added { free(variable) } }
        variables += added + [nil]
        var process = pid_t()
        let result = posix_spawn(&process, words[0], &actions, nil, &arguments, &variables)
        guard result == 0 else { throw Problem.setup("spawn \(words[0]): \(result)") }
        return process
    }

    /// Beside the test's own executable.
    static var executable: String {
        var room = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &room, 4095)
        let path = room[..<max(0, count)].map { UInt8(bitPattern: $0) }
        // Tests may be run by a runner from elsewhere; their own path is an argument then.
        let candidates = [String(decoding: path, as: UTF8.self)] + CommandLine.arguments
        for candidate in candidates {
            guard let slash = candidate.lastIndex(of: "/") else { continue }
            let beside = candidate[...slash] + "understudy-capture"
            if access(String(beside), X_OK) == 0 { return String(beside) }
        }
        return "understudy-capture"
    }
}
