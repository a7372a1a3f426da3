import CommandModel
import CommandTable
import DTCLInterpreter
import Logging
import Runtime
import ScriptHost
import StateStore
import UnderstudyCommands

/// The daemon's hooks: scripts in the folder `hooks` of its state folder, and those that HOOK ADD
/// made. They talk to this server only.
struct Hooks: Sendable {
    let service: HookService
    private let commands: HookCommands
    private let runtime: Runtime

    init(
        _ settings: Settings, folder: String, runtime: Runtime, store: StateStore, logger: Logger
    ) throws(CommandError) {
        self.runtime = runtime
        var host = ScriptHost(
            table: UnderstudyCommands.table,
            router: ExecutorRouter(runtime, names: [settings.name, settings.address]),
            output: NoOutput(), limits: .hook, environment: .system)
        host.readFile = ScriptHost.readSystemFile
        for event in ServerEvents.all { try host.declare(event) }
        service = HookService(
            host, folder: folder, definitions: Self.stored(store, logger),
            save: { Self.save($0, store, logger) },
            log: { level, line in
                logger.log(level: level == .warning ? .warning : .info, "\(line)")
            })
        commands = HookCommands(service, host: host)
    }

    /// How the runtime reaches them.
    var links: RuntimeLinks {
        var links = RuntimeLinks()
        let service = service
        links.tell = { service.post($0) }
        links.ask = { await service.gate($0).error }
        links.plan = { request in
            UnderstudyCommands.table.declarations.first { $0.id == request.command }?
                .plan(request) ?? []
        }
        return links
    }

    // MARK: What was added by command

    private static let setting = "hooks"

    private static func stored(_ store: StateStore, _ logger: Logger) -> [CommandRecord] {
        guard let text = (try? store.setting(setting)) ?? nil else { return [] }
        guard let value = try? JSONReader.value(of: text) else {
            logger.error("the hooks that were added cannot be read and are left out")
            return []
        }
        return value.list?.compactMap(\.record) ?? []
    }

    private static func save(_ records: [CommandRecord], _ store: StateStore, _ logger: Logger) {
        do throws(StateStoreError) {
            let text = JSONWriter.text(of: .list(records.map { .record($0) }))
            try store.setSetting(setting, to: text)
        } catch {
            logger.error("the hooks were not saved: \(error)")
        }
    }
}

/// Commands about hooks first, all others to the runtime.
extension Hooks: CommandExecutor {
    func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        if request.arguments["plan"]?.boolean != true,
            let answer = try await commands.execute(request, progress: progress)
        {
            return answer
        }
        return try await runtime.execute(request, progress: progress)
    }
}
