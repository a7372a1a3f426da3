import Synchronization

/// A client's connection: who it is, and the command that runs for it (one after the other, as
/// HTTP has it).
final class ControlConnection: Sendable {
    let caller: PeerCredentials
    let access: ControlAccess
    private struct State {
        var cancel: (@Sendable () -> Void)?
        var hasEnded = false
    }

    private let state = Mutex(State())

    init(caller: PeerCredentials, access: ControlAccess) {
        self.caller = caller
        self.access = access
    }

    func commandStarted(cancel: @escaping @Sendable () -> Void) {
        let hasEnded = state.withLock { state in
            state.cancel = cancel
            return state.hasEnded
        }
        // The client may have gone between its request and here.
        if hasEnded { cancel() }
    }

    func commandEnded() { state.withLock { $0.cancel = nil } }

    /// Nobody will read further answers: cancels the command that runs, and any that comes.
    func end() {
        let cancel = state.withLock { state in
            state.hasEnded = true
            return state.cancel
        }
        cancel?()
    }
}
