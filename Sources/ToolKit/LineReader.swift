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
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    package init(wakeDescriptor: Int32) {
        self.wakeDescriptor = wakeDescriptor
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

    /// True for a wake-up.
    private mutating func wait() -> Bool {
        var waits = [
            pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&waits, 2, -1) < 0, errno == EINTR {}
        guard waits[0].revents != 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = Glibc.read(wakeDescriptor, &bytes, bytes.count)
        buffer = []
        return true
    }

    private mutating func read() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(0, &chunk, chunk.count)
        if count < 0, errno == EINTR { return }
        guard count > 0 else {
            isAtEnd = true
            return
        }
        buffer += chunk[..<count]
    }
}
