import CommandModel
import Glibc
import LuaKit

/// Random hostile hooks, and whether the state withstood them.
package enum HostileLua {
    /// The script that the seed makes.
    package static func script(seed: UInt64) -> String {
        var script = HostileScript(Randomness(seed))
        return script.write()
    }

    /// Runs the seed's scripts with small limits: a file, its hooks, events for them, calls beside
    /// each other, calls given up. nil when every limit held, the state worked on and gave
    /// everything back; otherwise what went wrong.
    package static func check(seed: UInt64) -> String? {
        var trial = Trial(seed: seed)
        do throws(LuaError) {
            return try trial.run()
        } catch {
            // A state that does not hold the libraries, or what a script has left in it.
            return error.kind == .memory ? nil : "seed \(seed): \(error)"
        }
    }
}

private struct Trial {
    let seed: UInt64
    var random: Randomness
    let limits: LuaLimits
    var problem: String?

    init(seed: UInt64) {
        self.seed = seed
        random = Randomness(seed ^ 0x5EED)
        limits = LuaLimits(
            memoryBytesMax: [64, 200, 1000, 4000][random.below(4)] << 10,
            instructionsMax: Int64([1000, 5000, 30_000][random.below(3)]),
            wallSecondsMax: 0.1, sliceInstructions: Int64([0, 1, 100, 5000][random.below(4)]),
            coroutineDepthMax: [1, 4, 32][random.below(3)])
    }

    mutating func run() throws(LuaError) -> String? {
        var state = try LuaState(limits: limits) { _, _ in }
        do throws(LuaError) {
            try state.setFunctions([["ask"], ["group"], ["group", "ask"]])
            try state.provide(module: "x", text: HostileLua.script(seed: seed &* 3 &+ 2))
        } catch {
            let left = state.close()
            return left == 0 ? nil : complain("\(left) blocks lost at the start")
        }
        for file in 0..<2 {
            attempt(&state, file)
        }
        for hook in state.takeHooks().prefix(3) {
            deliver(&state, hook)
        }
        worksOn(&state)
        let peak = state.memoryBytesPeak
        if peak > limits.memoryBytesMax + (64 << 10) {
            _ = complain("\(peak) bytes at the peak, \(limits.memoryBytesMax) allowed")
        }
        // The library's buffers that a script may make it lose are few; anything of ours would be
        // more.
        let lost = state.close()
        if lost > 1000 { _ = complain("\(lost) blocks lost") }
        return problem
    }

    /// A file and a call beside it, resumed in turn.
    private mutating func attempt(_ state: inout LuaState, _ number: Int) {
        let text = HostileLua.script(seed: seed &* 3 &+ UInt64(number))
        do throws(LuaError) {
            let file = try state.load(text, name: "hostile\(number).lua")
            var threads: [LuaThread] = []
            for _ in 0..<(1 + random.below(2)) { threads.append(try state.start(file, [value()])) }
            finish(&state, threads)
            state.release(file)
        } catch {
            if error.kind == .syntax { _ = complain("\(error)") }
        }
    }

    private mutating func deliver(_ state: inout LuaState, _ hook: LuaHook) {
        var batch = LuaEventBatch(fields: ["kind", "path", "size", "more"])
        for number in 0..<random.below(4) {
            batch.append()
            batch.set(0, "write")
            batch.set(1, "/srv/\(number)")
            batch.set(2, Int64(number))
            do throws(LuaError) { try batch.set(3, value()) } catch { _ = complain("\(error)") }
        }
        do throws(LuaError) {
            finish(&state, [try state.deliver(batch, to: hook.function)])
            finish(&state, [try state.start(hook.function, [value()])])
        } catch {}
    }

    private mutating func finish(_ state: inout LuaState, _ started: [LuaThread]) {
        var threads = started
        var answers = started.map { _ in LuaAnswer.start }
        var resumes = 0
        while !threads.isEmpty {
            let place = random.below(threads.count)
            resumes += 1
            let isGivenUp = random.below(500) == 0 || resumes > 20_000
            let start = Self.processorNanoseconds()
            var isOver = isGivenUp
            if isGivenUp {
                state.drop(threads[place])
            } else {
                do throws(LuaError) {
                    switch try state.resume(threads[place], with: answers[place]) {
                    case .finished: isOver = true
                    case .call: answers[place] = answer()
                    case .outOfSlice: answers[place] = .start
                    }
                } catch {
                    isOver = true
                    if error.kind == .syntax { _ = complain("\(error)") }
                }
            }
            let took = Double(Self.processorNanoseconds() - start) / 1e9
            if took > limits.wallSecondsMax + 1 { _ = complain("a call took \(took) s") }
            if isOver {
                threads.remove(at: place)
                answers.remove(at: place)
            }
        }
    }

    /// What a script changed in the libraries may make it fail, but only as a script's error.
    private mutating func worksOn(_ state: inout LuaState) {
        do throws(LuaError) {
            let file = try state.load(
                "local t = {} for i = 1, 10 do t[i] = i end return #t", name: "after")
            let thread = try state.start(file)
            var pause = try state.resume(thread)
            while pause == .outOfSlice { pause = try state.resume(thread) }
            if pause != .finished([.integer(10)]) {
                _ = complain("afterwards it answers \(pause)")
            }
        } catch {
            if error.kind != .memory { _ = complain("afterwards: \(error)") }
        }
    }

    private mutating func answer() -> LuaAnswer {
        switch random.below(4) {
        case 0: .failing(code: -random.below(2000), message: "no such thing")
        case 1: .start
        default: .returning(value())
        }
    }

    private mutating func value() -> CommandValue {
        switch random.below(6) {
        case 0: .none
        case 1: .integer(Int64(random.below(10)))
        case 2: .text("text")
        case 3: .list([.none, .decimal(1.5), .list([])])
        case 4: .record(["path": .text("/srv"), "more": .record([:]), "none": .none])
        default: .boolean(true)
        }
    }

    private mutating func complain(_ text: String) -> String? {
        if problem == nil { problem = "seed \(seed): \(text)" }
        return problem
    }

    /// Of this thread, so that a busy machine does not count.
    private static func processorNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
