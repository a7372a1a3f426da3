import CommandModel
import DTCLInterpreter
import DTCLSyntax
import LuaKit
import Synchronization

/// One version of a file of the hooks folder, in force as a whole or not at all.
struct HookFile: Sendable {
    let path: String
    /// Everything that was read for it, the files that it includes as well.
    let sources: [String: [UInt8]]
    let hooks: [Hook]
    /// Of a Lua file; without hooks as well, for its functions.
    var world: LuaWorld?

    /// Whether the disk still holds what was read.
    var isCurrent: Bool {
        sources.allSatisfy { path, bytes in (try? ScriptFiles.read(path)) == bytes }
    }

    var lanes: [any HookLane] { world.map { [$0] } ?? hooks.map(\.lane) }

    func close() { for lane in lanes { lane.close() } }
}

/// What was read while a file was loaded.
final class SourceRecorder: Sendable {
    private let content = Mutex<[String: [UInt8]]>([:])

    var sources: [String: [UInt8]] { content.withLock { $0 } }

    func read(_ path: String) throws(CommandError) -> SourceText {
        let bytes = try ScriptFiles.read(path)
        content.withLock { $0[path] = bytes }
        return SourceText(bytes: bytes, name: path)
    }

    func include(_ path: String) -> Result<SourceText, IncludeError> {
        do throws(CommandError) {
            return .success(try read(path))
        } catch {
            return .failure(IncludeError(error.message))
        }
    }
}

/// Makes hooks of files and definitions.
struct HookLoader: Sendable {
    let host: ScriptHost
    let history: ScriptHistory
    let log: HookLog
    let functions: LuaFunctions
    /// Gets every outcome of every hook.
    let tell: @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    let nextID: @Sendable () -> Int

    func runner(_ name: String) -> ScriptRunner {
        var host = host
        host.output = LogOutput(name, log)
        var runner = ScriptRunner(host, history: history)
        runner.functions = functions
        return runner
    }

    /// - Throws: `scriptNotStarted` with the reason; nothing of the file is in force then.
    func load(_ path: String) async throws(CommandError) -> HookFile {
        guard ScriptFiles.isTrusted(path) else {
            throw CommandError(
                .scriptNotStarted,
                "\(path): others may change this file, expected root's or our own (chmod go-w)")
        }
        return path.hasSuffix(".lua") ? try await loadLua(path) : try loadDTCL(path)
    }

    private func loadLua(_ path: String) async throws(CommandError) -> HookFile {
        let recorder = SourceRecorder()
        let source = try recorder.read(path)
        var host = host
        host.output = LogOutput(path, log)
        let (world, registered) = try await LuaWorld.load(
            path, Array(LuaScript.withoutInterpreter(source.bytes)),
            modules: try modules(for: source, recorder), host: host, log: log, tell: tell)
        var hooks: [Hook] = []
        for hook in registered {
            guard let pattern = HookPattern(hook.pattern) else {
                world.close()
                throw CommandError(
                    .scriptNotStarted,
                    "\(path): dt.on got '\(hook.pattern)', expected an event such as "
                        + "'mirror.completed' or 'mirror.*'")
            }
            var options = Hook.Options()
            options.priority = hook.priority
            options.waits = hook.isDelaying
            if let effect = hook.failure.flatMap(ScriptObject.FailureEffect.init) {
                options.failure = effect
            }
            if let seconds = hook.timeoutSeconds { options.timeoutSeconds = seconds }
            hooks.append(
                Hook(
                    id: nextID(), pattern, options, script: path, language: .lua, lane: world,
                    function: hook.function))
        }
        return HookFile(path: path, sources: recorder.sources, hooks: hooks, world: world)
    }

    /// The other Lua files of the folder, for a file that requires any.
    private func modules(
        for source: SourceText, _ recorder: SourceRecorder
    ) throws(CommandError) -> [String: String] {
        guard String(decoding: source.bytes, as: UTF8.self).contains("require"),
            let slash = source.name.lastIndex(of: "/")
        else { return [:] }
        let folder = source.name[..<slash]
        var modules: [String: String] = [:]
        for name in ScriptFiles.names(in: String(folder)) ?? [] where name.hasSuffix(".lua") {
            let path = "\(folder)/\(name)"
            guard ScriptFiles.isTrusted(path) else { continue }
            let bytes = try recorder.read(path).bytes
            modules[String(name.dropLast(4))] = String(decoding: bytes, as: UTF8.self)
        }
        return modules
    }

    private func loadDTCL(_ path: String) throws(CommandError) -> HookFile {
        let recorder = SourceRecorder()
        let source = try recorder.read(path)
        let headers = try HookHeader.headers(of: source)
        var runner = runner(path)
        runner.host.readFile = { recorder.include($0) }
        let compilation = runner.host.compile(source, isForEvents: true)
        guard let program = compilation.program else {
            throw CommandError(.scriptNotStarted, ScriptDiagnostic.summary(compilation.diagnostics))
        }
        var object = ScriptObject.remembered(path)
        var hooks: [Hook] = []
        for header in headers {
            object.timeoutSeconds = header.options.timeoutSeconds
            object.failure = header.options.failure
            let lane = ScriptLane(object, program: program, runner: runner, tell: tell)
            hooks.append(
                Hook(
                    id: nextID(), header.pattern, header.options, script: path, language: .dtcl,
                    lane: lane))
        }
        return HookFile(path: path, sources: recorder.sources, hooks: hooks)
    }

    /// - Throws: `scriptNotStarted` where the definition's script is wrong.
    func load(_ definition: HookDefinition) throws(CommandError) -> Hook {
        var options = Hook.Options()
        options.priority = definition.priority
        options.timeoutSeconds = definition.object.timeoutSeconds
        options.waits = definition.waits
        options.failure = definition.object.failure
        options.conditions = definition.conditions
        options.isTask = definition.object.isTask
        let runner = runner(definition.object.name)
        // Whether a task can be run is seen when it runs, and what it is read then.
        let program =
            definition.object.language == .dtcl && !definition.object.isTask
            ? try runner.host.program(of: definition.object, isForEvents: true) : nil
        let lane = ScriptLane(definition.object, program: program, runner: runner, tell: tell)
        return Hook(
            id: definition.id, definition.pattern, options, script: definition.object.name,
            language: definition.object.language, definition: definition.id, lane: lane)
    }
}
