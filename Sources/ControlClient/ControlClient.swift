package import CommandModel
import Glibc

/// Carries out commands on a server through its control socket: HTTP/1.1 with one JSON value a
/// line. A new connection for every request. Waiting blocks the calling thread, so this is for
/// tools, which wait for one thing at a time; cancelling the task closes the connection, which
/// cancels the command.
///
/// A command may run for days without a word. Whenever a server has been silent for some time, it
/// is asked who it is, on a connection of its own: one that does not answer that either hangs.
package struct ControlClient: CommandExecutor {
    package let address: ControlAddress
    /// For messages.
    package let name: String
    /// Longest silence before a server has to show that it is there.
    package var silenceSeconds: Double

    package static let usualSilenceSeconds = 10.0

    package init(
        _ address: ControlAddress, name: String,
        silenceSeconds: Double = ControlClient.usualSilenceSeconds
    ) {
        self.address = address
        self.name = name
        self.silenceSeconds = silenceSeconds
    }

    package func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        try await cancellable { line throws(CommandError) in
            var result: CommandResult?
            try exchange(
                line, .post(request),
                onSilence: { () throws(CommandError) in
                    _ = try record(line)
                },
                receive: { answer throws(CommandError) in
                    switch answer {
                    case .progress(let step): progress(step)
                    case .result(let answer): result = answer
                    case .error(let error): throw error
                    case nil: throw unreadable("a line that is no answer")
                    }
                })
            guard let result else { throw unreadable("no result") }
            return result
        }
    }

    /// What the server says about itself: `name`, `serverID`, `address`, `port`, `controlPort`,
    /// `fingerprint`, `version`, `access` (0 none, 1 monitor, 2 full), and `login`: `password` when
    /// it asks for one, otherwise it knows callers by their account.
    package func server() async throws(CommandError) -> CommandRecord {
        try await cancellable { line throws(CommandError) in try record(line) }
    }

    /// The result of a short command, on the calling thread; for a prompt that cannot wait.
    /// - Throws: also when the server is silent for longer than `silenceSeconds`.
    package func ask(_ command: String) throws(CommandError) -> CommandResult {
        var result: CommandResult?
        try exchange(
            ControlLine(), .post(CommandRequest(command: command, origin: "prompt")),
            onSilence: { () throws(CommandError) in throw silent() },
            receive: { answer in if case .result(let answer)? = answer { result = answer } })
        guard let result else { throw unreadable("no result") }
        return result
    }

    // MARK: Exchanges

    private enum Message {
        case serverRecord
        case post(CommandRequest)

        var bytes: [UInt8] {
            let (start, body) =
                switch self {
                case .serverRecord: ("GET /v1/server", "")
                case .post(let request): ("POST /v1/commands", JSONWriter.text(of: request.value))
                }
            var head = "\(start) HTTP/1.1\r\nHost: understudy\r\nConnection: close\r\n"
            if !body.isEmpty {
                head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
            }
            return Array((head + "\r\n" + body).utf8)
        }
    }

    private nonisolated(nonsending) func cancellable<Answer>(
        _ body: (ControlLine) throws(CommandError) -> Answer
    ) async throws(CommandError) -> Answer {
        let line = ControlLine()
        let result: Result<Answer, CommandError> = await withTaskCancellationHandler {
            do throws(CommandError) {
                return .success(try body(line))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            line.interrupt()
        }
        if Task.isCancelled { throw CommandError(.interrupted, "the command was interrupted") }
        return try result.get()
    }

    private func record(_ line: ControlLine) throws(CommandError) -> CommandRecord {
        var record: CommandRecord?
        try exchange(
            line, .serverRecord, onSilence: { () throws(CommandError) in throw silent() },
            receiveValue: { value throws(CommandError) in
                if case .error(let error)? = CommandAnswer(value: value) { throw error }
                record = value.record
            })
        guard let record else { throw unreadable("no description of the server") }
        return record
    }

    private func exchange(
        _ line: ControlLine, _ message: Message, onSilence: () throws(CommandError) -> Void,
        receive: (CommandAnswer?) throws(CommandError) -> Void
    ) throws(CommandError) {
        try exchange(
            line, message, onSilence: onSilence,
            receiveValue: { value throws(CommandError) in try receive(CommandAnswer(value: value)) }
        )
    }

    /// Sends one request and hands over every line of the answer's body.
    private func exchange(
        _ line: ControlLine, _ message: Message, onSilence: () throws(CommandError) -> Void,
        receiveValue: (CommandValue) throws(CommandError) -> Void
    ) throws(CommandError) {
        let socket = try connect()
        line.add(socket)
        defer { line.remove(socket) }
        var response = HTTPResponse()
        var lines = LineSplitter()
        do throws(ControlSocket.Failure) {
            try socket.write(message.bytes)
        } catch {
            throw failure(error)
        }
        while !response.isComplete {
            let bytes = try read(socket, onSilence)
            do throws(HTTPResponse.Malformed) {
                if bytes.isEmpty { try response.end() }
                lines.add(try response.receive(bytes))
            } catch {
                throw bytes.isEmpty ? lost(error.reason) : unreadable(error.reason)
            }
            while let line = lines.next() { try hand(line, to: receiveValue) }
        }
        if let line = lines.rest() { try hand(line, to: receiveValue) }
        if let status = response.status, status >= 300 {
            throw CommandError(.unknown, "server '\(name)' answered with status \(status)")
        }
    }

    private func connect() throws(CommandError) -> ControlSocket {
        do throws(ControlSocket.Failure) {
            return try ControlSocket(path: address.socketPath, silenceSeconds: silenceSeconds)
        } catch {
            if error.isSilence { throw silent() }
            let reason = String(cString: strerror(error.errorNumber)).lowercased()
            throw CommandError(
                .serverNotResponding,
                "server '\(name)' does not answer at \(address): \(reason)")
        }
    }

    private func read(
        _ socket: ControlSocket, _ onSilence: () throws(CommandError) -> Void
    ) throws(CommandError) -> [UInt8] {
        while true {
            do throws(ControlSocket.Failure) {
                return try socket.read()
            } catch {
                guard error.isSilence else { throw failure(error) }
            }
            try onSilence()
        }
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

    // MARK: Failures

    private func failure(_ error: ControlSocket.Failure) -> CommandError {
        error.isSilence
            ? silent() : lost(String(cString: strerror(error.errorNumber)).lowercased())
    }

    private func silent() -> CommandError {
        let seconds =
            silenceSeconds == silenceSeconds.rounded()
            ? "\(Int(silenceSeconds))" : "\(silenceSeconds)"
        return CommandError(
            .serverNotResponding,
            "server '\(name)' takes connections at \(address) but says nothing for \(seconds) s")
    }

    private func unreadable(_ what: String) -> CommandError {
        CommandError(.unknown, "the answer of '\(name)' cannot be read: \(what)")
    }

    private func lost(_ reason: String) -> CommandError {
        CommandError(
            .serverNotResponding, "the connection to server '\(name)' is lost: \(reason)")
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
