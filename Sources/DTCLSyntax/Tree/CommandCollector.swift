/// Walks a tree and keeps the command lines.
struct CommandCollector {
    var commands: [CommandWords] = []

    mutating func visit(_ statements: [Statement]) {
        for statement in statements { visit(statement) }
    }

    private mutating func visit(_ statement: Statement) {
        switch statement.kind {
        case .assignment(let target, let value):
            for case .element(let index) in target.path { visit(index) }
            visit(value)
        case .command(let command): visit(command)
        case .call(let call): visit(call)
        case .conditional(let branches, let otherwise):
            for branch in branches {
                visit(branch.condition)
                visit(branch.body)
            }
            visit(otherwise)
        case .whileLoop(let condition, let body):
            visit(condition)
            visit(body)
        case .forLoop(let loop):
            visit(loop.from)
            visit(loop.to)
            if let step = loop.step { visit(step) }
            visit(loop.body)
        case .forEachLoop(let loop):
            visit(loop.sequence)
            visit(loop.body)
        case .returnValue(let value), .exit(let value):
            if let value { visit(value) }
        case .procedure(let procedure):
            for parameter in procedure.parameters {
                if let value = parameter.defaultValue { visit(value) }
            }
            visit(procedure.body)
        case .attempt(let body, _, let handler):
            visit(body)
            visit(handler)
        case .write(let values, _): for value in values { visit(value) }
        case .wait(let duration, _): if let duration { visit(duration) }
        case .breakLoop, .continueLoop, .include, .setOption, .remark, .invalid: break
        }
    }

    private mutating func visit(_ command: CommandWords) {
        commands.append(command)
        for word in command.words {
            switch word.kind {
            case .variable(let expression), .parenthesised(let expression), .list(let expression),
                .record(let expression):
                visit(expression)
            case .bare, .number, .quoted, .literal, .joined, .equals, .comma, .less, .greater: break
            }
        }
    }

    private mutating func visit(_ expression: Expression) {
        switch expression.kind {
        case .list(let elements): for element in elements { visit(element) }
        case .record(let entries): for entry in entries { visit(entry.value) }
        case .unary(_, let operand): visit(operand)
        case .binary(_, let left, let right):
            visit(left)
            visit(right)
        case .call(_, let arguments): for argument in arguments { visit(argument) }
        case .field(let base, _): visit(base)
        case .element(let base, let index):
            visit(base)
            visit(index)
        case .command(let command): visit(command)
        case .none, .boolean, .number, .text, .variable, .invalid: break
        }
    }
}
