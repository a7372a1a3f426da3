import CommandModel
import CPosix
import LuaKit

/// The thread of a Lua hook file: owns its state and everything that runs in it.
final class LuaLoop {
    /// Who wants to know how a call ends.
    private enum Purpose {
        /// Events that nobody waits for; those of the line's batch from `first` on.
        case batch(LuaLine, first: Int)
        case awaited(HookItem)
        case function(LuaWorld.FunctionCall)
    }

    private struct Call {
        var purpose: Purpose
        /// On the clock that only goes forward.
        var deadline: Int64
        /// The command that it waits for.
        var command: Task<Void, Never>?
    }

    /// For a file's top level.
    private static let loadSecondsMax = 10.0

    private let world: LuaWorld
    private let commands: LuaCommands
    private let tell: @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    private var state: LuaState
    /// Calls a function of the file by its name, see `LuaFile`.
    private var functions: LuaReference?
    private var calls: [LuaThread: Call] = [:]
    /// Calls whose slice was over.
    private var runnable = Fifo<LuaThread>()
    /// By the hook's id.
    private var lines: [Int: LuaLine] = [:]
    /// Lines with events and nothing under way.
    private var listed: [LuaLine] = []

    init(
        _ world: LuaWorld, host: ScriptHost, output: LogOutput,
        tell: @escaping @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    ) throws(LuaError) {
        self.world = world
        self.tell = tell
        commands = LuaCommands(host)
        let limits = LuaLimits(host, wallSecondsMax: host.runSecondsMax)
        state = try LuaState(limits: limits, interrupt: world.luaInterrupt) {
            output.write($1, toError: false)
        }
    }

    /// Runs the top level of the file, which registers its hooks. It cannot use commands: nothing
    /// of a file is in force before all of it is.
    func load(_ bytes: [UInt8], modules: [String: String]) throws(LuaError) -> [LuaHook] {
        try state.setFunctions(commands.paths)
        for (name, text) in modules { try state.provide(module: name, text: text) }
        let name = world.path.split(separator: "/").last.map(String.init) ?? world.path
        // First as it is: mistakes show where they are.
        state.release(try state.load(bytes: bytes, name: name))
        let main = try state.load(bytes: LuaFile.wrapped(bytes), name: name)
        let thread = try state.start(main, wallSecondsMax: LuaLoop.loadSecondsMax)
        var pause = try state.resume(thread)
        while true {
            switch pause {
            case .finished:
                var hooks = state.takeHooks()
                functions = hooks.popLast()?.function
                return hooks
            case .outOfSlice: pause = try state.resume(thread)
            case .call:
                pause = try state.resume(
                    thread,
                    with: .failing(
                        code: ErrorCode.scriptNotStarted.rawValue,
                        message: "commands can be used in hooks, not while the file is loaded"))
            }
        }
    }

    /// Until the world is closed and everything that came has been worked on.
    func run() {
        while true {
            var (messages, isClosed) = world.take()
            let isIdle = messages.isEmpty && runnable.isEmpty && listed.isEmpty
            while let message = messages.popFirst() { work(message) }
            if let line = listed.popLast() {
                line.isListed = false
                start(line)
            }
            if let thread = runnable.popFirst() { resume(thread, .start) }
            if !calls.isEmpty { endOverdue() }
            guard isIdle else { continue }
            if isClosed, calls.isEmpty {
                if world.mayEnd() { return }
                continue
            }
            world.sleep(nanoseconds: nanosecondsLeft)
        }
    }

    private func work(_ message: LuaWorld.Message) {
        switch message {
        case .event(let item) where item.answer != nil: start(item)
        case .event(let item):
            let line = line(of: item.hook)
            line.add(item)
            list(line)
        case .answer(let thread, let answer):
            // It may be over by now: its time was.
            if calls[thread] != nil { resume(thread, answer) }
        case .function(let call): start(call)
        case .stop(let tell): tell(stop())
        }
    }

    private func line(of hook: Hook) -> LuaLine {
        if let known = lines[hook.id] { return known }
        let line = LuaLine(hook)
        lines[hook.id] = line
        return line
    }

    private func list(_ line: LuaLine) {
        guard !line.isBusy, !line.isListed, !line.isEmpty else { return }
        line.isListed = true
        listed.insert(line, at: 0)
    }

    // MARK: Starting

    private func start(_ line: LuaLine) {
        if let next = line.next {
            start(line, from: next)
            return
        }
        do throws(LuaError) {
            try line.fill()
        } catch {
            // Only the event that was taken last can be the reason.
            if let item = line.items.last { fail(item, error) }
            list(line)
            return
        }
        line.hook.countRuns(line.items.count)
        start(line, from: 0)
    }

    private func start(_ line: LuaLine, from first: Int) {
        guard let function = line.hook.function else { return }
        line.next = nil
        line.isBusy = true
        // The batch has one time for all of its events.
        let seconds = seconds(line.hook.options.timeoutSeconds) * Double(line.items.count - first)
        begin(.batch(line, first: first), seconds) { state throws(LuaError) in
            try state.deliver(line.batch, from: first, to: function, wallSecondsMax: seconds)
        }
    }

