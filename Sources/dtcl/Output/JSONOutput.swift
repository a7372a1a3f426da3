import CommandModel
import CommandTable
import ScriptHost
import ToolKit

/// Shows a run to programs: one JSON value a line on standard output.
final class JSONOutput: ScriptOutput {
    func write(_ line: String, toError: Bool) {
        show(["write": .record(["text": .text(line), "toError": .boolean(toError)])])
    }

    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool) {
        show([
            "result": .record([
                "command": .text(declaration.id), "value": result.value,
                "lines": .list(result.lines.map { .text($0) }), "taken": .boolean(isTaken),
            ])
        ])
    }

    func failed(_ error: CommandError, of declaration: CommandDeclaration) {
        show([
            "error": .record([
                "command": .text(declaration.id), "code": .integer(Int64(error.code)),
                "message": .text(error.message),
            ])
        ])
    }

    func echo(_ command: String) { show(["echo": .text(command)]) }

    func progress(_ progress: CommandProgress) { Self.show(CommandAnswer.progress(progress).value) }

    func progressEnded() {}

    func show(_ record: CommandRecord) { Self.show(.record(record)) }

    static func show(_ value: CommandValue) { Terminal.write(JSONWriter.text(of: value) + "\n") }
}
