import CommandModel
import LuaKit
import Synchronization

/// Finds functions of loaded hook files by their names: `LUA:notify`.
final class LuaFunctions: LuaFunctionCaller {
    private let worlds = Mutex<[LuaWorld]>([])

    /// In the order in which they are searched.
    func put(_ found: [LuaWorld]) { worlds.withLock { $0 = found } }

    /// Calls the first function of that name with the event, if there is one, and the arguments.
    func call(
        _ name: String, _ object: ScriptObject, _ event: RuntimeEvent?
    ) async -> Result<[CommandValue], LuaError> {
        var arguments: [CommandValue] = object.arguments.map { .text($0) }
        if let event { arguments.insert(.record(event.value), at: 0) }
        for world in worlds.withLock({ $0 }) {
            let result: Result<[CommandValue], LuaError> = await withCheckedContinuation { ended in
                world.post(
                    .function(
                        LuaWorld.FunctionCall(
                            name: name, arguments: arguments,
                            timeoutSeconds: object.timeoutSeconds
                        ) { ended.resume(returning: $0) }))
            }
            if case .failure(let error) = result, error.kind == .closed { continue }
            return result
        }
        let message = "no loaded hook file has a function '\(name)'"
        return .failure(LuaError(kind: .closed, message: message))
    }
}
