import DTCLSyntax

/// Runs a program up to the next thing that only the host can do. Synchronous, without input or
/// output; belongs to one run or one prompt and to one owner at a time.
public final class Machine {
    public private(set) var program: Program
    public let limits: Limits
    let environment: ScriptEnvironment
    /// What SET OPTION has set; kept from line to line of a prompt.
    public internal(set) var options = ScriptOptions()
    /// Set by EXIT.
    public internal(set) var exitStatus: Int?
    /// Called inside `run` at the places of a program that was compiled with `tracing`.
    public var tracer: ((TraceStep) -> Void)?

    // The parts that the dispatch loop works on. Raw memory: a class field in the loop would cost
    // a retain and an exclusivity check at every instruction.
    let heap: UnsafeMutablePointer<Heap>
    var stack: UnsafeMutablePointer<Value>
    var stackCapacity: Int
    let frames: UnsafeMutablePointer<Frame>
    /// Index of the running frame.
    var depth = 0
    var pc = 0
    var base = 0
    /// Steps left in the slice; may fall below zero by the work of one instruction.
    var budget = 0
    /// Work of cold instructions beyond the one step that each counts.
    var extraSteps = 0
    fileprivate var stepsLeft: Int

    private(set) var constants: UnsafeMutablePointer<Value> = .allocate(capacity: 1)
    private var constantCount = 0
    fileprivate var state = State.ready
    var fault: Fault?
    var lastError: ScriptValue = .none
    /// What a cold instruction wants the host to do.
    var pendingPause: Pause?
    var isPausing = false
    fileprivate var result: ScriptValue = .none

    /// The caller's place, kept while a procedure runs.
    struct Frame: BitwiseCopyable {
        var returnPC: Int
        var base: Int
        var function: Int
    }

    fileprivate enum State {
        /// `run` goes on.
        case ready
        /// Leaves by `resume`.
        case awaitingResult(CommandCall, register: Int, isTaken: Bool)
        /// Leaves by `begin`.
        case finished
    }

    public init(
        _ program: Program, limits: Limits, environment: ScriptEnvironment = ScriptEnvironment()
    ) {
        self.program = program
        self.limits = limits
        self.environment = environment
        heap = .allocate(capacity: 1)
        heap.initialize(to: Heap(bytesMax: limits.memoryBytesMax))
        stackCapacity = 512
        stack = .allocate(capacity: stackCapacity)
        stack.initialize(repeating: .unset, count: stackCapacity)
        frames = .allocate(capacity: limits.callDepthMax + 1)
        stepsLeft = limits.steps ?? Int.max
        start(program, keptGlobals: 0)
    }

    deinit {
        heap.pointee.destroy()
        heap.deallocate()
        constants.deallocate()
        stack.deallocate()
        frames.deallocate()
    }

    /// Starts the next line of a prompt. The program must have been compiled `after` the last one.
    public func begin(_ next: Program) {
        let kept = program.globals.count
        program = next
        start(next, keptGlobals: kept)
    }

    private func start(_ program: Program, keptGlobals: Int) {
        depth = 0
        base = 0
        pc = program.code.headers[0].entry
        frames[0] = Frame(returnPC: 0, base: 0, function: 0)
        stepsLeft = limits.steps ?? Int.max
        exitStatus = nil
        fault = nil
        pendingPause = nil
        result = .none
        state = .ready
        let needed = program.code.headers[0].registerCount
        if needed > stackCapacity { growStack(to: needed) }
        for register in keptGlobals..<max(keptGlobals, program.globals.count) {
            stack[register] = .unset
        }
        attempt { () throws(Fault) in try self.loadConstants() }
    }

    private func loadConstants() throws(Fault) {
        let missing = program.constants[constantCount...]
        if missing.isEmpty { return }
        let larger = UnsafeMutablePointer<Value>.allocate(capacity: program.constants.count)
        larger.update(from: constants, count: constantCount)
        constants.deallocate()
        constants = larger
        for constant in missing {
            switch constant {
            case .integer(let number): constants[constantCount] = Value(number)
            case .decimal(let number): constants[constantCount] = Value(number)
            case .text(let text):
                let value = try heap.pointee.makeText(text)
                heap.pointee.share(value)
                constants[constantCount] = value
            }
            constantCount += 1
        }
    }

    /// Steps since the start or the last WAIT; nil when they are not limited.
    var stepsUsed: Int? { limits.steps.map { $0 - stepsLeft } }

    // MARK: Variables

    /// Sets a variable of the top level; one that the program does not know is left out.
    public func setGlobal(_ name: String, _ value: ScriptValue) {
        guard let register = program.globals.firstIndex(of: name.lowercased()) else { return }
        attempt { () throws(Fault) in
            self.stack[register] = try self.heap.pointee.make(value)
        }
    }

