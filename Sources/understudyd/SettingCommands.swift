import CommandModel
import Glibc
import Logging
import Runtime

/// GET, SET and SETTINGS: what the server runs with. What the command line and the configuration
/// file say holds from start to start; only what is kept in the state can be set.
struct SettingCommands: Sendable {
    private let values: [(name: String, value: CommandValue)]
    private let rules: TaskRules

    /// What the original calls TASKCMD.
    private static let tasks = "enableTaskCmdProcessing"

    init(_ settings: Settings, rules: TaskRules) {
        let queue = settings.queue
        values = [
            ("name", .text(settings.name)), ("address", .text(settings.address)),
            ("port", .integer(Int64(settings.port))),
            ("controlPort", .integer(Int64(settings.controlPort))),
            ("state", .text(settings.stateDirectory)),
            ("logLevel", .text(settings.logLevel.rawValue)),
            ("journalMemoryMB", .integer(Int64(queue.memoryBytes >> 20))),
            ("queueFolder", .text(queue.folder ?? settings.stateDirectory + "/queue")),
            ("queueSegmentMB", .integer(Int64(queue.segmentBytes >> 20))),
            ("queueDiskMB", queue.diskBytesMax.map { .integer($0 >> 20) } ?? .none),
            ("queueFreeMB", .integer(queue.freeBytesFloor >> 20)),
            ("queueAlertPercent", .integer(Int64(queue.alertPercent))),
            ("targetStuckSeconds", .integer(Int64(queue.stuckSeconds))),
            ("captureTripwire", .text(settings.hasTripwire ? "on" : "off")),
        ]
        self.rules = rules
    }

    /// - Returns: nil for any command that is not about it, and where PLAN has nothing to say.
    func execute(_ request: CommandRequest) throws(CommandError) -> CommandResult? {
        let name = request.arguments["name"]?.text ?? ""
        switch request.command {
        case "setting.get":
            let (_, value) = try find(name)
            return CommandResult(value: value, lines: [Self.text(value)])
        case "setting.set":
            let (known, _) = try find(name)
            return try set(known, request)
        case "settings": return list(request.arguments["pattern"]?.text ?? "*")
        default: return nil
        }
    }

    private var all: [(name: String, value: CommandValue)] {
        values + [(Self.tasks, .integer(rules.isEnabled ? 1 : 0))]
    }

    private func find(_ name: String) throws(CommandError) -> (name: String, value: CommandValue) {
        if let found = all.first(where: { $0.name.lowercased() == name.lowercased() }) {
            return found
        }
        let hint = Settings.suggestion(for: name, among: all.map(\.name))
        throw CommandError(.invalidParameter, "there is no setting '\(name)'\(hint), see SETTINGS")
    }

    private func set(
        _ name: String, _ request: CommandRequest
    ) throws(CommandError) -> CommandResult? {
        guard name == Self.tasks else {
            throw CommandError(
                .invalidParameter,
                "'\(name)' is read when the server starts: change it in its configuration file, "
                    + "or on its command line, and start it again")
        }
        let command: String
        switch request.arguments["value"]?.text {
        case "1": command = "taskcmd.enable"
        case "0": command = "taskcmd.disable"
        default:
            throw CommandError(.invalidParameter, "'\(name)' is 0 or 1; see TASKCMD ENABLE")
        }
        var tasks = CommandRequest(command: command, origin: request.origin)
        tasks.arguments["plan"] = request.arguments["plan"]
        return try rules.execute(tasks)
    }

    private func list(_ pattern: String) -> CommandResult {
        let found = all.filter { fnmatch(pattern.lowercased(), $0.name.lowercased(), 0) == 0 }
        let width = (found.map(\.name.count).max() ?? 0) + 2
        return CommandResult(
            value: .record(CommandRecord(found.map { ($0.name, $0.value) })),
            lines: found.map { name, value in
                name + String(repeating: " ", count: width - name.count) + Self.text(value)
            })
    }

    private static func text(_ value: CommandValue) -> String {
        switch value {
        case .text(let text): text
        case .integer(let number): "\(number)"
        default: "no limit"
        }
    }
}
