import Glibc
import Synchronization

/// Ctrl-C. A thread waits for the signal, so that nothing happens inside a signal handler: it calls
/// what the program wants to have called, or writes a byte for a reader that waits.
package final class Interruption: Sendable {
    private struct State {
        var handler: (@Sendable () -> Void)?
        /// The handler was called and what it should end has not ended yet.
        var isPending = false
    }

    private let state = Mutex(State())
    /// Becomes readable when there was a signal while no handler was set; -1 without.
    package let wakeDescriptor: Int32
    private let wakeWriter: Int32

    /// Blocks the signal in this thread and all that it starts later; call it before there are any.
    package init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wakeDescriptor = ends[0]
        wakeWriter = ends[1]
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let failed = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Interruption>.fromOpaque(context).takeRetainedValue().wait()
                return nil
            }, context)
        if failed == 0 { pthread_detach(thread) }
    }

    /// What a signal does from now on; nil: wakes the reader. A second signal before the next call
    /// ends the program with status 130.
    package func handle(_ handler: (@Sendable () -> Void)?) {
        state.withLock { $0 = State(handler: handler) }
    }

    private func wait() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        while true {
            var signal: Int32 = 0
            guard sigwait(&signals, &signal) == 0 else { return }
            let (handler, isSecond) = state.withLock { state in
                defer { state.isPending = state.handler != nil }
                return (state.handler, state.isPending)
            }
            if isSecond { _exit(130) }
            if let handler {
                handler()
            } else {
                var byte: UInt8 = 0
                _ = Glibc.write(wakeWriter, &byte, 1)
            }
        }
    }
}
