import Glibc

/// Asks the person at the terminal, also when standard input is something else.
package struct Question: Sendable {
    package enum Failure: Error, Sendable, Hashable {
        /// Nobody can be asked.
        case noTerminal
        case interrupted
        /// The terminal has gone, or the answer was Ctrl-D.
        case noAnswer
    }

    package static let answerBytesMax = 1024

    private let typeAhead: TypeAhead
    private let signals = TerminalSignals()
    private let interruption = Pipe()

    package init(_ typeAhead: TypeAhead) {
        self.typeAhead = typeAhead
    }

    /// Ends an `ask` that waits, from any thread.
    package func interrupt() { _ = Glibc.write(interruption.writer, [0], 1) }

    /// Waits for a line on the calling thread.
    /// - Parameter isSecret: what is typed is not shown.
    package func ask(_ text: String, isSecret: Bool) throws(Failure) -> String {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { throw .noTerminal }
        defer { close(terminal) }
        let result: Result<String, Failure> = signals.watching {
            var attributes = termios()
            guard tcgetattr(terminal, &attributes) == 0 else { return .failure(.noTerminal) }
            var quiet = attributes
            if isSecret { quiet.c_lflag &= ~tcflag_t(ECHO) }
            tcsetattr(terminal, TCSADRAIN, &quiet)
            defer { tcsetattr(terminal, TCSADRAIN, &attributes) }
            do throws(Failure) {
                return .success(
                    try answer(terminal, text) { signal in
                        tcsetattr(terminal, TCSADRAIN, &attributes)
                        TerminalSignals.obey(signal)
                        tcsetattr(terminal, TCSADRAIN, &quiet)
                    })
            } catch {
                return .failure(error)
            }
        }
        if isSecret { Question.write("\n", terminal) }
        return try result.get()
    }

    private func answer(
        _ terminal: Int32, _ text: String, obey: (Int32) -> Void
    ) throws(Failure) -> String {
        Question.write(text, terminal)
        var (bytes, isWhole) = typeAhead.takeLine()
        while !isWhole {
            var waits = [interruption.reader, signals.descriptor, terminal].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            while poll(&waits, 3, -1) < 0, errno == EINTR {}
            if waits[0].revents != 0 { throw .interrupted }
            if waits[1].revents != 0 {
                if let signal = signals.take(), signal != SIGWINCH, signal != SIGCONT {
                    obey(signal)
                    Question.write(text, terminal)
                }
                continue
            }
            var chunk = [UInt8](repeating: 0, count: Question.answerBytesMax)
            let count = Glibc.read(terminal, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .noAnswer }
            typeAhead.add(chunk[..<count])
            let more = typeAhead.takeLine()
            bytes += more.bytes
            isWhole = more.isWhole || bytes.count > Question.answerBytesMax
        }
        return String(decoding: bytes.prefix(Question.answerBytesMax), as: UTF8.self)
    }

    private static func write(_ text: String, _ terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(terminal, bytes, bytes.count)
    }
}
