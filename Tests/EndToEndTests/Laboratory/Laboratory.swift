import Foundation
import Synchronization
import Testing

/// Two servers, a folder to protect and the place of its copy, all beneath one new folder. Whatever
/// a test leaves behind, `close` takes it away.
final class Laboratory {
    let home: String
    /// What is protected, and where it goes.
    var source: String { home + "/protected" }
    lazy var copy = home + "/copy"
    var outputFolder: String { home + "/output" }

    private(set) var servers: [Server] = []
    private var children: [Child] = []
    private var cleanups: [() -> Void] = []
    private var isClosed = false
    /// Cleans up in our place when this process does not live to do it.
    private var sweeper: Child?
    /// Servers of one process get addresses and ports after one another.
    private static let serverCount = Mutex(0)

    init() throws {
        try #require(Programs.areBuilt, "the programs are not in '\(Programs.folder)'")
        var template = Array("/var/tmp/understudy-e2e.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        home = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        mkdir(home + "/output", 0o700)
        sweeper = try Child(
            Programs.support("sweep"), ["\(getpid())", home], folder: outputFolder)
    }

    deinit { close() }

    /// Runs a test in a laboratory of its own; where it fails, the ends of all logs are shown.
    static func run(_ body: (Laboratory) throws -> Void) throws {
        let laboratory = try Laboratory()
        defer { laboratory.close() }
        do {
            try body(laboratory)
        } catch {
            laboratory.showLogs()
            throw error
        }
    }

    // MARK: Servers

    /// Starts a server that is there for commands when this returns.
    ///
    /// - Parameter within: words before the program; `settings`: lines of a configuration file.
    @discardableResult
    func start(
        _ name: String, address: String? = nil, within: [String] = [], settings: String? = nil
    ) throws -> Server {
        let number = Self.serverCount.withLock { count in
            count += 1
            return count
        }
        let server = Server(
            name: name, address: address ?? Self.address(number), port: 20_000 + number,
            state: "\(home)/\(name)", within: within, outputFolder: outputFolder)
        if let settings {
            let file = "\(home)/\(name).yaml"
            try settings.write(toFile: file, atomically: true, encoding: .utf8)
            server.arguments += ["--config", file]
        }
        servers.append(server)
        try server.start()
        return server
    }

    /// `alpha` and `beta`.
    func startBoth() throws -> (alpha: Server, beta: Server) {
        (try start("alpha"), try start("beta"))
    }

    /// Of this process alone, as far as 127.0.0.0/8 goes.
    private static func address(_ number: Int) -> String {
        let process = Int(getpid()) & 0x7FFF
        let last = (process & 3) * 60 + 2 + number % 58
        return "127.\(32 + (process >> 10)).\((process >> 2) & 0xFF).\(last)"
    }

    // MARK: Programs

    func child(_ program: String, _ arguments: [String]) throws -> Child {
        let child = try Child(program, arguments, folder: outputFolder)
        children.append(child)
        return child
    }

    /// Runs a shell command that has to succeed.
    @discardableResult
    func shell(_ command: String, seconds: Double = 20) throws -> String {
        let outcome = try child("/bin/bash", ["-c", "set -e; " + command]).wait(seconds: seconds)
        try #require(outcome.status == 0, "\(command): \(outcome.text)")
        return outcome.output
    }

    /// Runs DTCL against all servers that were started; says nothing of how it ended.
    func dtcl(_ arguments: [String], json: Bool = true, seconds: Double = 30) throws
        -> Child.Outcome
    {
        var words = json ? ["--json"] : []
        for server in servers { words += ["--server", "\(server.name)=unix:\(server.socket)"] }
        return try child(Programs.path("dtcl"), words + arguments).wait(seconds: seconds)
    }

    /// What commands to `alpha`, or another server named as source, answer.
    func ask(_ commands: String, of server: String = "alpha", seconds: Double = 30) throws -> Answer
    {
        Answer(try dtcl(["-c", "source \(server); \(commands)"], seconds: seconds))
    }

    /// Commands that have to succeed.
    @discardableResult
    func command(
        _ commands: String, of server: String = "alpha", seconds: Double = 30
    ) throws -> Answer {
        let answer = try ask(commands, of: server, seconds: seconds)
        try #require(answer.status == 0, "\(commands): \(answer.text)")
        return answer
    }

    // MARK: Protection

    /// A generated tree at `source`.
    func makeTree(_ count: Int) throws {
        try shell("'\(Programs.script("Support/make-tree"))' '\(source)' \(count)")
    }

    /// Scripts/Library/protect.dtcl: capture, set, connection 1, mirror, SYNC.
    func protect() throws {
        let outcome = try dtcl(
            [Programs.script("Library/protect.dtcl"), "alpha", "beta", source, copy], seconds: 60)
        try #require(outcome.status == 0, "protect.dtcl: \(outcome.text)")
        try Moment.require("the mirror on the target's disk", seconds: 15) {
            try status()["settled"] as? Bool == true
        }
    }

    /// The capture and a saved set, without a connection.
    func capture(_ folder: String? = nil, set: String = "protected") throws {
        let folder = folder ?? source
        try command(
            """
            dtfs mount '\(folder)'; repset create \(set)
            repset rule add '\(folder)' include to \(set); repset save \(set)
            """)
    }

    var connectCommand: String { "connect protected to beta map '\(source)' to '\(copy)'" }

    func sync(seconds: Int = 40) throws {
        try command("sync 1 timeout \(seconds) seconds", seconds: Double(seconds) + 10)
    }

    /// STATUS CONNECTION 1.
    func status() throws -> [String: Any] { try command("status connection 1").record }

    func counter(_ name: String) throws -> Int {
        let status = try status()
        return try #require((status[name] as? NSNumber)?.intValue, "\(name) in \(status)")
    }

    /// Both trees are equal by the independent comparison.
    ///
    /// - Parameter folder: where the source is, if not `source`; hard links then may reach out of
    ///   it.
    func requireEqual(_ moment: String, folder: String? = nil) throws {
        let outcome = try child(
            Programs.script("Support/compare-trees"), [folder ?? source, copy]
        ).wait(seconds: 60)
        if outcome.status == 0 { return }
        // What of an allocation was never written reads as a hole or not, as the file system likes.
        let lines = outcome.output.split(separator: "\n")
        let differences = lines.dropLast().filter {
            !($0.contains("allocated-") && $0.contains("': holes "))
                && !(folder != nil && $0.hasSuffix(": hard links"))
        }
        let isEqual = differences.isEmpty && lines.count <= 40 && outcome.errors.isEmpty
        let status = isEqual ? "" : try command("status connection 1").shown
        try #require(isEqual, "\(moment), the trees differ:\n\(outcome.text)\n\(status)")
    }

    /// Starts the random workload on the protected folder, or across two folders.
    func workload(
        seed: UInt64, seconds: Double, processes: Int = 2, threads: Int = 3,
        folders: [String] = []
    ) throws -> Child {
        print("workload of seed \(seed), \(seconds) s")
        return try child(
            Programs.support("workload"),
            [folders.first ?? source, "\(seed)", "\(seconds)", "\(processes)", "\(threads)"]
                + folders.dropFirst())
    }

    /// The workload ended and met no error that an ordinary folder would not have given.
    func requireUndisturbed(_ workload: Child, seconds: Double = 30) throws {
        let outcome = try workload.wait(seconds: seconds)
        let end = outcome.output.split(separator: "\n").filter { !$0.hasPrefix("reached") }
        try #require(
            outcome.status == 0,
            "the workload was disturbed:\n\(end.joined(separator: "\n"))\n\(outcome.errors)")
        print(end.map { $0.prefix(60) }.joined(separator: "; "))
    }

