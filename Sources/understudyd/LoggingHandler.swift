import Glibc
import Logging

/// Writes each message as one line to standard error and to the log files:
/// `2026-03-01 14:05:09.123 warning no link to 'beta': connection refused`.
struct LoggingHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let files: LogFiles

    init(logLevel: Logger.Level, files: LogFiles) {
        self.logLevel = logLevel
        self.files = files
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var text = "\(event.message)"
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            text += " " + name + "=" + "\(value)"
        }
        if let error = event.error { text += " (\(error))" }
        let bytes = Self.line(event.level, text)
        _ = write(STDERR_FILENO, bytes, bytes.count)
        files.write(bytes)
    }

    /// A line with its end.
    static func line(_ level: Logger.Level, _ text: String) -> [UInt8] {
        Array("\(time()) \(level.rawValue) \(oneLine(text))\n".utf8)
    }

    /// File names come from anywhere: nothing in them may end a line or command a terminal.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return text }
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": line += "\\n"
            case "\t": line += "\\t"
            case _ where scalar.properties.generalCategory == .control:
                line += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        localtime_r(&now.tv_sec, &parts)
        let day = [Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map { digits($0) }
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0)) }
        return "\(parts.tm_year + 1900)-\(day.joined(separator: "-")) "
            + "\(clock.joined(separator: ":")).\(digits(now.tv_nsec / 1_000_000, 3))"
    }

    private static func digits(_ number: Int, _ count: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
