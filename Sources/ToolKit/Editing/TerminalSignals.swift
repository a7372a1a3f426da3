import Glibc
import Synchronization

/// Signals that an editor must see while the terminal is in its hands: a new size of the window, a
/// stop, an end. They arrive as bytes at a descriptor; outside of `watching` they do what they
/// always do.
struct TerminalSignals: Sendable {
    static let signals = [SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGQUIT]

    private let pipe = Pipe()

    /// Readable when there was a signal.
    var descriptor: Int32 { pipe.reader }

    func watching<Answer>(_ body: () -> Answer) -> Answer {
        TerminalSignal.descriptor.store(pipe.writer, ordering: .releasing)
        var before: [sigaction] = []
        for signal in TerminalSignals.signals {
            var action = sigaction()
            var old = sigaction()
            action.__sigaction_handler.sa_handler = { TerminalSignal.arrived($0) }
            action.sa_flags = SA_RESTART
            sigaction(signal, &action, &old)
            before.append(old)
        }
        defer {
            for (signal, action) in zip(TerminalSignals.signals, before) {
                var action = action
                sigaction(signal, &action, nil)
            }
        }
        return body()
    }

    /// The next signal that arrived.
    func take() -> Int32? {
        var byte: UInt8 = 0
        return Glibc.read(pipe.reader, &byte, 1) == 1 ? Int32(byte) : nil
    }

    /// Stops or ends this program, as the signal would have done. Returns when it goes on.
    static func obey(_ signal: Int32) {
        if signal == SIGTSTP {
            Glibc.raise(SIGSTOP)
            return
        }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = SIG_DFL
        sigaction(signal, &action, nil)
        // Threads of a pool hold signals back; the first thread does not.
        kill(getpid(), signal)
        while true { pause() }
    }
}

/// What the signal handler may touch.
private enum TerminalSignal {
    static let descriptor = Atomic<Int32>(-1)

    static func arrived(_ signal: Int32) {
        var byte = UInt8(truncatingIfNeeded: signal)
        let number = errno
        _ = Glibc.write(descriptor.load(ordering: .acquiring), &byte, 1)
        errno = number
    }
}
