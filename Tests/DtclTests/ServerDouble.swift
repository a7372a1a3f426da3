import Dispatch
import CommandModel
import Glibc
import Synchronization

/// A control server on a Unix socket that answers as a closure says. One thread takes connections,
/// one thread each serves them; all end when the double is stopped.
final class ServerDouble: Sendable {
    enum Reply: Sendable {
        case answers([CommandAnswer])
        /// Sends these and then nothing, until the client closes.
        case hang([CommandAnswer])
        /// Says nothing until somebody has asked so often who this is.
        case afterQuestions(Int, [CommandAnswer])
        /// Sends these bytes instead of an HTTP answer.
        case bytes(String)
    }

    let name: String
    let path: String
    private let listener: Int32
    private let answer: @Sendable (CommandRequest) -> Reply
    private let manner: Manner
    private let state = Mutex(State())

    enum Manner: Sendable {
        case usual
        /// Takes connections and requests, and never says a word.
        case deaf
        /// Wants a password.
        case guarded
    }

    private struct State {
        var requests: [CommandRequest] = []
    }

    init(
        _ name: String, in folder: String, _ manner: Manner = .usual,
        _ answer: @escaping @Sendable (CommandRequest) -> Reply
    ) {
        self.manner = manner
        self.name = name
        self.answer = answer
        path = "\(folder)/\(name).sock"
        listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        listen(listener, 16)
        inThread { server in
            while true {
                let client = accept(server.listener, nil, nil)
                guard client >= 0 else { return }
                server.inThread { $0.serve(client) }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        unlink(path)
    }

    /// Commands in the order in which they came, without `pair`.
    var commands: [String] {
        state.withLock { $0.requests.filter { $0.command != "pair" }.map(\.command) }
    }

    func request(_ command: String) -> CommandRequest? {
        state.withLock { $0.requests.last { $0.command == command } }
    }

    /// Once for each client that closed while it was waiting for an answer.
    private let hangUp = DispatchSemaphore(value: 0)

    /// Whether another client hangs up, or has, within some seconds.
    func meetsHangUp(within seconds: Int = 10) -> Bool {
        hangUp.wait(timeout: .now() + .seconds(seconds)) == .success
    }

    /// Once for each time that somebody asked who this is.
    private let question = DispatchSemaphore(value: 0)

    /// Whether it was asked so often, or is within some seconds each.
    private func meetsQuestions(_ count: Int, within seconds: Int = 10) -> Bool {
        (0..<count).allSatisfy { _ in
            question.wait(timeout: .now() + .seconds(seconds)) == .success
        }
    }

    private func inThread(_ work: @escaping @Sendable (ServerDouble) -> Void) {
        final class Start: Sendable {
            let work: @Sendable () -> Void
            init(_ work: @escaping @Sendable () -> Void) { self.work = work }
        }
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start { work(self) }).toOpaque()
        pthread_create(
            &thread, nil,
            { start in
                guard let start else { return nil }
                Unmanaged<Start>.fromOpaque(start).takeRetainedValue().work()
                return nil
            }, start)
        pthread_detach(thread)
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let (head, body) = Self.readRequest(client) else { return }
        if manner == .deaf {
            waitForHangUp(client)
            return
        }
        if head.hasPrefix("GET /v1/server ") {
            let text = JSONWriter.text(of: .record(record))
            let head = "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
            Self.send(client, head + text)
            question.signal()
            return
        }
        guard let value = try? JSONReader.value(of: body),
            let request = CommandRequest(value: value)
        else { return }
        state.withLock { $0.requests.append(request) }
        if request.command == "pair" {
            sendAnswers([.result(CommandResult())], to: client)
            Self.send(client, "0\r\n\r\n")
            return
        }
        switch answer(request) {
        case .answers(let answers):
            sendAnswers(answers, to: client)
            Self.send(client, "0\r\n\r\n")
        case .hang(let answers):
            sendAnswers(answers, to: client)
            waitForHangUp(client)
        case .afterQuestions(let count, let answers):
            guard meetsQuestions(count) else { return }
            sendAnswers(answers, to: client)
            Self.send(client, "0\r\n\r\n")
        case .bytes(let text): Self.send(client, text)
        }
    }

    private func waitForHangUp(_ client: Int32) {
        var byte: UInt8 = 0
        while recv(client, &byte, 1, 0) > 0 {}
        hangUp.signal()
    }

    var record: CommandRecord {
        var record: CommandRecord = [
            "name": .text(name), "serverID": .text("id-\(name)"), "address": .text("127.0.0.77"),
            "port": .integer(1500), "controlPort": .integer(1506),
            "fingerprint": .text("f-\(name)"),
            "version": .text("0.1.0"), "access": .integer(2),
        ]
        if manner == .guarded { record["login"] = .text("password") }
        return record
    }

    /// One line a chunk.
    private func sendAnswers(_ answers: [CommandAnswer], to client: Int32) {
        Self.send(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for answer in answers {
            let line = JSONWriter.text(of: answer.value) + "\n"
            Self.send(client, "\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n")
        }
    }

    private static func send(_ client: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private static func readRequest(_ client: Int32) -> (head: String, body: [UInt8])? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(client, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
            let lines = String(decoding: bytes, as: UTF8.self)
            guard let end = endOfHead(bytes) else { continue }
            var length = 0
            for line in lines.split(whereSeparator: \.isNewline)
            where line.lowercased().hasPrefix("content-length:") {
                length = Int(line.dropFirst(15).drop { $0 == " " }) ?? 0
            }
            if bytes.count >= end + length {
                return (String(lines.prefix { !$0.isNewline }), Array(bytes[end..<(end + length)]))
            }
        }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        return bytes.indices.first { bytes[$0...].starts(with: mark) }.map { $0 + mark.count }
    }
}
