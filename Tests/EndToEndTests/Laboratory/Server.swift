import Foundation
import Glibc
import Testing

/// One `understudyd`, which may be stopped, killed and started again on the same state.
final class Server {
    let name: String
    let address: String
    let port: Int
    let state: String
    var socket: String { state + "/control.sock" }
    /// Of the daemon.
    var arguments: [String]
    private(set) var child: Child?
    /// Words before the program, such as those that enter a network namespace.
    private let within: [String]
    private let outputFolder: String
    private var earlierLog = ""

    init(
        name: String, address: String, port: Int, state: String, within: [String],
        outputFolder: String
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.state = state
        self.within = within
        self.outputFolder = outputFolder
        arguments = ["--name", name, "--address", address, "--port", "\(port)", "--state", state]
    }

    /// Returns when it takes commands.
    func start() throws {
        let words = within + [Programs.path("understudyd")] + arguments
        if let child { earlierLog += child.errors }
        let child = try Child(words[0], Array(words.dropFirst()), folder: outputFolder)
        self.child = child
        let isThere = Moment.within(seconds: 20) { !child.isRunning || self.answers }
        try #require(isThere && child.isRunning, "\(name) does not start: \(child.errors)")
    }

    /// Whether somebody listens at the socket; the file of a killed server's one stays behind.
    var answers: Bool {
        let descriptor = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            room.copyBytes(from: socket.utf8.prefix(room.count - 1))
        }
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    /// `kill -9`.
    func kill() throws {
        let child = try #require(child)
        child.signal(SIGKILL)
        try #require(try child.wait(seconds: 10).status == 128 + SIGKILL)
    }

    /// SIGTERM; answers the exit status.
    func stop() throws -> Int32 {
        let child = try #require(child)
        child.signal(SIGTERM)
        return try child.wait(seconds: 40).status
    }

    var logTail: String {
        "--- \(name), \(address):\(port)\n" + Self.last(25, log)
    }

    /// Of all its runs.
    var log: String { earlierLog + (child?.errors ?? "") }

    static func tail(of path: String, lines: Int) -> String {
        let data = FileManager.default.contents(atPath: path) ?? Data()
        return "--- \(path)\n" + last(lines, String(decoding: data, as: UTF8.self))
    }

    private static func last(_ count: Int, _ text: String) -> String {
        text.split(separator: "\n").suffix(count).joined(separator: "\n")
    }
}
