import Glibc
import Runtime

/// The signals that end the daemon or make it open its logs again, as values. Handlers and not
/// ignored signals, so that programs it starts begin with the system's defaults.
enum Signals {
    /// Where the handler puts a signal's number. Set before the handler is, and never changed.
    private nonisolated(unsafe) static var inlet: Int32 = -1

    /// Call once. SIGTERM and SIGINT ask for the end; the second of them ends the process at once.
    static func stream() throws(StartError) -> AsyncStream<Int32> {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw StartError("no pipe for signals: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        inlet = ends[1]
        var action = sigaction()
        action.sa_flags = SA_RESTART
        action.__sigaction_handler.sa_handler = { number in
            // Only what a handler may do: the number goes into the pipe.
            let saved = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(Signals.inlet, &byte, 1)
            errno = saved
        }
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaction(number, &action, nil) }
        // A reader of standard error that went away must not end the daemon.
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGPIPE, &action, nil)
        let outlet = ends[0]
        let (signals, continuation) = AsyncStream<Int32>.makeStream(
            bufferingPolicy: .bufferingNewest(16))
        WorkerThread.start("signals") {
            var endings = 0
            while let number = receive(outlet) {
                if number != SIGHUP { endings += 1 }
                if endings > 1 { _exit(1) }
                continuation.yield(number)
            }
        }
        return signals
    }

    private static func receive(_ outlet: Int32) -> Int32? {
        var byte: UInt8 = 0
        while true {
            let count = read(outlet, &byte, 1)
            if count < 0, errno == EINTR { continue }
            return count == 1 ? Int32(byte) : nil
        }
    }
}
