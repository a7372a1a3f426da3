import CommandModel
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore

extension ControlServer {
    /// Answers one HTTP request.
    ///
    /// - Throws: only what ends the connection: the client has gone.
    func respond(
        to request: Request, with writer: consuming ResponseWriter, on channel: any Channel
    ) async throws {
        let connection = try await connections.connection(of: channel, access: access)
        switch await answer(to: request, from: connection) {
        case .refused(let status, let error):
            try await writer.write(
                response: head(status, byteCount: error.line.count),
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: error.line)))
        case .value(let value):
            let bytes = Array(JSONWriter.text(of: value).utf8) + [UInt8(ascii: "\n")]
            try await writer.write(
                response: head(.ok, byteCount: bytes.count),
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .running(let command):
            defer {
                command.cancel()
                connection.commandEnded()
                connections.commandEnded()
            }
            try await send(command, with: writer)
        }
    }

    private enum Answer {
        case refused(HTTPResponse.Status, CommandAnswer)
        case value(CommandValue)
        case running(RunningCommand)

        static func refused(
            _ status: HTTPResponse.Status, _ code: ErrorCode, _ message: String
        ) -> Answer { .refused(status, .error(CommandError(code, message))) }
    }

    private func answer(to request: Request, from connection: ControlConnection) async -> Answer {
        switch (request.uri.path, request.method) {
        case ("/v1/server", .get):
            var description = await serverDescription()
            description["access"] = .integer(Int64(connection.access.rawValue))
            return .value(.record(description))
        case ("/v1/commands", .post):
            return await answer(command: request, from: connection)
        case ("/v1/server", _), ("/v1/commands", _):
            return .refused(
                .methodNotAllowed, .invalidCommand,
                "got \(request.method.rawValue), "
                    + "expected GET /v1/server or POST /v1/commands")
        default:
            return .refused(
                .notFound, .invalidCommand,
                "got '\(request.uri.path)', expected /v1/server or /v1/commands")
        }
    }

    private func answer(
        command request: Request, from connection: ControlConnection
    ) async -> Answer {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.requestBytesMax)
        } catch is NIOTooManyBytesError {
            return .refused(
                .contentTooLarge, .invalidParameter,
                "the request is longer than \(Self.requestBytesMax) bytes")
        } catch {
            return .refused(.badRequest, .invalidParameter, "the request was cut off")
        }
        let command: CommandRequest
        do {
            command = try RequestText.request(body.readableBytesView)
        } catch {
            return .refused(
                .badRequest, .invalidParameter, "the request is no command: \(error.message)")
        }
        guard let needed = permission(command.command) else {
            return .refused(
                .notFound, .invalidCommand, "this server knows no command '\(command.command)'")
        }
        guard connection.access >= needed else {
            logger.notice(
                "'\(command.command)' denied to user \(connection.caller.userID) \(command.origin)")
            return .refused(
                .forbidden, .insufficientAccess,
                "'\(command.command)' needs \(needed) access, got \(connection.access)")
        }
        guard connections.commandStarted() else {
            return .refused(.serviceUnavailable, .interrupted, "the server is stopping")
        }
        let running = RunningCommand(command, executor: executor)
        connection.commandStarted(cancel: running.cancel)
        return .running(running)
    }

    /// A command without progress is answered in one piece; else every line goes out as it comes.
    private func send(
        _ command: RunningCommand, with writer: consuming ResponseWriter
    ) async throws {
        var lines = command.messages.makeAsyncIterator()
        guard let first = await lines.next() else { throw CancellationError() }
        if first.isLast {
            try await writer.write(
                response: head(.ok, byteCount: first.line.count),
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: first.line)))
            return
        }
        var body = try await writer.writeHead(head(.ok, byteCount: nil))
        try await body.write(ByteBuffer(bytes: first.line))
        while let message = await lines.next() {
            try await body.write(ByteBuffer(bytes: message.line))
            if message.isLast { return try await body.finish(nil) }
        }
        // Cancelled without an answer: an answer cut off must not look whole.
        throw CancellationError()
    }

    private func head(_ status: HTTPResponse.Status, byteCount: Int?) -> HTTPResponse {
        var fields = HTTPFields()
        fields[.contentType] = "application/x-ndjson"
        if let byteCount { fields[.contentLength] = String(byteCount) }
        return HTTPResponse(status: status, headerFields: fields)
    }
}

extension CommandAnswer {
    /// Whether nothing comes after it.
    fileprivate var isLast: Bool { if case .progress = self { false } else { true } }

    /// JSON with the line's end.
    fileprivate var line: [UInt8] { Array(JSONWriter.text(of: value).utf8) + [UInt8(ascii: "\n")] }
}
