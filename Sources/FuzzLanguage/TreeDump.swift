package import DTCLSyntax

/// A tree as one line of text, without places: what tests expect, and what a change of the layout
/// must leave as it is.
package enum TreeDump {
    package static func dump(_ text: String) -> String {
        let script = Script.parse(text)
        let messages = script.diagnostics.map { "!\($0.id)" }
        return (script.statements.map(dump) + messages).joined(separator: " ")
    }

    package static func dump(_ statements: [Statement]) -> String {
        "{" + statements.map(dump).joined(separator: " ") + "}"
    }

    static func dump(_ statement: Statement) -> String {
        switch statement.kind {
        case .assignment(let target, let value):
            let path = target.path.map { step in
                switch step {
                case .field(let name): ".\(name.spelling)"
                case .element(let index): "[\(dump(index))]"
                }
            }
            return "(set $\(target.name.text)\(path.joined()) \(dump(value)))"
        case .command(let command): return dump(command)
        case .call(let call): return "(do \(dump(call)))"
        case .conditional(let branches, let otherwise):
            let parts = branches.map { "\(dump($0.condition)) \(dump($0.body))" }
            return "(if \(parts.joined(separator: " ")) \(dump(otherwise)))"
        case .whileLoop(let condition, let body): return "(while \(dump(condition)) \(dump(body)))"
        case .forLoop(let loop):
            let step = loop.step.map { " " + dump($0) } ?? ""
            return "(for $\(loop.variable.text) \(dump(loop.from)) \(dump(loop.to))\(step) "
                + "\(dump(loop.body)))"
        case .forEachLoop(let loop):
            let second = loop.second.map { " $\($0.text)" } ?? ""
            return
                "(foreach $\(loop.first.text)\(second) \(dump(loop.sequence)) \(dump(loop.body)))"
        case .breakLoop: return "(break)"
        case .continueLoop: return "(continue)"
        case .returnValue(let value): return "(return\(value.map { " " + dump($0) } ?? ""))"
        case .exit(let value): return "(exit\(value.map { " " + dump($0) } ?? ""))"
        case .procedure(let procedure):
            let parameters = procedure.parameters.map {
                "$\($0.name.text)" + ($0.defaultValue.map { "=" + dump($0) } ?? "")
            }
            return "(procedure \(procedure.name.text) [\(parameters.joined(separator: " "))] "
                + "\(dump(procedure.body)))"
        case .include(let path, _): return "(include \(path))"
        case .attempt(let body, let name, let handler):
            return "(try \(dump(body))\(name.map { " $" + $0.text } ?? "") \(dump(handler)))"
        case .write(let values, let toError):
            return "(write\(toError ? "!" : "")\(values.map { " " + dump($0) }.joined()))"
        case .wait(let duration, let unit):
            return "(wait \(duration.map(dump) ?? "forever")"
                + "\(unit.map { " " + $0.rawValue } ?? ""))"
        case .setOption(let option): return "(option \(option))"
        case .remark: return "(remark)"
        case .invalid: return "(invalid)"
        }
    }

    static func dump(_ command: CommandWords) -> String {
        "<" + command.words.map(dump).joined(separator: " ") + ">"
    }

    static func dump(_ word: Word) -> String {
        switch word.kind {
        case .bare: word.raw
        case .number(let number): dump(number)
        case .quoted(let pieces): "q" + dump(pieces)
        case .literal(let text): "'\(text)'"
        case .variable(let expression): dump(expression)
        case .joined(let pieces): "j" + dump(pieces)
        case .parenthesised(let expression): "p" + dump(expression)
        case .list(let expression), .record(let expression): dump(expression)
        case .equals: "="
        case .comma: ","
        case .less: "<"
        case .greater: ">"
        }
    }

    static func dump(_ number: NumberLiteral) -> String {
        switch number.value {
        case .integer(let value): "#\(value)"
        case .decimal(let value): "#\(value)"
        }
    }

    static func dump(_ pieces: [TextPiece]) -> String {
        let parts = pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .expression(let expression): "{\(dump(expression))}"
            }
        }
        return "\"\(parts.joined())\""
    }

    static func dump(_ expression: Expression) -> String {
        switch expression.kind {
        case .none: return "none"
        case .boolean(let flag): return flag ? "true" : "false"
        case .number(let number): return dump(number)
        case .text(let pieces): return dump(pieces)
        case .variable(let name): return "$\(name.text)"
        case .list(let elements): return "[\(elements.map(dump).joined(separator: " "))]"
        case .record(let entries):
            return "{\(entries.map { "\($0.key):\(dump($0.value))" }.joined(separator: " "))}"
        case .unary(let unary, let operand): return "(\(unary.rawValue) \(dump(operand)))"
        case .binary(let binary, let left, let right):
            return "(\(binary.rawValue) \(dump(left)) \(dump(right)))"
        case .call(let name, let arguments):
            return "\(name.text)(\(arguments.map(dump).joined(separator: " ")))"
        case .field(let base, let name): return "\(dump(base)).\(name.spelling)"
        case .element(let base, let index): return "\(dump(base))[\(dump(index))]"
        case .command(let command): return dump(command)
        case .invalid: return "invalid"
        }
    }
}
