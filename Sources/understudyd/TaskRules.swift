import CommandModel
import Logging
import ScriptHost
import StateStore
import Synchronization

/// Which scripts the administrator lets this server run for others: TASKCMD. None until then. Kept
/// in the server's state.
final class TaskRules: Sendable {
    struct Content: Equatable, Sendable {
        var isEnabled = false
        /// Paths of scripts, or of folders whose scripts may run; empty: wherever they lie.
        var allowed: [String] = []
    }

    private static let setting = "tasks"

    private let content: Mutex<Content>
    private let store: StateStore
    private let logger: Logger

    init(_ store: StateStore, _ logger: Logger) {
        self.store = store
        self.logger = logger
        content = Mutex(Self.stored(store, logger))
    }

    /// What stands against running a script now; nil: nothing.
    func objection(_ object: ScriptObject) -> CommandError? {
        let content = content.withLock { $0 }
        guard content.isEnabled else {
            return CommandError(
                .scriptsClosed,
                "this server runs no scripts that others name until TASKCMD ENABLE allows them")
        }
        switch object.source {
        // Who wrote the hook files wrote the function.
        case .function: return nil
        case .text: return CommandError(.scriptsClosed, "a task is a file of the server")
        case .file(let path):
            guard let real = ScriptTrust.real(path) else {
                return CommandError(.scriptNotStarted, "there is no script '\(path)'")
            }
            if let problem = ScriptTrust.problem(of: path) {
                return CommandError(.scriptsClosed, "'\(path)' \(problem)")
            }
            guard content.allowed.isEmpty || content.allowed.contains(where: { covers($0, real) })
            else {
                return CommandError(
                    .scriptsClosed,
                    "'\(path)' is none of what TASKCMD ENABLE allows here: "
                        + content.allowed.joined(separator: ", "))
            }
            return nil
        }
    }

    private func covers(_ allowed: String, _ real: String) -> Bool {
        guard let place = ScriptTrust.real(allowed) else { return false }
        return real == place || real.hasPrefix(place == "/" ? "/" : place + "/")
    }

    var isEnabled: Bool { content.withLock { $0.isEnabled } }

    // MARK: Commands

    /// - Returns: nil for any command that is not about it.
    func execute(_ request: CommandRequest) throws(CommandError) -> CommandResult? {
        let isPlan = request.arguments["plan"]?.boolean == true
        var next = content.withLock { $0 }
        switch request.command {
        case "taskcmd.list": return answer
        case "taskcmd.disable": next = Content()
        case "taskcmd.enable":
            if let path = request.arguments["allow"]?.text {
                try check(path)
                if !next.allowed.contains(path) { next.allowed.append(path) }
            } else {
                next.allowed = []
            }
            next.isEnabled = true
        default: return nil
        }
        // What would be done is told by whoever knows the words of the declaration.
        if isPlan { return nil }
        try keep(next)
        return answer
    }

    private func check(_ path: String) throws(CommandError) {
        guard path.hasPrefix("/") else {
            throw CommandError(
                .invalidParameter, "got '\(path)', expected a path that begins with '/'")
        }
        guard ScriptTrust.real(path) != nil else {
            throw CommandError(.invalidParameter, "there is no '\(path)' on this server")
        }
        if let problem = ScriptTrust.problem(of: path) {
            throw CommandError(.invalidParameter, "'\(path)' \(problem)")
        }
    }

    private var answer: CommandResult {
        let content = content.withLock { $0 }
        let allowed = content.allowed
        let line =
            !content.isEnabled
            ? "Scripts that others name do not run here."
            : allowed.isEmpty
                ? "Scripts may run that belong to root and that nobody else can change."
                : "Scripts may run that belong to root and lie below these paths:"
        return CommandResult(
            value: .record([
                "enabled": .boolean(content.isEnabled),
                "allowed": .list(allowed.map { .text($0) }),
            ]), lines: [line] + (content.isEnabled ? allowed.map { "  \($0)" } : []))
    }

    // MARK: State

    private func keep(_ next: Content) throws(CommandError) {
        let record: CommandRecord = [
            "enabled": .boolean(next.isEnabled),
            "allowed": .list(next.allowed.map { .text($0) }),
        ]
        do throws(StateStoreError) {
            try store.setSetting(Self.setting, to: JSONWriter.text(of: .record(record)))
        } catch {
            throw CommandError(.unknown, "it could not be written down: \(error)")
        }
        content.withLock { $0 = next }
        let paths = next.allowed.isEmpty ? "anywhere" : next.allowed.joined(separator: ", ")
        logger.notice("scripts that others name: \(next.isEnabled ? "allowed \(paths)" : "off")")
    }

    /// What cannot be read allows nothing.
    private static func stored(_ store: StateStore, _ logger: Logger) -> Content {
        guard let text = (try? store.setting(setting)) ?? nil else { return Content() }
        guard let record = (try? JSONReader.value(of: text))?.record else {
            logger.error("what TASKCMD ENABLE allowed cannot be read: nothing is allowed")
            return Content()
        }
        return Content(
            isEnabled: record["enabled"] == .boolean(true),
            allowed: (record["allowed"]?.list ?? []).compactMap(\.text))
    }
}
