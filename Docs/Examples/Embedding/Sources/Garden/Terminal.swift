import CommandModel
import CommandTable
import Glibc
import ScriptHost

/// Shows what scripts write, and the lines of commands whose result they do not keep.
struct TerminalOutput: ScriptOutput {
    func write(_ line: String, toError: Bool) { show(line) }

    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool) {
        for line in result.lines where !isTaken { show(line) }
    }

    func failed(_ error: CommandError, of declaration: CommandDeclaration) {
        show("\(declaration.name): \(error.message)")
    }

    func echo(_ command: String) { show("> \(command)") }
    func progress(_ progress: CommandProgress) {}
    func progressEnded() {}
}

struct UsageError: Error {}

extension Garden {
    /// Where the scripts lie: the first argument.
    static func folder() throws -> String {
        guard CommandLine.arguments.count == 2 else { throw UsageError() }
        return CommandLine.arguments[1]
    }
}

/// One line at once, so that lines of several threads come out whole and in order.
func show(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}
