import DTCLInterpreter
import DTCLSyntax
import Glibc
import ScriptHost
import Synchronization
import ToolKit

/// `--trace`: every statement as it runs, with the seconds since the start, where it stands and the
/// values that it reads or has set.
final class StatementTrace: ScriptTracer {
    private let start = MonotonicClock.seconds
    private let palette = Palette(.error)

    func step(_ site: TraceSite, _ step: TraceStep) {
        let indent = String(repeating: "  ", count: step.depth)
        let values = zip(site.names, step.values).map { "\($0) = \($1 ?? "not set")" }
            .joined(separator: ", ")
        switch site.kind {
        case .statement:
            let time = StatementTrace.text(MonotonicClock.seconds - start)
            let place = palette.paint("\(site.source.name):\(site.line)", .note)
            let shown = values.isEmpty ? "" : palette.paint("   # \(values)", .mark)
            Terminal.write("\(time) \(place) \(indent)\(site.text)\(shown)\n", to: .error)
        case .assigned:
            let blank = String(repeating: " ", count: 11)
            Terminal.write(
                "\(blank) \(indent)\(palette.paint("→ \(values)", .mark))\n", to: .error)
        }
    }

    func ended() {
        let time = StatementTrace.text(MonotonicClock.seconds - start)
        Terminal.write("\(time) end\n", to: .error)
    }

    /// Eleven columns.
    static func text(_ seconds: Double) -> String {
        let micros = Int((seconds * 1e6).rounded())
        let fraction = String(micros % 1_000_000)
        let whole = String(micros / 1_000_000)
        return String(repeating: " ", count: max(0, 4 - whole.count)) + whole + "."
            + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}

/// `--profile`: how often each statement ran and how long it took, the slowest first.
final class StatementProfile: ScriptTracer {
    private struct Place: Hashable {
        var file: String
        var line: Int
        var text: String
    }

    private struct Total {
        var count = 0
        var seconds = 0.0
    }

    private struct Content {
        var totals: [Place: Total] = [:]
        var current: Place?
        var since = 0.0
    }

    private static let linesMax = 25

    private let content = Mutex(Content())

    func step(_ site: TraceSite, _ step: TraceStep) {
        guard site.kind == .statement else { return }
        let place = Place(file: site.source.name, line: site.line, text: site.text)
        content.withLock { content in
            StatementProfile.close(&content)
            content.totals[place, default: Total()].count += 1
            content.current = place
            content.since = MonotonicClock.seconds
        }
    }

    func ended() {
        let totals = content.withLock { content in
            StatementProfile.close(&content)
            content.current = nil
            return content.totals
        }
        let all = totals.values.reduce(0) { $0 + $1.seconds }
        var text = "     seconds    percent       runs  statement\n"
        let sorted = totals.sorted { $0.value.seconds > $1.value.seconds }
        for (place, total) in sorted.prefix(StatementProfile.linesMax) {
            let percent = all > 0 ? Int((total.seconds / all * 100).rounded()) : 0
            let share = Self.padded("\(percent) %", 10)
            let count = Self.padded("\(total.count)", 10)
            text += " \(StatementTrace.text(total.seconds)) \(share) \(count)"
            text += "  \(place.file):\(place.line) \(place.text)\n"
        }
        if sorted.count > StatementProfile.linesMax {
            text += "  … and \(sorted.count - StatementProfile.linesMax) more\n"
        }
        Terminal.write(text, to: .error)
    }

    private static func close(_ content: inout Content) {
        guard let place = content.current else { return }
        content.totals[place]?.seconds += MonotonicClock.seconds - content.since
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// Tells several tracers.
struct Tracers: ScriptTracer {
    var all: [any ScriptTracer]

    func step(_ site: TraceSite, _ step: TraceStep) {
        for tracer in all { tracer.step(site, step) }
    }

    func ended() { for tracer in all { tracer.ended() } }
}
