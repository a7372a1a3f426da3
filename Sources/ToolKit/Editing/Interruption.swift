import Glibc
import Synchronization

/// Ctrl-C. Until `watch` the signal ends the program at once; from then on the watching thread
/// calls what the program wants to have called, or wakes a reader that waits. The signal handler
/// itself only writes a byte.
package final class Interruption: Sendable {
    private struct State {
        var handler: (@Sendable () -> Void)?
        /// The handler was called and what it should end has not ended yet.
        var isPending = false
    }

    private let state = Mutex(State())
    private let signals = Pipe()
    private let wakes = Pipe()

    /// Becomes readable when there was a signal while no handler was set.
    package var wakeDescriptor: Int32 { wakes.reader }

    package init() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in InterruptionSignal.arrived() }
        action.sa_flags = SA_RESTART
        sigaction(SIGINT, &action, nil)
        // Whoever started us may have held signals back in the thread that did it.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT] + TerminalSignals.signals { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// What a signal does from now on; nil: wakes the reader. A second signal before the next call
    /// ends the program with status 130.
    package func handle(_ handler: (@Sendable () -> Void)?) {
        state.withLock { $0 = State(handler: handler) }
    }

    /// Gives the calling thread to waiting for signals, for the rest of the program.
    package func watch() -> Never {
        InterruptionSignal.descriptor.store(signals.writer, ordering: .releasing)
        while true {
            var byte: UInt8 = 0
            guard Glibc.read(signals.reader, &byte, 1) == 1 else { continue }
            let (handler, isSecond) = state.withLock { state in
                defer { state.isPending = state.handler != nil }
                // Within the lock: who sets a handler next finds the byte of a signal before it.
                if state.handler == nil { _ = Glibc.write(wakes.writer, [0], 1) }
                return (state.handler, state.isPending)
            }
            if isSecond { _exit(130) }
            handler?()
        }
    }
}

/// What the signal handler may touch.
private enum InterruptionSignal {
    /// Where a byte goes for a signal; -1 while nobody watches.
    static let descriptor = Atomic<Int32>(-1)

    static func arrived() {
        let writer = descriptor.load(ordering: .acquiring)
        guard writer >= 0 else { _exit(130) }
        var byte: UInt8 = 0
        let number = errno
        _ = Glibc.write(writer, &byte, 1)
        errno = number
    }
}
