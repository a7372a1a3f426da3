import CLuaSupport
package import CommandModel

/// A world of Lua with limits from its birth. Its owner uses it from one thread at a time, of which
/// the compiler makes sure; which thread that is may change.
///
/// Calls are *threads*: started, resumed, paused wherever the script uses a command, resumed with
/// the answer. Several may be under way, one at a time runs.
package struct LuaState: ~Copyable {
    /// nil only between `close()` and the end.
    private(set) var handle: OpaquePointer?
    private let side: ScriptSide
    /// Ends what runs, from any thread.
    package let interrupt: LuaInterrupt
    package let limits: LuaLimits
    private var threads: [Int: OpaquePointer] = [:]
    private var threadsStarted = 0

    /// - Parameter output: gets each `print` and `dt.log`, with the name of the script's file. It
    ///   is
    ///   called while the script runs and cannot reach the state.
    /// - Throws: `.memory` when the limit does not hold even the libraries.
    package init(
        limits: LuaLimits, interrupt: LuaInterrupt = LuaInterrupt(),
        output: @escaping @Sendable (_ script: String, _ text: String) -> Void
    ) throws(LuaError) {
        let side = ScriptSide(output: output)
        var callbacks = ScriptSide.callbacks
        callbacks.context = Unmanaged.passUnretained(side).toOpaque()
        var bounds = clua_limits(
            memory_max: max(0, limits.memoryBytesMax), instructions_max: limits.instructionsMax,
            slice: limits.sliceInstructions,
            wall_max: LuaLimits.nanoseconds(limits.wallSecondsMax),
            depth_max: Int32(clamping: limits.coroutineDepthMax))
        guard let handle = clua_open(&bounds, &callbacks, interrupt.flag) else {
            guard clua_is_installed() != 0 else {
                throw LuaError(
                    kind: .runtime, message: "Lua is not installed: there is no liblua5.4.so.0")
            }
            throw LuaError(kind: .memory, message: "the memory allowed is too small for Lua")
        }
        self.handle = handle
        self.side = side
        self.interrupt = interrupt
        self.limits = limits
    }

    deinit {
        for thread in threads.values { clua_drop(handle, thread) }
        if let handle { _ = clua_close(handle) }
    }

    /// Ends the state, which gives all its memory back, and answers how many blocks the library had
    /// lost track of until then: 0, or a text buffer that a script made it lose at the end of C's
    /// stack.
    package consuming func close() -> Int {
        for thread in threads.values { clua_drop(handle, thread) }
        threads = [:]
        let left = clua_close(handle)
        handle = nil
        return left
    }

    package var memoryBytes: Int { clua_memory(handle) }
    package var memoryBytesPeak: Int { clua_memory_peak(handle) }
}

extension LuaState: @unchecked Sendable {}

// MARK: Setting up

extension LuaState {
    /// Makes commands known as functions of `dt` (also `understudy`): `["repset", "create"]` as
    /// `dt.repset.create`. A name may be a command and a group of commands at once. Their places in
    /// the list are what ``LuaPause/call(function:arguments:)`` says.
    package mutating func setFunctions(_ paths: [[String]]) throws(LuaError) {
        for (index, path) in paths.enumerated() where !path.isEmpty {
            let names = path.flatMap { $0.utf8.filter { $0 != 0 } + [0] }
                .map { CChar(bitPattern: $0) }
            if clua_function(handle, names, Int32(path.count), Int32(index)) != 0 {
                throw problem()
            }
        }
    }

    /// What `require "name"` finds; nothing else can be required.
    package mutating func provide(module name: String, text: String) throws(LuaError) {
        var text = text
        let status = text.withUTF8 { clua_module(handle, name, $0.baseAddress, $0.count) }
        if status != 0 { throw problem() }
    }

    /// Compiles a text. Start what it answers to run the file's top level, which then registers
    /// hooks.
    /// - Parameter name: as it shall stand in messages, such as `nightly.lua`.
    package mutating func load(_ text: String, name: String) throws(LuaError) -> LuaReference {
        try load(bytes: Array(text.utf8), name: name)
    }

