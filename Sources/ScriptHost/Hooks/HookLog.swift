import CommandModel
import CommandTable

/// Where a service says what its hooks say and do.
public typealias HookLog = @Sendable (_ level: HookLogLevel, _ line: String) -> Void

public enum HookLogLevel: String, Sendable, Hashable {
    case info
    case warning
}

/// Puts what a script shows into a log, with the script's name.
struct LogOutput: ScriptOutput {
    let name: String
    let log: HookLog

    init(_ path: String, _ log: @escaping HookLog) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        self.log = log
    }

    func write(_ line: String, toError: Bool) {
        log(toError ? .warning : .info, "\(name): \(line)")
    }

    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool) {
        for line in result.lines where !isTaken { write(line, toError: false) }
    }

    func failed(_ error: CommandError, of declaration: CommandDeclaration) {
        write("\(declaration.name): error \(error.code): \(error.message)", toError: true)
    }

    func echo(_ command: String) { write("> \(command)", toError: false) }
    func progress(_ progress: CommandProgress) {
        if progress.stays { write(progress.line, toError: false) }
    }
    func progressEnded() {}
}