    private func start(_ item: HookItem) {
        guard let function = item.hook.function else { return }
        item.hook.countRuns()
        let seconds = seconds(item.hook.options.timeoutSeconds)
        begin(.awaited(item), seconds) { state throws(LuaError) in
            try state.start(function, [.record(item.event.value)], wallSecondsMax: seconds)
        }
    }

    private func start(_ call: LuaWorld.FunctionCall) {
        guard let functions else { return }
        let seconds = seconds(call.timeoutSeconds)
        begin(.function(call), seconds) { state throws(LuaError) in
            try state.start(
                functions, [.text(call.name)] + call.arguments, wallSecondsMax: seconds)
        }
    }

    private func seconds(_ own: Double?) -> Double {
        min(own ?? state.limits.wallSecondsMax, state.limits.wallSecondsMax)
    }

    private func begin(
        _ purpose: Purpose, _ seconds: Double,
        _ start: (inout LuaState) throws(LuaError) -> LuaThread
    ) {
        do throws(LuaError) {
            let thread = try start(&state)
            let pause = try state.resume(thread)
            if case .finished(let values) = pause {
                if case .batch(let line, _) = purpose { line.lengthen() }
                end(purpose, .success(values))
                return
            }
            calls[thread] = Call(
                purpose: purpose,
                deadline: cposix_monotonic() + Int64(min(seconds, 1e8) * 1e9))
            follow(thread, pause)
        } catch {
            end(purpose, .failure(error))
        }
    }

    // MARK: Going on

    private func resume(_ thread: LuaThread, _ answer: LuaAnswer) {
        do throws(LuaError) {
            follow(thread, try state.resume(thread, with: answer))
        } catch {
            state.drop(thread)
            over(thread, .failure(error))
        }
    }

    private func follow(_ thread: LuaThread, _ pause: LuaPause) {
        switch pause {
        case .finished(let values): over(thread, .success(values))
        case .outOfSlice: runnable.append(thread)
        case .call(let function, let arguments):
            if case .batch(let line, _)? = calls[thread]?.purpose { line.shorten() }
            let commands = commands
            let world = world
            calls[thread]?.command = Task {
                let origin = "hook:\(world.path)"
                world.post(
                    .answer(
                        thread,
                        await commands.answer(function: function, arguments, origin: origin)))
            }
        }
    }

    /// Gives up everything that is under way.
    private func stop() -> [Task<Void, Never>] {
        let ended = calls
        for (thread, call) in ended {
            call.command?.cancel()
            state.drop(thread)
            over(thread, .failure(LuaError(kind: .cancelled, message: "the hook was interrupted")))
        }
        runnable = Fifo()
        listed = []
        lines = [:]
        return ended.values.compactMap(\.command)
    }

    // MARK: Ending

    /// A call that had to wait has ended.
    private func over(_ thread: LuaThread, _ result: Result<[CommandValue], LuaError>) {
        if let call = calls.removeValue(forKey: thread) { end(call.purpose, result) }
    }

    private func end(_ purpose: Purpose, _ result: Result<[CommandValue], LuaError>) {
        switch purpose {
        case .function(let call):
            if case .success(let values) = result {
                // The first says whether there is such a function.
                let isFound = values.first == .boolean(true)
                let none = LuaError(kind: .closed, message: "there is no such function")
                call.answer(isFound ? .success(Array(values.dropFirst())) : .failure(none))
            } else {
                call.answer(result)
            }
        case .batch(let line, let first):
            line.isBusy = false
            if case .failure(let error) = result {
                let place = min(max(error.event ?? first, first), line.items.count - 1)
                fail(line.items[place], error)
                if place + 1 < line.items.count { line.next = place + 1 }
            }
            list(line)
        case .awaited(let item):
            switch result {
            case .success(let values):
                let value: CommandValue = values.count > 1 ? .list(values) : values.first ?? .none
                let outcome = HookOutcome(returned: value, isGate: item.event.isGate)
                if outcome.failure != nil { tell(item.hook, item.event, outcome) }
                item.answer?(outcome)
            case .failure(let error): fail(item, error)
            }
        }
    }

    private func fail(_ item: HookItem, _ error: LuaError) {
        let outcome = HookOutcome(failure: error.reason)
        tell(item.hook, item.event, outcome)
        item.answer?(outcome)
    }

    // MARK: Time

    private var nanosecondsLeft: Int64 {
        guard let next = calls.values.map(\.deadline).min() else { return -1 }
        return max(0, next - cposix_monotonic())
    }

    private func endOverdue() {
        let now = cposix_monotonic()
        for (thread, call) in calls where call.deadline <= now {
            call.command?.cancel()
            state.drop(thread)
            let message = "the hook took longer than its time"
            over(thread, .failure(LuaError(kind: .wallTime, message: message)))
        }
    }
}
