public import CommandModel
public import CommandTable
import DTCLInterpreter
import Synchronization

/// The hooks of a program: loads them from a folder and from definitions, tells them of events,
/// asks them for decisions, and knows what became of it.
///
/// `post` and `gate` may be called from anywhere at any rate; the rest is for commands.
public actor HookService {
    /// The last events, and those to come.
    public nonisolated let events: EventLog
    /// What became of scripts and executables that ran for events.
    public nonisolated let history: ScriptHistory
    nonisolated let board: HookBoard
    private nonisolated let functions: LuaFunctions
    private let loader: HookLoader
    private let folder: String?
    private let log: HookLog
    private let save: @Sendable ([CommandRecord]) -> Void
    private var files: [String: HookFile] = [:]
    private var definitions: [HookDefinition] = []
    private var added: [Int: Hook] = [:]
    private var reloading: Task<[FileReport], Never>?

    /// - Parameters:
    ///   - host: what hooks find: commands, events, environment. Its limits hold for DTCL and Lua.
    ///   - folder: holds `*.lua` and `*.dtcl`; nil for none.
    ///   - definitions: what `save` was given last.
    ///   - save: gets all definitions whenever one is added or removed.
    ///   - isTold: is asked about each failure; whoever says yes has told of it, and the service
    ///     does not.
    ///   - log: gets what hooks print and what goes wrong with them; from any thread.
    public init(
        _ host: ScriptHost, folder: String?, definitions: [CommandRecord] = [],
        save: @escaping @Sendable ([CommandRecord]) -> Void = { _ in },
        isTold: @escaping @Sendable (HookFailure) -> Bool = { _ in false },
        log: @escaping HookLog
    ) {
        let events = EventLog()
        let history = host.history
        let board = HookBoard(events: events, log: log, isTold: isTold)
        let ids = Atomic64()
        let functions = LuaFunctions()
        var host = host
        host.functions = functions
        self.events = events
        self.history = history
        self.functions = functions
        self.board = board
        self.folder = folder
        self.log = log
        self.save = save
        for record in definitions {
            do throws(CommandError) {
                let definition = try HookDefinition(record: record)
                ids.raise(to: definition.id)
                self.definitions.append(definition)
            } catch {
                log(.warning, "a stored hook is left out: \(error.message)")
            }
        }
        loader = HookLoader(
            host: host, history: history, log: log, functions: functions,
            tell: { hook, event, outcome in board.tell(hook, event, outcome) },
            nextID: { ids.next() })
    }

    deinit {
        for file in files.values { file.close() }
    }

    /// A service for a program whose commands go to `router`.
    public init(
        folder: String?, table: @autoclosure @escaping @Sendable () -> CommandTable,
        router: any CommandRouter, log: @escaping HookLog
    ) {
        var host = ScriptHost(
            table: table(), router: router, output: NoOutput(), limits: .hook,
            environment: .system)
        host.readFile = ScriptHost.readSystemFile
        self.init(host, folder: folder, log: log)
    }

    // MARK: Events

    /// Tells the hooks of an event and does not wait for them.
    public nonisolated func post(_ event: RuntimeEvent) { board.post(event) }

    /// Whether any hook asks for events of this name; for telling of costly ones only then.
    public nonisolated func wants(_ name: String) -> Bool { board.wants(name) }

    /// Tells the hooks of an event and waits for those that want to be waited for: all hooks of a
    /// `before.…` event that do not say otherwise, and those with DELAY of any other.
    /// - Parameter secondsMax: who has not answered then has failed, with its declared effect.
    /// - Returns: what all together say.
    public nonisolated func gate(
        _ event: RuntimeEvent, secondsMax: Double? = nil
    ) async -> HookDecision {
        guard let vote = await board.ask(event, secondsMax: secondsMax) else { return .proceed }
        if Task.isCancelled { return .veto(reason: "interrupted") }
        return vote.decision
    }

    /// Runs the hooks for an event of this name with `test` = TRUE, waits for all and says what
    /// each of them did.
    public nonisolated func test(
        _ name: String, _ facts: CommandRecord = [:]
    ) async throws(CommandError) -> CommandResult {
        guard case .exact? = HookPattern(name) else {
            throw CommandError(.invalidParameter, "got '\(name)', expected an event's name")
        }
        var event = RuntimeEvent(name, facts)
        event.record["test"] = .boolean(true)
        guard let vote = await board.ask(event, secondsMax: nil, awaitsAll: true) else {
            return CommandResult(value: .list([]), lines: ["No hook asks for '\(name)'."])
        }
        var list: [CommandValue] = []
        var lines: [String] = []
        for (hook, outcome) in vote.outcomes {
            let words = outcome.failure.map { "failed: \($0)" } ?? outcome.decision.words
            list.append(
                .record([
                    "hook": .integer(Int64(hook.id)), "script": .text(hook.script),
                    "outcome": .text(words),
                ]))
            lines.append("\(hook.id)  \(hook.script)  \(words)")
        }
        return CommandResult(value: .list(list), lines: lines)
    }

    // MARK: Loading

    /// What became of a file at a reload.
    public struct FileReport: Sendable, Hashable {
        public enum Outcome: String, Sendable, Hashable {
            case loaded
            case unchanged
            case removed
            /// The version before it stays in force, when there is one.
            case broken
        }

        public var path: String
        public var outcome: Outcome
        /// Hooks that are in force now.
        public var hookCount = 0
        public var message = ""
    }

    /// Reads the folder and the scripts of definitions again. A file is taken as a whole or, when
    /// anything in it is wrong, left as it was.
    @discardableResult
    public func reload() async -> [FileReport] {
        let before = reloading
        let task = Task {
            _ = await before?.value
            return await self.load()
        }
        reloading = task
        return await task.value
    }

    private func load() async -> [FileReport] {
        var reports: [FileReport] = []
        var old: [HookFile] = []
        if let folder {
            if let names = ScriptFiles.names(in: folder), ScriptFiles.isTrusted(folder) {
                let paths = names.filter(HookService.isHookFile).map { "\(folder)/\($0)" }
                for path in paths { await load(path, &reports, &old) }
                for (path, file) in files where !paths.contains(path) {
                    old.append(file)
                    files[path] = nil
                    reports.append(FileReport(path: path, outcome: .removed))
                }
            } else {
                let reason = "the folder cannot be read, or others may write to it"
                reports.append(FileReport(path: folder, outcome: .broken, message: reason))
            }
        }
        loadDefinitions(&reports)
        putInForce()
        for file in old { file.close() }
        for report in reports where report.outcome == .broken {
            log(.warning, "not loaded: \(report.message)")
        }
        warnOfUnknownEvents()
        return reports
    }

    private static func isHookFile(_ name: String) -> Bool {
        name.hasSuffix(".dtcl") || name.hasSuffix(".lua")
    }

    private func load(
        _ path: String, _ reports: inout [FileReport], _ old: inout [HookFile]
    ) async {
        let known = files[path]
        if let known, known.isCurrent {
            reports.append(
                FileReport(path: path, outcome: .unchanged, hookCount: known.hooks.count))
            return
        }
        do throws(CommandError) {
            let file = try await loader.load(path)
            if let known { old.append(known) }
            files[path] = file
            reports.append(FileReport(path: path, outcome: .loaded, hookCount: file.hooks.count))
        } catch {
            reports.append(
                FileReport(
                    path: path, outcome: .broken, hookCount: known?.hooks.count ?? 0,
                    message: error.message))
        }
    }

    private func loadDefinitions(_ reports: inout [FileReport]) {
        for definition in definitions {
            do throws(CommandError) {
                let hook = try loader.load(definition)
                added[definition.id]?.lane.close()
                added[definition.id] = hook
            } catch {
                reports.append(
                    FileReport(
                        path: definition.object.name, outcome: .broken,
                        hookCount: added[definition.id] == nil ? 0 : 1, message: error.message))
            }
        }
    }

    private func putInForce() {
        let loaded = files.keys.sorted().flatMap { files[$0]?.hooks ?? [] }
        board.put(loaded + added.values)
        loader.functions.put(files.keys.sorted().compactMap { files[$0]?.world })
    }

    private func warnOfUnknownEvents() {
        for doubt in doubts { log(.warning, doubt) }
    }

    /// What is odd about hooks in force: events that nobody tells of, a line each.
    var doubts: [String] {
        board.hooks.compactMap { hook in doubt(about: hook.pattern).map { "\(hook.script): \($0)" }
        }
    }

    /// nil when there is such an event, or no event is known at all.
    func doubt(about pattern: HookPattern) -> String? {
        let known = loader.host.events.map(\.name)
        guard known.count > 1, !known.contains(where: pattern.matches) else { return nil }
        let hint =
            NearestEvent.name(to: pattern.text, among: known).map { ", did you mean '\($0)'?" }
            ?? ""
        return "no event is called '\(pattern.text)'\(hint)"
    }

    // MARK: Definitions

    /// Puts a hook in force and stores it.
    /// - Throws: `scriptNotStarted` where its script is wrong.
    @discardableResult
    public func add(_ definition: HookDefinition) throws(CommandError) -> Int {
        var numbered = definition
        numbered.id = loader.nextID()
        added[numbered.id] = try loader.load(numbered)
        definitions.append(numbered)
        putInForce()
        save(definitions.map(\.record))
        return numbered.id
    }

    /// - Throws: `noSuchHook`.
    public func remove(_ id: Int) throws(CommandError) {
        guard let hook = added.removeValue(forKey: id) else {
            if let other = board.hooks.first(where: { $0.id == id }) {
                throw CommandError(
                    .noSuchHook, "hook \(id) comes from '\(other.script)', remove the file")
            }
            throw CommandError(.noSuchHook, "there is no hook \(id)")
        }
        definitions.removeAll { $0.id == id }
        putInForce()
        hook.lane.close()
        save(definitions.map(\.record))
    }

    /// Runs scripts with this service's history, and its functions of loaded files.
    nonisolated func runner(_ host: ScriptHost) -> ScriptRunner {
        var runner = ScriptRunner(host, history: history)
        runner.functions = functions
        return runner
    }

    /// The definitions that have these conditions, such as a connection's.
    public func definitions(where conditions: CommandRecord = [:]) -> [HookDefinition] {
        definitions.filter { definition in
            conditions.fields.allSatisfy { definition.conditions[$0.name] == $0.value }
        }
    }

    /// Ends everything: no more events come to the hooks, and what runs is interrupted, executables
    /// with their groups. Returns when they have ended, after a second at most.
    public func stop() async {
        board.put([])
        loader.functions.put([])
        let lanes = files.values.flatMap(\.lanes) + added.values.map(\.lane)
        files = [:]
        added = [:]
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes { group.addTask { await lane.interrupt() } }
        }
    }
}

extension HookDecision {
    var words: String {
        switch self {
        case .proceed: "proceed"
        case .hold: "hold"
        case .veto(let reason): reason.isEmpty ? "veto" : "veto: \(reason)"
        }
    }
}

/// Counts up from 1.
final class Atomic64: Sendable {
    private let last = Atomic<Int>(0)

    func next() -> Int { last.add(1, ordering: .relaxed).newValue }

    func raise(to number: Int) {
        while last.load(ordering: .relaxed) < number { _ = next() }
    }
}
