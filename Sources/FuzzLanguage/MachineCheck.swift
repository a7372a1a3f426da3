package import DTCLInterpreter
import DTCLSyntax

/// What holds for compiler and machine, whatever program they are given: it ends or meets a limit,
/// passes none, loses no memory and does the same again. The answer is what does not hold.
package enum MachineCheck {
    package static let limits = Limits(
        steps: 20_000, memoryBytesMax: 300_000, callDepthMax: 20, sliceSteps: 500)
    /// What one instruction may do beyond the steps that are left.
    private static let stepsBeyond = 60_000

    package static func check(seed: UInt64) -> String? {
        var random = SeededGenerator(seed: seed)
        let text = ProgramGenerator.script(&random)
        return check(text, seed: seed)
    }

    package static func check(_ text: String, seed: UInt64) -> String? {
        let script = Script.parse(text)
        if let error = script.diagnostics.first(where: { $0.severity == .error }) {
            return "the program does not parse: \(error.message)"
        }
        guard let program = Program.compile(script).program else { return nil }
        var first = Run(program, seed: seed)
        if let problem = first.finish() { return problem }
        var second = Run(program, seed: seed)
        if let problem = second.finish() { return problem }
        return first.log == second.log ? nil : "a second run did something else"
    }

    private struct Run {
        let machine: Machine
        var random: SeededGenerator
        /// A number that everything the host sees goes into.
        var log: Int = 0

        init(_ program: Program, seed: UInt64) {
            machine = Machine(program, limits: limits, environment: world)
            random = SeededGenerator(seed: seed &+ 1)
        }

        mutating func finish() -> String? {
            for _ in 0..<20_000 {
                do throws(ScriptError) {
                    switch try machine.run() {
                    case .finished(let value):
                        note(value.hashValue)
                        return audit()
                    case .command(let call):
                        note(call.values.hashValue)
                        answer()
                    case .write(let line, _): note(line.hashValue)
                    case .wait(let seconds):
                        note(seconds.hashValue)
                        // A program that waits for ever is as good as one at its end.
                        waits += 1
                        if waits > 20 { return audit() }
                    case .outOfSteps: note(1)
                    }
                } catch {
                    note(error.message.hashValue)
                    if error.calls.count > limits.callDepthMax + 1 {
                        return "\(error.calls.count) calls were open"
                    }
                    return audit()
                }
            }
            return "the program neither ended nor met a limit"
        }

        private var waits = 0

        private mutating func note(_ value: Int) {
            log = (log &* 31) ^ value
        }

        private mutating func answer() {
            switch random.below(4) {
            case 0: machine.resume(failing: CommandFailure(code: -107, message: "no"))
            case 1: machine.resume(returning: .list([.integer(1), .text("x")]))
            case 2: machine.resume(returning: .record([ScriptField("k", .decimal(1.5))]))
            default: machine.resume(returning: .integer(1))
            }
        }

        private func audit() -> String? {
            let audit = machine.audit()
            if let used = audit.stepsUsed, used > (limits.steps ?? 0) + stepsBeyond {
                return "\(used) steps were used"
            }
            if audit.heapBytes > limits.memoryBytesMax {
                return "\(audit.heapBytes) bytes are held"
            }
            if audit.heapBytes != audit.heapBytesCounted {
                return "\(audit.heapBytes) bytes are counted, \(audit.heapBytesCounted) are held"
            }
            if audit.lostObjects != 0 { return "\(audit.lostObjects) objects were lost" }
            if audit.depth > limits.callDepthMax { return "the depth is \(audit.depth)" }
            return nil
        }
    }

    /// A world that stands still.
    private static var world: ScriptEnvironment {
        var world = ScriptEnvironment()
        world.arguments = ["first", "second one"]
        world.now = { 1_709_208_000.5 }
        world.variable = { $0 == "HOME" ? "/root" : nil }
        world.fileExists = { $0 == "/etc/hosts" }
        return world
    }
}
