import CommandModel
import CommandTable
import ScriptHost
import Synchronization
import ToolKit

/// Shows a run to people: lines of results, errors on standard error, and while a command runs one
/// line that changes, when there is a terminal.
final class TextOutput: ScriptOutput {
    private let indent: String
    private let showsProgress: Bool
    private let live = Mutex(LiveLine())

    private struct LiveLine {
        /// Whether it stands on the terminal.
        var isShown = false
        var rate = ProgressRate()
    }

    /// - Parameter indent: before every line.
    init(indent: String = "") {
        self.indent = indent
        showsProgress = Terminal.isTerminal(.output) && Terminal.movesCursor
    }

    func write(_ line: String, toError: Bool) { show(line, toError ? .error : .output) }

    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool) {
        if !isTaken { show(result.lines, .output) }
    }

    func failed(_ error: CommandError, of declaration: CommandDeclaration) {
        let label = Palette(.error).paint("error \(error.code):", .error)
        show("\(declaration.name): \(label) \(error.message)", .error)
    }

    func echo(_ command: String) { show("> \(command)", .error) }

    func progress(_ progress: CommandProgress) {
        if progress.stays {
            return show(
                progress.line, progress.data["toError"] == .boolean(true) ? .error : .output)
        }
        guard showsProgress else { return }
        live.withLock { live in
            live.isShown = true
            let rate = live.rate.text(progress, now: MonotonicClock.seconds)
            let line = progress.line + (rate.map { ", \($0)" } ?? "")
            let visible = line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
            // A line that wrapped could not be taken back.
            let shown = TextWidth.cut(
                indent + String(String.UnicodeScalarView(visible)), to: Terminal.columns - 1)
            Terminal.write("\r\u{1B}[K\(shown)")
        }
    }

    func progressEnded() { clearProgress() }

    private func clearProgress() {
        live.withLock { live in
            if live.isShown { Terminal.write("\r\u{1B}[K") }
            live = LiveLine()
        }
    }

    func show(_ line: String, _ stream: Terminal.Stream) { show([line], stream) }

    func show(_ lines: [String], _ stream: Terminal.Stream) {
        guard !lines.isEmpty else { return }
        clearProgress()
        var text = ""
        for line in lines { text += line.isEmpty ? "\n" : "\(indent)\(line)\n" }
        Terminal.write(text, to: stream)
    }
}
