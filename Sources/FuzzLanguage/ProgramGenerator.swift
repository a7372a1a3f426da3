import DTCLInterpreter
import DTCLSyntax

/// Programs that parse and mostly compile, of every statement, operator and function; kinds are
/// mixed on purpose, so that much fails while it runs.
package enum ProgramGenerator {
    package static func script(_ random: inout SeededGenerator) -> String {
        let body = (0..<(2 + random.below(5))).map { _ in
            "TRY\n\(statement(2, &random))\nCATCH\(random.below(2) == 0 ? " $e" : "")\nEND"
        }
        return """
            $a = 1; $b = "text"; $c = 2.5; $l = [1, [2], "x"]; $r = {k: {m: 1}, m: [3]}
            PROCEDURE f($a, $b = [1]) \(statements(1, &random)); RETURN $a END
            PROCEDURE g($n)
                IF $n > 0 THEN RETURN g($n - 1) & "x" END
                RETURN \(expression(2, &random))
            END
            \(body.joined(separator: "\n"))
            """
    }

    private static let names = ["$a", "$b", "$c", "$l", "$r"]
    private static let leaves =
        names + [
            "1", "0", "-3", "7", "2.5", "0x1F", "64KB", "\"x\"", "\"a$a\"", "\"${r.k}\"", "'q'",
            "[1, 2]",
            "[]", "{}", "{k: 1}", "NONE", "TRUE", "FALSE", "9223372036854775807", "(ping $a)",
            "$argc",
            "$1", "g(3)", "\"été\"", "error()", "range(1, 30)",
        ]

    private static func expression(_ depth: Int, _ random: inout SeededGenerator) -> String {
        guard depth > 0, random.below(2) == 0 else { return random.pick(leaves) }
        let left = expression(depth - 1, &random)
        switch random.below(10) {
        case 0: return "[\(left), \(expression(depth - 1, &random))]"
        case 1: return "{k: \(left), m: \(expression(depth - 1, &random))}"
        case 2: return "(\(left))[\(expression(depth - 1, &random))]"
        case 3: return "(\(left)).k"
        case 4, 5: return call(depth, &random)
        case 6: return "f(\(left))"
        case 7: return random.below(2) == 0 ? "-(\(left))" : "(NOT (\(left)))"
        default:
            let sign = random.pick(BinaryOperator.allCases).rawValue
            return "(\(left) \(sign) \(expression(depth - 1, &random)))"
        }
    }

    private static func call(_ depth: Int, _ random: inout SeededGenerator) -> String {
        let function = random.pick(BuiltinFunction.all)
        let most = min(function.argumentsMax ?? 4, function.argumentsMin + 2)
        let count = function.argumentsMin + random.below(most - function.argumentsMin + 1)
        let arguments = (0..<count).map { _ in expression(depth - 1, &random) }
        return "\(function.name)(\(arguments.joined(separator: ", ")))"
    }

    private static func statement(_ depth: Int, _ random: inout SeededGenerator) -> String {
        let name = random.pick(names)
        let value = expression(3, &random)
        let body = depth > 0 ? statements(depth - 1, &random) : "WRITE \(name)"
        switch random.below(18) {
        case 0: return "IF \(value) THEN \(body) ELSE \(body) END"
        case 1: return "WHILE \(value) DO \(body); \(loopEnd(&random)) END"
        case 2: return "FOR \(name) = 1 TO \(value) STEP \(random.below(5) - 1) DO \(body) END"
        case 3: return "FOREACH \(name), $v IN \(value) DO \(body) END"
        case 4: return "TRY \(body) CATCH \(name)\n \(body) END"
        case 5: return "\(name)[\(expression(1, &random))] = \(value)"
        case 6: return "\(name).k.m = \(value)"
        case 7: return "\(name) = append(\(name), \(value))"
        case 8: return "\(name) = \(name) & \(value) & \(name)"
        case 9: return "ping \(name) /x/\(name) (\(value)) = [\(value)], \"$a b\""
        case 10:
            return depth == 0 ? random.pick(["RETURN \(value)", "f(\(value))"]) : "f(\(value))"
        case 11: return "\(name) = sync \(name)"
        case 12: return random.below(9) == 0 ? "EXIT \(value)" : "WAIT \(random.below(3))ms"
        case 13: return "IF \(value) THEN \(body) ELSEIF \(value) THEN \(body) END"
        default: return "\(name) = \(value)"
        }
    }

    private static func loopEnd(_ random: inout SeededGenerator) -> String {
        random.pick(["", "BREAK", "IF $a = 1 THEN CONTINUE END", "TRY BREAK CATCH END"])
    }

    private static func statements(_ depth: Int, _ random: inout SeededGenerator) -> String {
        (0...random.below(4)).map { _ in statement(depth, &random) }.joined(separator: "\n")
    }
}
