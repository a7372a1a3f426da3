import NIOCore
import Synchronization

/// The clients connected now, and how many commands run for them.
final class ControlConnections: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: ControlConnection] = [:]
        var commandCount = 0
        var isStopping = false
        var idle: AsyncStream<Void>.Continuation?
    }

    private let state = Mutex(State())

    /// The connection of a channel. It is forgotten, and its command cancelled, when the channel
    /// closes: the client has gone. (A client that only ends its sending side is still there.)
    func connection(
        of channel: any Channel, access: @Sendable (PeerCredentials) -> ControlAccess
    ) async throws -> ControlConnection {
        let key = ObjectIdentifier(channel)
        if let known = state.withLock({ $0.connections[key] }) { return known }
        let caller = try await PeerCredentials.of(channel)
        let connection = ControlConnection(caller: caller, access: access(caller))
        state.withLock { $0.connections[key] = connection }
        channel.closeFuture.whenComplete { _ in self.forget(key) }
        return connection
    }

    private func forget(_ key: ObjectIdentifier) {
        state.withLock { $0.connections.removeValue(forKey: key) }?.end()
    }

    /// - Returns: false while the server stops: then nothing new begins.
    func commandStarted() -> Bool {
        state.withLock { state in
            if state.isStopping { return false }
            state.commandCount += 1
            return true
        }
    }

    func commandEnded() {
        state.withLock { state in
            state.commandCount -= 1
            if state.commandCount == 0 { state.idle?.finish() }
        }
    }

    /// Cancels every command and waits until their clients have been answered, but not for longer
    /// than the given time.
    func stop(within time: Duration) async {
        let (idle, continuation) = AsyncStream<Void>.makeStream()
        let connections = state.withLock { state in
            state.isStopping = true
            if state.commandCount == 0 { continuation.finish() } else { state.idle = continuation }
            return Array(state.connections.values)
        }
        for connection in connections { connection.end() }
        await withTaskGroup { group in
            group.addTask { for await _ in idle {} }
            group.addTask { try? await Task.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
    }
}
