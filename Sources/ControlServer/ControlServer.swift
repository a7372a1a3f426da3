package import CommandModel
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Lets people and tools on this machine send commands: HTTP and JSON on a Unix socket. It knows no
/// command; it reads requests, looks at who asks, and carries answers.
package final class ControlServer: Sendable {
    /// A request's body.
    package static let requestBytesMax = 1 << 20
    /// Clients at one time; more wait at the door.
    package static let connectionsMax = 256

    let socketPath: String
    let executor: any CommandExecutor
    let permission: @Sendable (String) -> ControlAccess?
    let serverDescription: @Sendable () async -> CommandRecord
    let access: @Sendable (PeerCredentials) -> ControlAccess
    let logger: Logger
    let connections = ControlConnections()
    private let service = Mutex<Task<(any Error)?, Never>?>(nil)

    /// - Parameters:
    ///   - socketPath: at most 107 bytes.
    ///   - permission: what a command needs; nil for a command that does not exist.
    ///   - serverDescription: who the server is; the caller's `access` is put to it.
    ///   - access: what a caller may do.
    package init(
        socketPath: String, executor: any CommandExecutor,
        permission: @escaping @Sendable (_ command: String) -> ControlAccess?,
        serverDescription: @escaping @Sendable () async -> CommandRecord,
        access: @escaping @Sendable (PeerCredentials) -> ControlAccess = {
            GroupAccess().access(of: $0)
        },
        logger: Logger
    ) {
        self.socketPath = socketPath
        self.executor = executor
        self.permission = permission
        self.serverDescription = serverDescription
        self.access = access
        self.logger = logger
    }

    /// Returns when the socket is there and everybody may connect. A socket that a killed server
    /// has left is removed; one that is answered is not.
    package func start() async throws(ControlServerError) {
        try ControlSocket.clear(socketPath)
        let (running, continuation) = AsyncStream<Void>.makeStream()
        let task = Task { () -> (any Error)? in
            defer { continuation.finish() }
            do {
                try await self.makeServer { continuation.yield() }.run()
                return nil
            } catch {
                return error
            }
        }
        var isRunning = false
        for await _ in running {
            isRunning = true
            break
        }
        guard isRunning else {
            let reason = await task.value.map { "\($0)" } ?? "it was closed at once"
            throw .failed(socketPath, reason: reason)
        }
        service.withLock { $0 = task }
        do {
            try ControlSocket.open(socketPath)
        } catch {
            await stop()
            throw error
        }
    }

    /// Cancels the commands that run, gives their clients a moment to get the answer, and closes.
    package func stop() async {
        guard let task = service.withLock({ $0.take() }) else { return }
        await connections.stop(within: .milliseconds(500))
        task.cancel()
        _ = await task.value
        do {
            try ControlSocket.remove(socketPath)
        } catch {
            logger.warning("\(error)")
        }
    }

    private func makeServer(onRunning: @escaping @Sendable () -> Void) -> Server<HTTP1Channel> {
        // What the library has to say (starts, clients that go away) is said here, or is no news.
        var quiet = logger
        quiet.logLevel = .critical
        return Server(
            childChannelSetup: HTTP1Channel { request, writer, channel in
                try await self.respond(to: request, with: writer, on: channel)
            },
            configuration: ServerConfiguration(
                address: .unixDomainSocket(path: socketPath),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax)),
            onServerRunning: { _ in onRunning() },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
    }
}
