import CommandModel
import CommandTable
import DTCLSyntax
import ScriptHost
import Synchronization

/// A small table of its own: the host knows no particular command.
enum SampleTable {
    static let table = CommandTable([
        CommandDeclaration(
            "echo", "ECHO", .value("text", .text), permission: .none, group: "Sample",
            summary: "answers its text"),
        CommandDeclaration(
            "fail", "FAIL", .maybe(.value("code", .integer(-9999 ... -1))), permission: .none,
            group: "Sample", summary: "fails"),
        CommandDeclaration(
            "hang", "HANG", permission: .none, group: "Sample", summary: "never answers"),
        CommandDeclaration(
            "leave", "LEAVE", permission: .none, to: .local, group: "Sample", summary: "ends"),
        CommandDeclaration(
            "login", "LOGIN", .all(.value("user", .text), .value("password", .secret)),
            permission: .none, to: .client, group: "Sample", summary: "takes a secret"),
        CommandDeclaration(
            "later", "LATER", changes: true, isAvailable: false, group: "Sample",
            summary: "is not there yet"),
        CommandDeclaration(
            "change", "CHANGE", changes: true, group: "Sample", summary: "changes something"),
        CommandDeclaration(
            "run", "RUN", .value("arguments", .programArguments), permission: .none,
            group: "Sample", summary: "takes arguments for a program"),
    ])
}

/// Answers commands as its table's names say and keeps what it was asked.
final class SampleRouter: CommandRouter {
    private let asked = Mutex<[CommandRequest]>([])
    private let hanging = Mutex<(@Sendable () -> Void)?>(nil)

    var requests: [CommandRequest] { asked.withLock { $0 } }

    /// Called when a HANG has begun.
    func whenHanging(_ action: @escaping @Sendable () -> Void) {
        hanging.withLock { $0 = action }
    }

    func execute(
        _ request: CommandRequest, of declaration: CommandDeclaration,
        progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandOutcome {
        asked.withLock { $0.append(request) }
        switch request.command {
        case "echo":
            let text = request.arguments["text"]?.text ?? ""
            return .result(CommandResult(value: .text(text), lines: ["said \(text)"]))
        case "fail":
            let code = Int(request.arguments["code"]?.integer ?? -107)
            throw CommandError(ErrorCode(rawValue: code), "it failed")
        case "hang":
            progress(CommandProgress(line: "hanging"))
            hanging.withLock { $0 }?()
            try? await Task.sleep(for: .seconds(60))
            throw CommandError(.interrupted, "the command was interrupted")
        case "leave": return .end(exitStatus: 7)
        default: return .result(CommandResult())
        }
    }
}

/// Keeps what a script shows.
final class SampleOutput: ScriptOutput {
    private let shown = Mutex<[String]>([])

    var lines: [String] { shown.withLock { $0 } }

    private func add(_ line: String) { shown.withLock { $0.append(line) } }

    func write(_ line: String, toError: Bool) { add(toError ? "error: \(line)" : line) }

    func succeeded(_ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool) {
        for line in result.lines where !isTaken { add(line) }
    }

    func failed(_ error: CommandError, of declaration: CommandDeclaration) {
        add("\(declaration.name) failed with \(error.code)")
    }

    func echo(_ command: String) { add("> \(command)") }
    func progress(_ progress: CommandProgress) { add("… \(progress.line)") }
    func progressEnded() {}
}

/// A host over the doubles.
struct Sample {
    let router = SampleRouter()
    let output = SampleOutput()
    var host: ScriptHost

    init() {
        host = ScriptHost(table: SampleTable.table, router: router, output: output)
    }

    func run(_ text: String) async -> ScriptOutcome {
        await host.run(SourceText(text, name: "sample.dtcl"))
    }
}

extension ScriptOutcome {
    /// The names of what is wrong with a rejected script.
    var messages: [String] {
        guard case .rejected(let diagnostics) = self else { return [] }
        return diagnostics.map(\.diagnostic.id)
    }
}
