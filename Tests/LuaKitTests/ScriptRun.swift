import CommandModel
import Glibc
import LuaKit
import Synchronization
import Testing

/// One file in a state of its own, from its loading to the state's end.
struct ScriptRun {
    var lines: [String] = []
    var results: [CommandValue] = []
    var error: LuaError?
    var calls: [[CommandValue]] = []
    var slices = 0
    /// Of the processor's time, so that a busy machine does not count.
    var took: Duration = .zero
    var bytesPeak = 0

    static let quick = LuaLimits(
        memoryBytesMax: 8 << 20, instructionsMax: 20_000_000, wallSecondsMax: 60,
        sliceInstructions: 0, coroutineDepthMax: 16)

    private final class Output: Sendable {
        let lines = Mutex<[String]>([])
    }

    /// - Parameter answer: to `dt.ask(...)`; records that nothing is left behind.
    init(
        _ text: String, name: String = "test.lua", limits: LuaLimits = quick,
        arguments: [CommandValue] = [], modules: [String: String] = [:],
        answer: ([CommandValue]) -> LuaAnswer = { .returning($0.first ?? .none) }
    ) {
        let output = Output()
        let start = Self.processorTime
        do throws(LuaError) {
            var state = try LuaState(limits: limits) { _, line in
                output.lines.withLock { $0.append(line) }
            }
            do throws(LuaError) {
                try state.setFunctions([["ask"], ["group", "ask"]])
                for (name, text) in modules { try state.provide(module: name, text: text) }
                let file = try state.load(text, name: name)
                let thread = try state.start(file, arguments)
                var pause = try state.resume(thread)
                loop: while true {
                    switch pause {
                    case .finished(let values):
                        results = values
                        break loop
                    case .outOfSlice:
                        slices += 1
                        pause = try state.resume(thread)
                    case .call(_, let arguments):
                        calls.append(arguments)
                        pause = try state.resume(thread, with: answer(arguments))
                    }
                }
            } catch {
                self.error = error
            }
            bytesPeak = state.memoryBytesPeak
            let left = state.close()
            #expect(left == 0, "\(name) left \(left) bytes")
        } catch {
            self.error = error
        }
        took = Self.processorTime - start
        lines = output.lines.withLock { $0 }
    }

    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
