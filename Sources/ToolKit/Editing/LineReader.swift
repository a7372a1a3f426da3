import Glibc

/// Lines from standard input, one at a time, so that an interruption can be seen while waiting.
package struct LineReader {
    package enum Event: Sendable, Hashable {
        case line(String)
        /// A byte arrived at the wake descriptor.
        case woken
        case end
    }

    private let wakeDescriptor: Int32
    private let input: Int32
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    package init(wakeDescriptor: Int32) {
        self.wakeDescriptor = wakeDescriptor
        // Ctrl-C empties a terminal between "there is a line" and reading it. A second opening of
        // the terminal can be set not to wait then, without changing the one we share.
        let opened =
            isatty(0) == 1
            ? open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1
        input = opened >= 0 ? opened : 0
    }

    /// Waits for a line without its end.
    package mutating func next() -> Event {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 1)
                return .line(line)
            }
            if isAtEnd {
                guard !buffer.isEmpty else { return .end }
                defer { buffer = [] }
                return .line(String(decoding: buffer, as: UTF8.self))
            }
            if wait() { return .woken }
            read()
        }
    }

    /// Whether there was a wake-up since the last line; it counts as seen then.
    package mutating func takeWake() -> Bool {
        var waits = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waits, 1, 0) > 0 else { return false }
        clearWakes()
        return true
    }

    private mutating func clearWakes() {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = Glibc.read(wakeDescriptor, &bytes, bytes.count)
        buffer = []
    }

    /// True for a wake-up.
    private mutating func wait() -> Bool {
        var waits = [
            pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: input, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&waits, 2, -1) < 0, errno == EINTR {}
        guard waits[0].revents != 0 else { return false }
        clearWakes()
        return true
    }

    private mutating func read() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(input, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else {
            isAtEnd = true
            return
        }
        buffer += chunk[..<count]
    }
}
