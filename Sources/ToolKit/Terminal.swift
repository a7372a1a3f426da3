import Glibc

/// Standard input, output and error.
package enum Terminal {
    package enum Stream: Int32, Sendable {
        case input = 0
        case output = 1
        case error = 2
    }

    package static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

    /// Whether the cursor can be moved: not on a typewriter, nor where nothing is known.
    package static var movesCursor: Bool {
        guard let name = getenv("TERM").map({ String(cString: $0) }) else { return false }
        return !name.isEmpty && name != "dumb"
    }

    /// Columns of the terminal; 80 where it does not say.
    package static var columns: Int {
        var size = winsize()
        for stream in [Stream.output, .error, .input] {
            let result = ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size)
            if result == 0, size.ws_col > 0 { return Int(size.ws_col) }
        }
        return 80
    }

    /// Writes everything. What cannot be written, because the reader has gone, is dropped.
    package static func write(_ text: String, to stream: Stream = .output) {
        var text = text
        _ = text.withUTF8 { write(UnsafeRawBufferPointer($0), to: stream) }
    }

    /// False when nobody reads any more.
    @discardableResult
    package static func write(bytes: [UInt8], to stream: Stream = .output) -> Bool {
        bytes.withUnsafeBytes { write($0, to: stream) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to stream: Stream) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(stream.rawValue, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }
}