    /// A variable of the top level; nil when it was never set.
    public func global(_ name: String) -> ScriptValue? {
        guard let register = program.globals.firstIndex(of: name.lowercased()),
            stack[register].tag != .unset
        else { return nil }
        return try? heap.pointee.scriptValue(stack[register])
    }
}

// MARK: - Running

extension Machine {
    /// What finding a CATCH counts.
    private static let catchSteps = 200

    /// Goes on until the host is needed. After a thrown error only `begin` goes on.
    public func run() throws(ScriptError) -> Pause {
        switch state {
        case .ready: break
        case .awaitingResult(let call, _, _): return .command(call)
        case .finished: return .finished(result)
        }
        var slice = limits.sliceSteps
        while true {
            if let fault {
                self.fault = nil
                try unwind(fault)
                slice -= Machine.catchSteps
                if limits.steps != nil { stepsLeft -= Machine.catchSteps }
            }
            budget = min(slice, stepsLeft)
            let granted = budget
            let signal = budget > 0 ? dispatch() : .outOfBudget
            slice -= granted - budget
            if limits.steps != nil { stepsLeft -= granted - budget }
            switch signal {
            case .failed: continue
            case .outOfBudget:
                if stepsLeft > 0 { return .outOfSteps }
                fault = Fault(
                    .stepLimit, "the script has used its \(limits.steps ?? 0) steps")
            case .finished: return finish(.none)
            case .paused:
                if let pause = pendingPause {
                    pendingPause = nil
                    return settle(pause)
                }
            }
        }
    }

    private func settle(_ pause: Pause) -> Pause {
        switch pause {
        case .command(var call):
            call.onFailure = effectOfFailure(isTaken: program.commandSites[call.site].isResultTaken)
            let register = Int(program.code.instructions[pc - 1].a)
            state = .awaitingResult(
                call, register: register,
                isTaken: program.commandSites[call.site].isResultTaken)
            return .command(call)
        case .finished(let value): return finish(value)
        case .wait: stepsLeft = limits.steps ?? Int.max
        case .outOfSteps, .write: break
        }
        return pause
    }

    /// After an error nothing goes on but `begin`.
    func stop() { state = .finished }

    private func finish(_ value: ScriptValue) -> Pause {
        state = .finished
        result = value
        return .finished(value)
    }

    /// The command has succeeded with a value.
    public func resume(returning value: ScriptValue) {
        guard case .awaitingResult(_, let register, let isTaken) = state else { return }
        state = .ready
        guard isTaken else { return }
        attempt { () throws(Fault) in
            self.stack[self.base + register] = try self.heap.pointee.make(value)
        }
    }

    /// The command has failed; `CommandCall.onFailure` says what that does.
    public func resume(failing failure: CommandFailure) {
        guard case .awaitingResult(let call, let register, _) = state else { return }
        state = .ready
        let site = program.commandSites[call.site]
        let fault = Fault(
            .commandFailed, failure.message, code: failure.code, command: site.text)
        lastError = describe(fault)
        switch call.onFailure {
        case .resultTaken: stack[base + register] = Value(Int64(failure.code))
        case .caught, .stops: self.fault = fault
        case .goesOn: break
        }
    }

    private func effectOfFailure(isTaken: Bool) -> FailureEffect {
        if isTaken { return .resultTaken }
        if findHandler() != nil { return .caught }
        return options.isStrict ? .stops : .goesOn
    }

    /// Runs something that may use up the memory: once more after a sweep, then it is a fault.
    func attempt(_ body: () throws(Fault) -> Void) {
        do throws(Fault) {
            try body()
        } catch {
            guard error.kind == .memoryLimit else {
                fault = error
                return
            }
            collect()
            do throws(Fault) {
                try body()
            } catch {
                fault = error
            }
        }
    }
}

// MARK: - Memory

extension Machine {
    /// Sweeps what no register, constant or global can reach.
    func collect() {
        let header = program.code.headers[frames[depth].function]
        for register in 0..<min(stackCapacity, base + header.registerCount) {
            heap.pointee.mark(stack[register])
        }
        for index in 0..<constantCount { heap.pointee.mark(constants[index]) }
        // With the memory nearly full a sweep may come with every instruction, so it counts.
        extraSteps += heap.pointee.count / 4
        heap.pointee.sweep()
    }

    func growStack(to needed: Int) {
        let capacity = max(needed, stackCapacity * 2)
        let larger = UnsafeMutablePointer<Value>.allocate(capacity: capacity)
        larger.update(from: stack, count: stackCapacity)
        (larger + stackCapacity).initialize(repeating: .unset, count: capacity - stackCapacity)
        stack.deallocate()
        stack = larger
        stackCapacity = capacity
    }
}
