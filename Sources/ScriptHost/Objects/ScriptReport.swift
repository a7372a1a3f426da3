public import CommandModel

/// What became of one run of a script: kept by the host's history.
public struct ScriptReport: Sendable, Hashable {
    public enum Outcome: String, Sendable, Hashable {
        case running
        case succeeded
        case failed
        case timedOut = "timed out"
        case interrupted
        /// It could not be read, was wrong, or the system did not start it.
        case notStarted = "not started"
    }

    /// Counts up from 1 in the order of the starts.
    public var number = 0
    public var name: String
    public var language: ScriptObject.Language
    /// The event that it ran for.
    public var event: String?
    /// Seconds since 1970.
    public var started: Double
    public var seconds = 0.0
    public var outcome = Outcome.running
    /// Of an executable that ended by itself, or what EXIT gave.
    public var exitStatus: Int?
    /// What killed an executable.
    public var signal: Int?
    /// Why it is no success, or what is worth knowing.
    public var message = ""
    /// What the script returned.
    public var value = CommandValue.none
    /// The last lines that it wrote.
    public var lines: [String] = []
    public var droppedLineCount = 0

    public var isGood: Bool { outcome == .succeeded }

    /// All that it wrote, as far as it was kept.
    public var output: String { lines.joined(separator: "\n") }

    /// For lists and for scripts.
    public var record: CommandRecord {
        var record: CommandRecord = [
            "run": .integer(Int64(number)), "script": .text(name),
            "language": .text(language.rawValue), "time": .decimal(started),
            "seconds": .decimal(seconds), "outcome": .text(outcome.rawValue),
        ]
        if let event { record["event"] = .text(event) }
        if let exitStatus { record["status"] = .integer(Int64(exitStatus)) }
        if let signal { record["signal"] = .integer(Int64(signal)) }
        if !message.isEmpty { record["message"] = .text(message) }
        if value != .none { record["value"] = value }
        record["output"] = .text(output)
        if droppedLineCount > 0 { record["droppedLines"] = .integer(Int64(droppedLineCount)) }
        return record
    }
}
