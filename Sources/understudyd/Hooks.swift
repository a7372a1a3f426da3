import CommandModel
import CommandTable
import DTCLInterpreter
import Logging
import Runtime
import ScriptHost
import StateStore
import Synchronization
import UnderstudyCommands

/// The daemon's hooks: scripts in the folder `hooks` of its state folder, and those that HOOK ADD
/// made. They talk to this server only.
struct Hooks: Sendable {
    let service: HookService
    private let commands: HookCommands
    private let scripts: ConnectionScripts
    private let rules: TaskRules
    private let settings: SettingCommands
    private let runtime: Runtime

    init(
        _ settings: Settings, folder: String, runtime: Runtime, store: StateStore, logger: Logger
    ) throws(CommandError) {
        self.runtime = runtime
        let names = [settings.name, settings.address]
        let rules = TaskRules(store, logger)
        let entry = Entry(runtime)
        var host = ScriptHost(
            table: UnderstudyCommands.table, router: ExecutorRouter(entry, names: names),
            output: NoOutput(), limits: .hook, environment: .system)
        host.readFile = ScriptHost.readSystemFile
        host.taskObjection = { rules.objection($0) }
        for event in UnderstudyEvents.all { try host.declare(event) }
        service = HookService(
            host, folder: folder, definitions: Self.stored(store, logger),
            save: { Self.save($0, store, logger) }, isTold: { entry.tell($0, logger) },
            log: { level, line in
                logger.log(level: level == .warning ? .warning : .info, "\(line)")
            })
        self.rules = rules
        self.settings = SettingCommands(settings, rules: rules)
        commands = HookCommands(service, host: host)
        scripts = ConnectionScripts(service: service, rules: rules, store: store, ownNames: names)
        entry.open(self)
    }

    /// How the runtime reaches them.
    var links: RuntimeLinks {
        var links = RuntimeLinks()
        let service = service
        links.tell = { service.post($0) }
        links.ask = { await service.gate($0).error }
        let scripts = scripts
        links.forgotten = { uuid in Task { await scripts.forget(uuid) } }
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

/// Commands about hooks and scripts first, all others to the runtime.
extension Hooks: CommandExecutor {
    func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        if let answer = try rules.execute(request) { return answer }
        if let answer = try settings.execute(request) { return answer }
        if let answer = try await scripts.execute(request) { return answer }
        if request.arguments["plan"]?.boolean == true {
            try await commands.check(request)
        } else {
            do throws(CommandError) {
                if let answer = try await commands.execute(request, progress: progress) {
                    return answer
                }
            } catch {
                if request.command == "run.remote" { tellOfFailure(request, error) }
                throw error
            }
        }
        return try await runtime.execute(request, progress: progress)
    }

    /// A refusal is no failure of a script.
    private func tellOfFailure(_ request: CommandRequest, _ error: CommandError) {
        let codes = [ErrorCode.scriptFailed, .timedOut]
        guard codes.contains(where: { $0.rawValue == error.code }) else { return }
        service.post(
            RuntimeEvent(
                "script.failed",
                [
                    "script": request.arguments["script"] ?? .text(""),
                    "reason": .text(error.message), "origin": .text(request.origin),
                ]))
    }
}

/// Where scripts of this server give their commands: to the same place as everybody, once that is
/// there.
private final class Entry: CommandExecutor {
    private let runtime: Runtime
    private let hooks = Mutex<Hooks?>(nil)

    init(_ runtime: Runtime) { self.runtime = runtime }

    func open(_ hooks: Hooks) { self.hooks.withLock { $0 = hooks } }

    func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        let executor: any CommandExecutor = hooks.withLock { $0 } ?? runtime
        return try await executor.execute(request, progress: progress)
    }

    /// A script of a connection that failed: its source shows it, and there is an event. Failures
    /// of other hooks are told by their service.
    func tell(_ failure: HookFailure, _ logger: Logger) -> Bool {
        guard failure.isTask, let point = ConnectionScripts.point(of: failure.event.name),
            let service = hooks.withLock({ $0 })?.service
        else { return false }
        let facts = failure.event.record
        let text = "the \(point) script '\(failure.script)' failed: \(failure.reason)"
        logger.warning("\(text)")
        if let incoming = facts[ConnectionScripts.connectionFact]?.text {
            Task { await runtime.note(text, ofIncoming: incoming) }
        }
        var record: CommandRecord = [
            "script": .text(failure.script), "reason": .text(failure.reason),
            "point": .text(point),
        ]
        for name in ["connection", "source", "set", ConnectionScripts.connectionFact] {
            if let value = facts[name] { record[name] = value }
        }
        service.post(RuntimeEvent("script.failed", record))
        return true
    }
}
