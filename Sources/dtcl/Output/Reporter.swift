import CommandModel
import DTCLInterpreter
import DTCLSyntax
import ScriptHost
import ToolKit

/// Says how a run ended when it did not end well.
struct Reporter {
    var isJSON: Bool
    /// Before every line for people.
    var indent = ""
    private var palette: Palette { Palette(.error) }

    init(isJSON: Bool, indent: String = "") {
        self.isJSON = isJSON
        self.indent = indent
    }

    func report(_ outcome: ScriptOutcome, of source: SourceText) {
        switch outcome {
        case .finished: break
        case .rejected(let diagnostics): report(diagnostics)
        case .failed(let error): report(error, source)
        case .timedOut(let seconds): show(["the script took longer than \(seconds) seconds"])
        case .interrupted:
            // A terminal shows the key as ^C, without an end of line.
            if Terminal.isTerminal(.error), Terminal.movesCursor {
                Terminal.write("\r\u{1B}[K", to: .error)
            }
            show(["interrupted"])
        }
    }

    func report(_ diagnostics: [ScriptDiagnostic]) {
        for entry in diagnostics {
            if isJSON {
                JSONOutput.show(.record(["diagnostic": Self.value(of: entry)]))
            } else {
                show(DiagnosticRenderer(entry.shownSource, palette).render(entry.diagnostic))
            }
        }
    }

    private func report(_ error: ScriptError, _ source: SourceText) {
        if isJSON {
            JSONOutput.show(.record(["error": Self.value(of: error)]))
            return
        }
        // At the prompt the line stands right above.
        if error.file == "prompt" {
            let label = palette.paint("error \(error.code):", .error)
            show(["\(label) \(error.message)"])
            return
        }
        let command = error.command.map { " in '\($0)'" } ?? ""
        let code = error.kind == .commandFailed ? " \(error.code)" : ""
        let label = palette.paint("error\(code)", .error)
        show(["\(error.file):\(error.position): \(label)\(command): \(error.message)"])
        if !Self.hidesSecret(error), let text = Self.text(of: error, source) {
            show(DiagnosticRenderer(text, palette).excerpt(error.range))
        }
        show(Self.shown(error.calls))
    }

    /// The file that the error is in, which may be an included one.
    private static func text(of error: ScriptError, _ source: SourceText) -> SourceText? {
        if error.file == source.name { return source }
        guard case .success(let included) = World.readScript(error.file) else { return nil }
        return Int(error.range.upper) <= included.bytes.count ? included : nil
    }

    /// The way to the error, the innermost call first: each procedure and the place that called it.
    private static func shown(_ calls: [ScriptError.Call]) -> [String] {
        var lines: [String] = []
        var repeats = 0
        for (call, caller) in zip(calls, calls.dropFirst()) where !call.procedure.isEmpty {
            let line =
                "     = in procedure '\(call.procedure)', called at \(caller.file):\(caller.line)"
            if line == lines.last {
                repeats += 1
                continue
            }
            if repeats > 0 { lines.append("       and \(repeats) more of the same") }
            repeats = 0
            lines.append(line)
        }
        if repeats > 0 { lines.append("       and \(repeats) more of the same") }
        return lines
    }

    /// The line itself would show what the command hides.
    private static func hidesSecret(_ error: ScriptError) -> Bool {
        error.command?.split(separator: " ").contains { $0 == "***" } == true
    }

    private func show(_ lines: [String]) {
        Terminal.write(lines.map { "\(indent)\($0)\n" }.joined(), to: .error)
    }

    static func value(of entry: ScriptDiagnostic) -> CommandValue {
        let lines = LineTable(entry.source)
        let start = lines.position(of: entry.diagnostic.range.lower)
        let end = lines.position(of: entry.diagnostic.range.upper)
        return .record([
            "file": .text(entry.source.name), "line": .integer(Int64(start.line)),
            "column": .integer(Int64(start.column)), "endLine": .integer(Int64(end.line)),
            "endColumn": .integer(Int64(end.column)), "id": .text(entry.diagnostic.id),
            "severity": .text(entry.diagnostic.severity.rawValue),
            "message": .text(entry.diagnostic.message),
            "notes": .list(entry.diagnostic.notes.map { .text($0.message) }),
        ])
    }

    private static func value(of error: ScriptError) -> CommandValue {
        var record: CommandRecord = [
            "code": .integer(Int64(error.code)), "message": .text(error.message),
            "kind": .text(error.kind.rawValue), "file": .text(error.file),
            "line": .integer(Int64(error.line)), "column": .integer(Int64(error.column)),
        ]
        if let command = error.command { record["command"] = .text(command) }
        record["calls"] = .list(
            error.calls.map { call in
                .record([
                    "procedure": .text(call.procedure), "file": .text(call.file),
                    "line": .integer(Int64(call.line)),
                ])
            })
        return .record(record)
    }
}
