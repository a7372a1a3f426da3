package import CommandModel
import Glibc

/// Carries out commands on a server through its control socket: HTTP/1.1 with one JSON value a
/// line. A new connection for every request. Waiting blocks the calling thread, so this is for
/// tools, which wait for one thing at a time; cancelling the task closes the connection, which
/// cancels the command.
package struct ControlClient: CommandExecutor {
    package let address: ControlAddress
    /// For messages.
    package let name: String

    package init(_ address: ControlAddress, name: String) {
        self.address = address
        self.name = name
    }

    package func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        var result: CommandResult?
        try await exchange("POST", "/v1/commands", request.value) { value throws(CommandError) in
            switch CommandAnswer(value: value) {
            case .progress(let step): progress(step)
            case .result(let answer): result = answer
            case .error(let error): throw error
            case nil: throw unreadable("a line that is no answer")
            }
        }
        guard let result else { throw unreadable("no result") }
        return result
    }

    /// What the server says about itself: `name`, `serverID`, `address`, `port`, `controlPort`,
    /// `fingerprint`, `version`, `access` (0 none, 1 monitor, 2 full).
    package func server() async throws(CommandError) -> CommandRecord {
        var record: CommandRecord?
        try await exchange("GET", "/v1/server", nil) { value throws(CommandError) in
            if case .error(let error)? = CommandAnswer(value: value) { throw error }
            record = value.record
        }
        guard let record else { throw unreadable("no description of the server") }
        return record
    }

    private func unreadable(_ what: String) -> CommandError {
        CommandError(.unknown, "the answer of '\(name)' cannot be read: \(what)")
    }

    /// Sends one request and hands over every line of the answer's body.
    private nonisolated(nonsending) func exchange(
        _ method: String, _ path: String, _ content: CommandValue?,
        _ receive: (CommandValue) throws(CommandError) -> Void
    ) async throws(CommandError) {
        let socket = try connect()
        let result: Result<Void, CommandError> = await withTaskCancellationHandler {
            do throws(CommandError) {
                return .success(try talk(socket, method, path, content, receive))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            socket.interrupt()
        }
        if Task.isCancelled { throw CommandError(.interrupted, "the command was interrupted") }
        try result.get()
    }

    private func connect() throws(CommandError) -> ControlSocket {
        do throws(ControlSocket.Failure) {
            return try ControlSocket(path: address.socketPath)
        } catch {
            let reason = String(cString: strerror(error.errorNumber)).lowercased()
            throw CommandError(
                .serverNotResponding,
                "server '\(name)' does not answer at \(address): \(reason)")
        }
    }

    private func talk(
        _ socket: ControlSocket, _ method: String, _ path: String, _ content: CommandValue?,
        _ receive: (CommandValue) throws(CommandError) -> Void
    ) throws(CommandError) {
        var response = HTTPResponse()
        var lines = LineSplitter()
        let request = Self.request(method, path, content)
        try checked { () throws(ControlSocket.Failure) in try socket.write(request) }
        while !response.isComplete {
            let bytes = try checked { () throws(ControlSocket.Failure) in try socket.read() }
            do throws(HTTPResponse.Malformed) {
                if bytes.isEmpty { try response.end() }
                lines.add(try response.receive(bytes))
            } catch {
                throw bytes.isEmpty ? lost(error.reason) : unreadable(error.reason)
            }
            while let line = lines.next() { try hand(line, to: receive) }
        }
        if let line = lines.rest() { try hand(line, to: receive) }
        if let status = response.status, status >= 300 {
            throw CommandError(.unknown, "server '\(name)' answered with status \(status)")
        }
    }

    private func checked<Answer>(
        _ body: () throws(ControlSocket.Failure) -> Answer
    ) throws(CommandError) -> Answer {
        do throws(ControlSocket.Failure) {
            return try body()
        } catch {
            throw lost(String(cString: strerror(error.errorNumber)).lowercased())
        }
    }

    private func lost(_ reason: String) -> CommandError {
        CommandError(
            .serverNotResponding, "the connection to server '\(name)' is lost: \(reason)")
    }

    private func hand(
        _ line: [UInt8], to receive: (CommandValue) throws(CommandError) -> Void
    ) throws(CommandError) {
        let value: CommandValue
        do throws(JSONError) {
            value = try JSONReader.value(of: line)
        } catch {
            throw unreadable(error.message)
        }
        try receive(value)
    }

    private static func request(
        _ method: String, _ path: String, _ content: CommandValue?
    ) -> [UInt8] {
        let body = content.map { JSONWriter.text(of: $0) } ?? ""
        var head = "\(method) \(path) HTTP/1.1\r\nHost: understudy\r\nConnection: close\r\n"
        if content != nil {
            head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        return Array((head + "\r\n" + body).utf8)
    }
}

/// Lines out of pieces.
struct LineSplitter {
    private var buffer: [UInt8] = []

    mutating func add(_ bytes: [UInt8]) { buffer += bytes }

    /// The next whole line that is not empty.
    mutating func next() -> [UInt8]? {
        while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(buffer[..<end])
            buffer.removeFirst(end + 1)
            if line.contains(where: { $0 > 0x20 }) { return line }
        }
        return nil
    }

    /// What is left at the end.
    mutating func rest() -> [UInt8]? {
        defer { buffer = [] }
        return buffer.contains { $0 > 0x20 } ? buffer : nil
    }
}
