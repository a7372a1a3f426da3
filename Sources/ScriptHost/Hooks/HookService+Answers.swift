public import CommandModel
import DTCLInterpreter
import DTCLSyntax

// Ready answers for the commands about hooks.
extension HookService {
    /// HOOKS LIST: a record and a line for each hook, in the order in which they are asked.
    public nonisolated func list(where conditions: CommandRecord = [:]) -> CommandResult {
        let hooks = board.hooks.filter { hook in
            conditions.fields.allSatisfy { hook.options.conditions[$0.name] == $0.value }
        }
        let rows = hooks.map { hook in
            let counters = hook.counters
            return [
                "\(hook.id)", hook.pattern.text, hook.script, "\(counters.runs)",
                "\(counters.failures)", "\(counters.dropped)",
            ]
        }
        return CommandResult(
            value: .list(hooks.map { .record($0.record) }),
            lines: rows.isEmpty
                ? ["There are no hooks."]
                : Columns.lines(
                    [["id", "event", "script", "runs", "failures", "dropped"]] + rows))
    }

    /// HOOKS RELOAD: the files by what became of them, and a line for each.
    public func reloadAnswer() async -> CommandResult {
        let reports = await reload()
        func files(_ outcome: FileReport.Outcome) -> CommandValue {
            .list(reports.filter { $0.outcome == outcome }.map { .text($0.path) })
        }
        let record: CommandRecord = [
            "loaded": files(.loaded), "kept": files(.unchanged), "removed": files(.removed),
            "broken": .list(
                reports.filter { $0.outcome == .broken }.map {
                    .record(["file": .text($0.path), "reason": .text($0.message)])
                }),
        ]
        let lines = reports.map { report in
            let kept = report.outcome == .broken && report.hookCount > 0
            let count = report.hookCount == 1 ? "1 hook" : "\(report.hookCount) hooks"
            return "\(report.path): \(report.outcome.rawValue), \(count)"
                + (kept ? " of the version before" : "")
                + (report.message.isEmpty ? "" : ": \(report.message)")
        }
        return CommandResult(value: .record(record), lines: lines + doubts)
    }

    /// EVENTS: the last events, a record and a line each.
    /// - Parameter utcOffsetSeconds: how far the time that is shown is ahead of UTC at a moment.
    public nonisolated func eventsAnswer(
        since seconds: Double = 0, _ utcOffsetSeconds: (Int64) -> Int = { _ in 0 }
    ) -> CommandResult {
        let found = events.events(since: seconds)
        return CommandResult(
            value: .list(found.map { .record($0.value) }),
            lines: found.isEmpty
                ? ["Nothing has happened" + (seconds > 0 ? " since then." : " yet.")]
                : found.map { $0.line(utcOffsetSeconds) })
    }
}

extension RuntimeEvent {
    /// `12  2026-11-21 08:00:00  mirror.completed  connection=1 kind="full mirror" bytes=4096`
    /// - Parameter utcOffsetSeconds: how far the time that is shown is ahead of UTC at a moment.
    public func line(_ utcOffsetSeconds: (Int64) -> Int = { _ in 0 }) -> String {
        let facts = record.fields.map { field in
            let text = ScriptValue(field.value).printed
            let isOneWord = !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" }
            return "\(field.name)=" + (isOneWord ? text : "\"\(text)\"")
        }
        let start = "\(sequence)  \(Days.moment(seconds, utcOffsetSeconds))  \(name)"
        return facts.isEmpty ? start : start + "  " + facts.joined(separator: " ")
    }
}

/// Rows as lines whose columns stand below one another.
enum Columns {
    static func lines(_ rows: [[String]]) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, text) in row.enumerated() {
                line += text
                if column + 1 < row.count {
                    line += String(repeating: " ", count: widths[column] - text.count + 2)
                }
            }
            return line
        }
    }
}

/// The event that somebody may have meant.
enum NearestEvent {
    static func name(to text: String, among names: [String]) -> String? {
        NearestName.nearest(to: text, among: names)
    }
}