    // MARK: The end

    /// For whatever else a test makes: undone in the opposite order, before everything else.
    func atEnd(_ cleanup: @escaping () -> Void) { cleanups.append(cleanup) }

    func showLogs() {
        for server in servers { print(server.logTail) }
        let logs = (try? FileManager.default.contentsOfDirectory(atPath: home + "/alpha/log")) ?? []
        for name in logs where name.hasPrefix("capture") {
            print(Server.tail(of: "\(home)/alpha/log/\(name)", lines: 10))
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        for child in children { child.end() }
        for cleanup in cleanups.reversed() { cleanup() }
        for server in servers { server.child?.end() }
        endCaptures()
        for _ in 0..<5 {
            let mounts = Mounts.all.filter { $0.hasPrefix(home + "/") }
            if mounts.isEmpty { break }
            for point in mounts.reversed() { umount2(point, Int32(MNT_DETACH)) }
        }
        if Mounts.all.contains(where: { $0.hasPrefix(home + "/") }) {
            Issue.record("a mount below \(home) is left")
        } else {
            // What servers keep in memory.
            for server in servers {
                let link = server.state + "/memory"
                if let memory = try? FileManager.default.destinationOfSymbolicLink(atPath: link) {
                    try? FileManager.default.removeItem(atPath: memory)
                }
            }
            try? FileManager.default.removeItem(atPath: home)
            sweeper?.end()
        }
    }

    /// Captures outlive their servers; these are told by our folder on their command lines.
    private func endCaptures() { killCaptures() }

    /// All of them: keepers, and the servers that would take their place.
    func killCaptures() {
        for process in captures { kill(-process, SIGKILL) }
        _ = Moment.within(seconds: 5) { self.captures.isEmpty }
    }

    /// Capture processes of this laboratory.
    var captures: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).filter { process in
            let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.first?.hasSuffix("understudy-capture") == true
                && words.contains { $0.hasPrefix(home + "/") }
        }
    }
}
