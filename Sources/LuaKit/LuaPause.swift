package import CommandModel

/// A function of a state: a file's top level, or a hook. Good for the state that made it.
package struct LuaReference: Sendable, Hashable {
    let number: Int32
}

/// A call in a state, from its start to its end. Good for the state that made it.
package struct LuaThread: Sendable, Hashable {
    let number: Int
}

/// Why a call does not run at the moment.
package enum LuaPause: Sendable, Hashable {
    /// It is over; what the function returned.
    case finished([CommandValue])
    /// It wants a command: its place in the list given to ``LuaState/setFunctions(_:)``. Resume
    /// with its result or its failure.
    case call(function: Int, arguments: [CommandValue])
    /// It ran for a slice; resume with `.start` to go on.
    case outOfSlice
}

/// What a call is resumed with.
package enum LuaAnswer: Sendable, Hashable {
    /// At first, and after the end of a slice.
    case start
    /// A command's result.
    case returning(CommandValue)
    /// A command's failure: raised as an error in the script, which may catch it.
    case failing(code: Int, message: String)
}

/// What a script asked for with `dt.on`.
package struct LuaHook: Sendable, Hashable {
    package var pattern: String
    /// nil: the host's own.
    package var timeoutSeconds: Double?
    /// Whether the runtime waits for it.
    package var isDelaying: Bool?
    package var priority: Int
    /// One of `LuaHook.failures`; nil: the host's own.
    package var failure: String?
    package var function: LuaReference

    /// What a failure can mean for an operation that waits.
    package static let failures = ["ignore", "report", "stop"]
}
