import DTCLSyntax
import Foundation
import Testing

@testable import DTCLInterpreter

/// Programs made at random from pieces of the corpus: whatever comes, the compiler and the machine
/// end, within the limits and without touching memory that is not theirs.
@Suite("Fuzz of compiler and machine")
struct RunFuzzTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    static let names = ["$a", "$b", "$c", "$l", "$r"]

    /// An expression of some depth; kinds are mixed on purpose.
    static func expression(_ depth: Int, _ generator: inout Generator) -> String {
        let leaves =
            names + [
                "1", "0", "-3", "2.5", "\"x\"", "\"a$a\"", "[1, 2]", "{k: 1}", "NONE", "TRUE",
                "9223372036854775807", "(ping $a)",
            ]
        guard depth > 0, Bool.random(using: &generator) else {
            return leaves.randomElement(using: &generator) ?? "1"
        }
        let left = expression(depth - 1, &generator)
        let right = expression(depth - 1, &generator)
        let operators = BinaryOperator.allCases.map(\.rawValue)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return "[\(left), \(right)]"
        case 1: return "{k: \(left), m: \(right)}"
        case 2: return "(\(left))[\(right)]"
        case 3: return "(\(left)).k"
        case 4:
            let builtin = Builtin.names.randomElement(using: &generator) ?? "length"
            let count = Builtin(name: builtin)?.argumentCounts.lowerBound ?? 1
            let arguments = (0..<count).map { _ in expression(depth - 1, &generator) }
            return "\(builtin)(\(arguments.joined(separator: ", ")))"
        case 5: return "f(\(left))"
        default:
            let sign = operators.randomElement(using: &generator) ?? "+"
            return "(\(left) \(sign) \(right))"
        }
    }

    static func statement(_ depth: Int, _ generator: inout Generator) -> String {
        let name = names.randomElement(using: &generator) ?? "$a"
        let value = expression(3, &generator)
        let body = depth > 0 ? statements(depth - 1, &generator) : "WRITE \(name)"
        switch Int.random(in: 0..<14, using: &generator) {
        case 0: return "IF \(value) THEN \(body) ELSE \(body) END"
        case 1: return "WHILE \(value) DO \(body) END"
        case 2: return "FOR \(name) = 1 TO \(value) DO \(body) END"
        case 3: return "FOREACH \(name), $v IN \(value) DO \(body) END"
        case 4: return "TRY \(body) CATCH \(name)\n \(body) END"
        case 5: return "\(name)[\(expression(1, &generator))] = \(value)"
        case 6: return "\(name).k.m = \(value)"
        case 7: return "\(name) = append(\(name), \(value))"
        case 8: return "\(name) = \(name) & \(value) & \(name)"
        case 9: return "ping \(name) /x/\(name) (\(value))"
        case 10: return depth < 2 ? "BREAK" : "f(\(value))"
        default: return "\(name) = \(value)"
        }
    }

    static func statements(_ depth: Int, _ generator: inout Generator) -> String {
        (0..<Int.random(in: 1...4, using: &generator)).map { _ in statement(depth, &generator) }
            .joined(separator: "\n")
    }

    static func script(_ generator: inout Generator) -> String {
        """
        $a = 1; $b = "text"; $c = 2.5; $l = [1, [2], "x"]; $r = {k: {m: 1}, m: [3]}
        PROCEDURE f($a, $b = [1]) \(statements(1, &generator)); RETURN $a END
        \((0..<6).map { _ in "TRY\n\(statement(2, &generator))\nCATCH END" }.joined(separator: "\n"))
        """
    }

    @Test("random programs", arguments: [11, UInt64.random(in: 0...UInt64.max)])
    func randomPrograms(_ seed: UInt64) {
        var generator = Generator(state: seed)
        var finished = 0
        for _ in 0..<300 {
            let text = Self.script(&generator)
            let compilation = Program.compile(Script.parse(text))
            guard let program = compilation.program else { continue }
            if run(program, &generator) { finished += 1 }
        }
        #expect(finished > 20, "seed \(seed)")
    }

    /// Whether the script came to its end.
    private func run(_ program: Program, _ generator: inout Generator) -> Bool {
        let limits = Limits(
            steps: 20_000, memoryBytesMax: 300_000, callDepthMax: 20, sliceSteps: 500)
        let machine = Machine(program, limits: limits, environment: CorpusRun.environment)
        for _ in 0..<20_000 {
            do throws(ScriptError) {
                switch try machine.run() {
                case .finished: return true
                case .command:
                    if Bool.random(using: &generator) {
                        machine.resume(returning: .list([.integer(1), .text("x")]))
                    } else {
                        machine.resume(failing: CommandFailure(code: -107, message: "no"))
                    }
                case .outOfSteps, .write, .wait: break
                }
            } catch {
                return error.isLimit
            }
        }
        Issue.record("the script neither ended nor met a limit")
        return false
    }
}
