import Glibc

/// The lines that were typed, kept between sessions in a file that only their owner may read. What
/// goes wrong with the file makes a session without memory, not an error.
package struct HistoryFile {
    /// Lines that are kept; the file may have as many again until the next session begins.
    package static let linesMax = 1000
    /// Longer lines are not kept.
    static let lineBytesMax = 8192

    /// Oldest first.
    package private(set) var lines: [String] = []
    /// nil: not kept between sessions.
    private let path: String?

    package init(path: String?) {
        self.path = path
        guard let path else { return }
        chmod(path, 0o600)
        let bytesMax = 4 * HistoryFile.linesMax * HistoryFile.lineBytesMax
        guard let bytes = try? PrivateFile.read(path, bytesMax: bytesMax) else { return }
        let all = bytes.split(separator: UInt8(ascii: "\n"))
        lines = all.suffix(HistoryFile.linesMax).map { String(decoding: $0, as: UTF8.self) }
        if all.count > 2 * HistoryFile.linesMax {
            let text = lines.map { $0 + "\n" }.joined()
            try? ReplacedFile.write(Array(text.utf8), to: path)
        }
    }

    /// A line that repeats the one before it is one with it. False when it is not kept.
    @discardableResult
    package mutating func add(_ line: String) -> Bool {
        guard line.contains(where: { $0 != " " }), line != lines.last,
            line.utf8.count <= HistoryFile.lineBytesMax, !line.contains("\n")
        else { return false }
        lines.append(line)
        if lines.count > HistoryFile.linesMax { lines.removeFirst() }
        if let path { PrivateFile.append(line + "\n", to: path) }
        return true
    }
}
