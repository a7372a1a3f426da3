import CLuaSupport
import CommandModel

/// What a running script reaches of the host: its output and its registrations. C holds a pointer
/// to it while the state lives; only the thread that runs the state calls it.
final class ScriptSide {
    let output: @Sendable (_ script: String, _ text: String) -> Void
    var hooks: [LuaHook] = []

    init(output: @escaping @Sendable (_ script: String, _ text: String) -> Void) {
        self.output = output
    }

    static var callbacks: clua_callbacks {
        clua_callbacks(
            context: nil,
            output: { context, script, bytes, count in
                guard let context, let script else { return }
                let side = Unmanaged<ScriptSide>.fromOpaque(context).takeUnretainedValue()
                // What is no valid text is repaired: a log must not fail.
                let text = String(
                    decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
                side.output(String(cString: script), text)
            },
            registered: { context, bytes, count, reference, problem, problemBytesMax in
                guard let context else { return 0 }
                let side = Unmanaged<ScriptSide>.fromOpaque(context).takeUnretainedValue()
                let values = ValueBytes.decodeList(
                    UnsafeRawBufferPointer(start: bytes, count: count))
                switch LuaHook.read(values, function: LuaReference(number: reference)) {
                case .success(let hook):
                    side.hooks.append(hook)
                    return 1
                case .failure(let error):
                    let room = UnsafeMutableRawBufferPointer(start: problem, count: problemBytesMax)
                    let text = Array(error.message.utf8.prefix(problemBytesMax - 1)) + [0]
                    room.copyBytes(from: text)
                    return 0
                }
            })
    }
}

extension LuaHook {
    /// The pattern and the record of options, as `dt.on` was called with them.
    fileprivate static func read(
        _ values: [CommandValue], function: LuaReference
    ) -> Result<LuaHook, LuaError> {
        func problem(_ message: String) -> Result<LuaHook, LuaError> {
            .failure(LuaError(kind: .runtime, message: message))
        }
        guard values.count == 2, let pattern = values[0].text, let options = values[1].record else {
            return problem("expected a pattern, a table of options and a function")
        }
        var hook = LuaHook(
            pattern: pattern, timeoutSeconds: nil, isDelaying: nil, priority: 0, function: function)
        for option in options.fields {
            switch (option.name, option.value) {
            case ("timeout", .integer(let seconds)) where seconds > 0:
                hook.timeoutSeconds = Double(seconds)
            case ("timeout", .decimal(let seconds)) where seconds > 0 && seconds.isFinite:
                hook.timeoutSeconds = seconds
            case ("delay", .boolean(let isDelaying)): hook.isDelaying = isDelaying
            case ("priority", .integer(let priority)): hook.priority = Int(priority)
            case ("failure", .text(let word)) where failures.contains(word): hook.failure = word
            case ("failure", _): return problem("'failure' is 'ignore', 'report' or 'stop'")
            case ("timeout", _): return problem("'timeout' is a positive number of seconds")
            case ("delay", _): return problem("'delay' is true or false")
            case ("priority", _): return problem("'priority' is a whole number")
            default:
                return problem(
                    "unknown option '\(option.name)', expected timeout, delay or priority, "
                        + "or failure")
            }
        }
        return .success(hook)
    }
}