    package mutating func load(bytes: [UInt8], name: String) throws(LuaError) -> LuaReference {
        var reference: Int32 = 0
        if clua_load(handle, name, bytes, bytes.count, &reference) != 0 { throw problem() }
        return LuaReference(number: reference)
    }

    /// Lets the function go.
    package mutating func release(_ function: LuaReference) {
        clua_release(handle, function.number)
    }

    /// What has been registered since the last time, in the order of the calls of `dt.on`.
    package mutating func takeHooks() -> [LuaHook] {
        defer { side.hooks = [] }
        return side.hooks
    }
}

// MARK: Calls

extension LuaState {
    /// Begins a call; nothing runs before the first ``resume(_:with:)``.
    /// - Parameter wallSecondsMax: instead of the limits' own, for this call.
    package mutating func start(
        _ function: LuaReference, _ arguments: [CommandValue] = [], wallSecondsMax: Double? = nil
    ) throws(LuaError) -> LuaThread {
        let bytes = try ValueBytes.encode(arguments)
        let wall = LuaLimits.nanoseconds(wallSecondsMax ?? limits.wallSecondsMax)
        guard let thread = clua_start(handle, function.number, bytes, bytes.count, wall) else {
            throw problem()
        }
        return adopt(thread)
    }

    mutating func adopt(_ thread: OpaquePointer) -> LuaThread {
        threadsStarted += 1
        threads[threadsStarted] = thread
        return LuaThread(number: threadsStarted)
    }

    /// Runs until the call pauses. After `.finished` and after an error the thread is over.
    package mutating func resume(
        _ thread: LuaThread, with answer: LuaAnswer = .start
    ) throws(LuaError) -> LuaPause {
        guard let running = threads[thread.number] else {
            throw LuaError(kind: .closed, message: "the call is over")
        }
        let kind: Int
        var bytes: [UInt8] = []
        var code: Int64 = 0
        switch answer {
        case .start: kind = CLUA_START
        case .returning(let value):
            kind = CLUA_RETURNING
            bytes = try ValueBytes.encode(value)
        case .failing(let number, let message):
            kind = CLUA_FAILING
            code = Int64(number)
            bytes = Array(message.utf8)
        }
        switch Int(clua_resume(handle, running, Int32(kind), code, bytes, bytes.count)) {
        case CLUA_CALL: return .call(function: Int(clua_called(handle)), arguments: values())
        case CLUA_SLICE: return .outOfSlice
        case CLUA_FINISHED:
            drop(thread)
            return .finished(values())
        default:
            var problem = problem()
            if clua_is_delivery(running) != 0 { problem.event = clua_row(running) }
            drop(thread)
            throw problem
        }
    }

    /// Gives a call up.
    package mutating func drop(_ thread: LuaThread) {
        if let running = threads.removeValue(forKey: thread.number) { clua_drop(handle, running) }
    }

    /// How much of its budget a call that is not over has used.
    package func instructions(of thread: LuaThread) -> Int64? {
        threads[thread.number].map { clua_instructions($0) }
    }
}

// MARK: From C

extension LuaState {
    private func values() -> [CommandValue] {
        var count = 0
        let bytes = clua_bytes(handle, &count)
        return ValueBytes.decodeList(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    func problem() -> LuaError { LuaError(clua_last_problem(handle).pointee) }
}

extension LuaError {
    init(_ problem: clua_problem) {
        let kind: Kind =
            switch Int(problem.kind) {
            case CLUA_SYNTAX: .syntax
            case CLUA_MEMORY: .memory
            case CLUA_INSTRUCTIONS: .instructions
            case CLUA_WALL: .wallTime
            case CLUA_DEPTH: .depth
            case CLUA_CANCELLED: .cancelled
            case CLUA_CLOSED: .closed
            default: .runtime
            }
        self.init(
            kind: kind, message: String(cString: problem.message),
            traceback: String(cString: problem.trace).split(separator: "\n").map(String.init),
            code: problem.has_code != 0 ? Int(problem.code) : nil)
    }
}
