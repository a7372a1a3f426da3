import Synchronization

/// The sockets that one command waits on; all of them can be given up from any thread.
final class ControlLine: Sendable {
    private struct State {
        var sockets: [ControlSocket] = []
        var isInterrupted = false
    }

    private let state = Mutex(State())

    /// A socket that comes too late is given up at once.
    func add(_ socket: ControlSocket) {
        state.withLock { state in
            state.sockets.append(socket)
            if state.isInterrupted { socket.interrupt() }
        }
    }

    func remove(_ socket: ControlSocket) {
        state.withLock { $0.sockets.removeAll { $0 === socket } }
    }

    func interrupt() {
        state.withLock { state in
            state.isInterrupted = true
            for socket in state.sockets { socket.interrupt() }
        }
    }
}
