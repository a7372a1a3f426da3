import CommandModel
import CPosix
import LuaKit

/// The thread of a Lua hook file: owns its state and everything that runs in it.
final class LuaLoop {
    /// Who wants to know how a call ends.
    private enum Purpose {
        case event(HookItem, isInLine: Bool)
        case function(LuaWorld.FunctionCall)
    }

    private struct Call {
        var purpose: Purpose
        /// On the clock that only goes forward.
        var deadline: Int64
        /// The command that it waits for.
        var command: Task<Void, Never>?
    }

    private struct Line {
        var waiting = Fifo<HookItem>()
        var isBusy = false
    }

    /// For a file's top level.
    private static let loadSecondsMax = 10.0

    private let world: LuaWorld
    private let commands: LuaCommands
    private let tell: @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    private var state: LuaState
    private var file: LuaReference?
    private var calls: [LuaThread: Call] = [:]
    /// Calls whose slice was over.
    private var runnable = Fifo<LuaThread>()
    /// By the hook's id.
    private var lines: [Int: Line] = [:]

    init(
        _ world: LuaWorld, host: ScriptHost, output: LogOutput,
        tell: @escaping @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    ) throws(LuaError) {
        self.world = world
        self.tell = tell
        commands = LuaCommands(host)
        state = try LuaState(limits: LuaLimits(host, wallSecondsMax: host.runSecondsMax)) {
            output.write($1, toError: false)
        }
    }

    /// Runs the top level of the file, which registers its hooks. It cannot use commands: nothing
    /// of a file is in force before all of it is.
    func load(_ bytes: [UInt8], modules: [String: String]) throws(LuaError) -> [LuaHook] {
        try state.setFunctions(commands.paths)
        for (name, text) in modules { try state.provide(module: name, text: text) }
        let name = world.path.split(separator: "/").last.map(String.init) ?? world.path
        let main = try state.load(bytes: bytes, name: name)
        file = main
        let thread = try state.start(main, wallSecondsMax: LuaLoop.loadSecondsMax)
        var pause = try state.resume(thread)
        while true {
            switch pause {
            case .finished: return state.takeHooks()
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
            let isIdle = messages.isEmpty && runnable.isEmpty
            while let message = messages.popFirst() { work(message) }
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
        case .event(let item) where item.answer != nil: begin(item, isInLine: false)
        case .event(let item):
            if lines[item.hook.id]?.isBusy == true {
                enqueue(item)
            } else {
                begin(item, isInLine: true)
            }
        case .answer(let thread, let answer):
            // It may be over by now: its time was.
            if calls[thread] != nil { resume(thread, answer) }
        case .function(let call): begin(call)
        }
    }

    private func enqueue(_ item: HookItem) {
        var line = lines[item.hook.id] ?? Line()
        line.waiting.append(item)
        if line.waiting.count > HookItem.waitingMax {
            _ = line.waiting.popFirst()
            item.hook.countDropped()
        }
        lines[item.hook.id] = line
    }

    // MARK: Calls

    private func begin(_ item: HookItem, isInLine: Bool) {
        guard let function = item.hook.function else { return }
        item.hook.countRun()
        start(
            function, [.record(item.event.value)], item.hook.options.timeoutSeconds,
            .event(item, isInLine: isInLine))
    }

    private func begin(_ call: LuaWorld.FunctionCall) {
        guard let file, let function = functionNamed(call.name, file) else {
            call.answer(
                .failure(
                    LuaError(kind: .closed, message: "there is no function '\(call.name)'")))
            return
        }
        start(function, call.arguments, call.timeoutSeconds, .function(call))
    }

    private func functionNamed(_ name: String, _ file: LuaReference) -> LuaReference? { nil }

    private func start(
        _ function: LuaReference, _ arguments: [CommandValue], _ timeoutSeconds: Double?,
        _ purpose: Purpose
    ) {
        do throws(LuaError) {
            let thread = try state.start(function, arguments, wallSecondsMax: timeoutSeconds)
            let pause = try state.resume(thread)
            if case .finished(let values) = pause {
                end(purpose, .success(values))
                return
            }
            let seconds = min(timeoutSeconds ?? state.limits.wallSecondsMax, 1e8)
            calls[thread] = Call(
                purpose: purpose, deadline: cposix_monotonic() + Int64(seconds * 1e9))
            if case .event(let item, isInLine: true) = purpose {
                lines[item.hook.id, default: Line()].isBusy = true
            }
            follow(thread, pause)
        } catch {
            end(purpose, .failure(error))
        }
    }

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

    /// A call that had to wait has ended.
    private func over(_ thread: LuaThread, _ result: Result<[CommandValue], LuaError>) {
        guard let call = calls.removeValue(forKey: thread) else { return }
        end(call.purpose, result)
        guard case .event(let item, isInLine: true) = call.purpose else { return }
        lines[item.hook.id]?.isBusy = false
        while lines[item.hook.id]?.isBusy == false,
            let next = lines[item.hook.id]?.waiting.popFirst()
        {
            begin(next, isInLine: true)
        }
    }

    private func end(_ purpose: Purpose, _ result: Result<[CommandValue], LuaError>) {
        switch purpose {
        case .function(let call): call.answer(result)
        case .event(let item, _):
            let outcome: HookOutcome
            switch result {
            case .success(let values):
                let value: CommandValue =
                    values.count > 1 ? .list(values) : values.first ?? .none
                outcome = HookOutcome(returned: value, isGate: item.event.isGate)
            case .failure(let error): outcome = HookOutcome(failure: error.reason)
            }
            if outcome.failure != nil { tell(item.hook, item.event, outcome) }
            item.answer?(outcome)
        }
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
