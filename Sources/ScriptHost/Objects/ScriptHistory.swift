public import CommandModel
import Synchronization

/// The last runs of a host's scripts with their outcomes. Bounded; shared by all that run them.
public final class ScriptHistory: Sendable {
    private struct Content {
        var last = 0
        var running: [Int: ScriptReport] = [:]
        var ended: [ScriptReport] = []
    }

    private let content = Mutex(Content())
    private let countMax: Int

    /// - Parameter countMax: ended runs that are kept.
    public init(countMax: Int = 200) {
        self.countMax = max(1, countMax)
    }

    /// Oldest start first; runs that have not ended come last.
    public var reports: [ScriptReport] {
        content.withLock { content in
            content.ended.suffix(countMax).sorted { $0.number < $1.number }
                + content.running.values.sorted { $0.number < $1.number }
        }
    }

    /// Takes note of a start.
    /// - Returns: the run's number.
    func begin(_ report: ScriptReport) -> Int {
        content.withLock { content in
            content.last += 1
            var numbered = report
            numbered.number = content.last
            content.running[content.last] = numbered
            return content.last
        }
    }

    func end(_ report: ScriptReport) {
        content.withLock { content in
            content.running[report.number] = nil
            content.ended.append(report)
            // Half at a time, so that every report is moved about once.
            if content.ended.count >= 2 * countMax {
                content.ended.removeFirst(content.ended.count - countMax)
            }
        }
    }

    /// SCRIPT HISTORY: the last run first, a line and a record each.
    /// - Parameters:
    ///   - countMax: nil for all that are kept.
    ///   - utcOffsetSeconds: how far the time that is shown is ahead of UTC at a moment.
    public func result(
        countMax: Int? = nil, _ utcOffsetSeconds: (Int64) -> Int = { _ in 0 }
    ) -> CommandResult {
        let shown = reports.reversed().prefix(countMax ?? .max)
        return CommandResult(
            value: .list(shown.map { .record($0.record) }),
            lines: shown.isEmpty
                ? ["No script has run yet."] : shown.map { $0.line(utcOffsetSeconds) })
    }

    /// SCRIPT OUTPUT: what a run has printed.
    /// - Throws: `invalidParameter` when that run is not kept.
    public func output(of run: Int) throws(CommandError) -> CommandResult {
        guard let report = reports.first(where: { $0.number == run }) else {
            throw CommandError(.invalidParameter, "run \(run) is not kept any more, or never was")
        }
        return CommandResult(value: .text(report.output), lines: report.lines)
    }
}

extension ScriptReport {
    /// `12  2026-11-21 08:00:00  succeeded  0.03 s  /etc/…/done.sh (mirror.completed)`
    public func line(_ utcOffsetSeconds: (Int64) -> Int = { _ in 0 }) -> String {
        let event = event.map { " (\($0))" } ?? ""
        let reason = message.isEmpty ? "" : ": \(message)"
        let moment = Days.moment(started, utcOffsetSeconds)
        return "\(number)  \(moment)  \(outcome.rawValue)  \(ScriptReport.shown(seconds)) s  "
            + "\(name)\(event)\(reason)"
    }

    private static func shown(_ seconds: Double) -> String {
        let hundredths = Int(min(max(seconds, 0), 1e12) * 100)
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
