import CommandModel
import ScriptHost
import Synchronization
import ToolKit

/// The lines of this and earlier sessions, without their secrets.
final class PromptHistory: Sendable {
    private let file: Mutex<HistoryFile>

    /// - Parameter path: nil for a session that leaves nothing behind.
    init(path: String?) {
        file = Mutex(HistoryFile(path: path))
    }

    var lines: [String] { file.withLock { $0.lines } }

    /// The lines that were kept of a text.
    func add(_ text: String) -> [String] {
        guard let shown = PromptSecrets.masked(text) else { return [] }
        return shown.split(separator: "\n").map(String.init).filter { line in
            file.withLock { $0.add(line) }
        }
    }

    /// For the command HISTORY.
    func result(count: Int64?) -> CommandResult {
        let all = lines
        let first = count.map { max(0, all.count - Int(clamping: $0)) } ?? 0
        let numbered = zip(first..., all[first...]).map { index, line in
            let number = String(index + 1)
            return String(repeating: " ", count: max(0, 4 - number.count)) + number + "  " + line
        }
        return CommandResult(value: .list(all[first...].map { .text($0) }), lines: numbered)
    }
}

/// The client's commands, and what only a prompt has.
struct PromptCommands: ClientCommands {
    let others: any ClientCommands
    let history: PromptHistory

    func execute(
        _ request: CommandRequest, in session: ServerSession
    ) async throws(CommandError) -> CommandOutcome {
        guard request.command == "history" else {
            return try await others.execute(request, in: session)
        }
        return .result(history.result(count: request.arguments["count"]?.integer))
    }

    func machine(
        for request: CommandRequest, in session: ServerSession
    ) async throws(CommandError) -> String? {
        try await others.machine(for: request, in: session)
    }

    func prepare(
        _ request: CommandRequest, for executor: any CommandExecutor, in session: ServerSession
    ) async throws(CommandError) -> CommandRequest {
        try await others.prepare(request, for: executor, in: session)
    }
}
