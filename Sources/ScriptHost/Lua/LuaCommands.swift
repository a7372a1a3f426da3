import CommandModel
import CommandTable
import DTCLInterpreter
import LuaKit

/// The commands of a host as functions of Lua, and the way from a call to its answer.
struct LuaCommands: Sendable {
    /// Their places are what a paused call says. The last is ours: `dt.wait(seconds)`.
    let paths: [[String]]
    private let functions: [CommandFunction]
    private let host: ScriptHost

    init(_ host: ScriptHost) {
        self.host = host
        functions = host.table().functions
        paths = functions.map(\.path) + [["wait"]]
    }

    /// Carries a call out.
    /// - Parameter origin: of the request: `hook:` and the file.
    func answer(function: Int, _ arguments: [CommandValue], origin: String) async -> LuaAnswer {
        do throws(CommandError) {
            guard function < functions.count else { return .returning(try await wait(arguments)) }
            var positional = arguments
            var named: CommandRecord = [:]
            if case .record(let record)? = positional.last {
                named = record
                positional.removeLast()
            }
            // A table of the few commands that can be meant: nothing has to be looked up.
            let table = CommandTable(functions[function].declarations)
            let call = try table.bindCall(
                paths[function], positional: positional, named: named, origin: origin)
            return .returning(try await run(call))
        } catch {
            return .failing(code: error.code, message: error.message)
        }
    }

    private func run(_ call: BoundCall) async throws(CommandError) -> CommandValue {
        let declaration = call.declaration
        try declaration.refuse(isPlan: call.isPlan)
        let host = host
        let limit = TimeLimit(seconds: host.timeoutSeconds)
        let outcome: CommandOutcome = try await limit.run(declaration.name) {
            () async throws(CommandError) -> CommandOutcome in
            if RunCommand.isMeant(by: declaration) {
                return .result(try await RunCommand.run(call.request, host, shows: true))
            }
            return try await host.router.execute(call.request, of: declaration) { progress in
                host.output.progress(progress)
            }
        }
        switch outcome {
        case .result(let result): return result.value
        case .end:
            throw CommandError(.invalidCommand, "'\(declaration.name)' ends sessions, not scripts")
        }
    }

    private func wait(_ arguments: [CommandValue]) async throws(CommandError) -> CommandValue {
        let seconds: Double
        switch arguments.first {
        case .integer(let number)? where number >= 0: seconds = Double(number)
        case .decimal(let number)? where number >= 0: seconds = min(number, 1e9)
        default: throw CommandError(.invalidParameter, "'wait' expects a number of seconds")
        }
        _ = await Nap.take(seconds: seconds)
        return .none
    }
}

extension LuaLimits {
    /// A host's limits, which speak of DTCL, for Lua.
    init(_ host: ScriptHost, wallSecondsMax: Double?) {
        self.init(
            memoryBytesMax: host.limits.memoryBytesMax,
            instructionsMax: host.limits.steps.map { Int64($0) } ?? .max,
            wallSecondsMax: wallSecondsMax ?? 1e8, sliceInstructions: 1_000_000,
            coroutineDepthMax: 32)
    }
}

extension LuaError {
    /// The message and the innermost places.
    var reason: String {
        traceback.isEmpty
            ? message : "\(message) (\(traceback.prefix(4).joined(separator: " < ")))"
    }
}
