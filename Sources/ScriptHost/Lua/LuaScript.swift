import CommandModel
import LuaKit

/// One run of a Lua script that is no hook file: RUN, a schedule, HOOK ADD.
struct LuaScript: Sendable {
    /// Locals of the script's: the event that it runs for (nil without one) and its arguments. They
    /// stand before its first line, so that lines keep their numbers.
    private static let prelude = "local event, arg = ...; "

    let name: String
    let bytes: [UInt8]
    let host: ScriptHost
    let timeoutSeconds: Double?

    /// - Returns: what the script returned.
    func run(
        event: RuntimeEvent?, arguments: [String],
        output: @escaping @Sendable (_ script: String, _ text: String) -> Void
    ) async throws(LuaError) -> [CommandValue] {
        let interrupt = LuaInterrupt()
        let result: Result<[CommandValue], LuaError> = await withTaskCancellationHandler {
            do throws(LuaError) {
                return .success(try await finish(event, arguments, interrupt, output))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            interrupt.cancel()
        }
        return try result.get()
    }

    private func finish(
        _ event: RuntimeEvent?, _ arguments: [String], _ interrupt: LuaInterrupt,
        _ output: @escaping @Sendable (_ script: String, _ text: String) -> Void
    ) async throws(LuaError) -> [CommandValue] {
        let commands = LuaCommands(host)
        var state = try LuaState(
            limits: LuaLimits(host, wallSecondsMax: timeoutSeconds), interrupt: interrupt,
            output: output)
        try state.setFunctions(commands.paths)
        let text = LuaScript.prelude.utf8 + LuaScript.withoutInterpreter(bytes)
        let main = try state.load(bytes: Array(text), name: name)
        let given: [CommandValue] = [
            event.map { .record($0.value) } ?? .none, .list(arguments.map { .text($0) }),
        ]
        let thread = try state.start(main, given)
        var pause = try state.resume(thread)
        while true {
            switch pause {
            case .finished(let values): return values
            case .outOfSlice:
                await Task.yield()
                pause = try state.resume(thread)
            case .call(let function, let arguments):
                let answer = await commands.answer(
                    function: function, arguments, origin: "script:\(name)")
                pause = try state.resume(thread, with: answer)
            }
        }
    }

    /// Without a first line that names an interpreter; its end stays.
    static func withoutInterpreter(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard bytes.starts(with: "#!".utf8) else { return bytes[...] }
        return bytes.drop { $0 != UInt8(ascii: "\n") }
    }
}
