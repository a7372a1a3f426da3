import DTCLSyntax

/// Finds conditions that hold always or never, and comparisons that cannot be made.
struct ConditionCheck {
    let context: CompileContext
    let source: Int

    func check(_ statements: [Statement]) {
        for statement in statements { check(statement) }
    }

    private func check(_ statement: Statement) {
        for expression in statement.kind.expressions { checkComparisons(expression) }
        switch statement.kind {
        case .conditional(let branches, _): for branch in branches { check(branch.condition) }
        case .whileLoop(let condition, _):
            // `WHILE TRUE` is how a loop without end is written.
            if ConstantFolder.value(of: condition) == .boolean(true) { break }
            if ConstantFolder.value(of: condition) == .integer(1) { break }
            check(condition)
        case .forLoop(let loop): checkRange(loop)
        default: break
        }
        for block in statement.kind.blocks { check(block) }
    }

    /// The whole condition, or the parts of it that stand for themselves.
    private func check(_ condition: Expression) {
        if let truth = ConstantFolder.truth(of: condition) {
            context.report(
                .conditionConstant, condition.range, source, truth ? "always" : "never")
            return
        }
        switch condition.kind {
        case .binary(.and, let left, let right), .binary(.or, let left, let right):
            check(left)
            check(right)
        case .unary(.not, let inner): check(inner)
        default: break
        }
    }

    private func checkComparisons(_ whole: Expression) {
        whole.forEachInside { expression in
            guard case .binary(let sign, let left, let right) = expression.kind,
                let first = ConstantFolder.kind(of: left),
                let second = ConstantFolder.kind(of: right),
                first != second
            else { return }
            switch sign {
            case .equal, .notEqual: if first == "none" || second == "none" { return }
            case .less, .lessOrEqual, .greater, .greaterOrEqual: break
            default: return
            }
            context.report(.comparisonUnlike, expression.range, source, first, second)
        }
    }

    private func checkRange(_ loop: ForLoop) {
        guard let from = ConstantFolder.value(of: loop.from).flatMap(ConstantFolder.number),
            let to = ConstantFolder.value(of: loop.to).flatMap(ConstantFolder.number)
        else { return }
        var step = 1.0
        if let expression = loop.step {
            guard let value = ConstantFolder.value(of: expression).flatMap(ConstantFolder.number)
            else { return }
            step = value
        }
        if step > 0 ? from > to : from < to {
            context.report(.loopNeverRuns, loop.from.range.union(loop.to.range), source)
        }
    }
}

extension Statement.Kind {
    /// What is worked out in the statement itself, not in its blocks.
    var expressions: [Expression] {
        switch self {
        case .assignment(let target, let value): target.indexes + [value]
        case .command(let command): command.expressions
        case .call(let call): [call]
        case .conditional(let branches, _): branches.map(\.condition)
        case .whileLoop(let condition, _): [condition]
        case .forLoop(let loop): [loop.from, loop.to] + (loop.step.map { [$0] } ?? [])
        case .forEachLoop(let loop): [loop.sequence]
        case .returnValue(let value), .exit(let value): value.map { [$0] } ?? []
        case .procedure(let procedure): procedure.parameters.compactMap(\.defaultValue)
        case .write(let values, _): values
        case .wait(let duration, _): duration.map { [$0] } ?? []
        case .breakLoop, .continueLoop, .include, .attempt, .setOption, .remark, .invalid: []
        }
    }

    var blocks: [[Statement]] {
        switch self {
        case .conditional(let branches, let otherwise): branches.map(\.body) + [otherwise]
        case .whileLoop(_, let body): [body]
        case .forLoop(let loop): [loop.body]
        case .forEachLoop(let loop): [loop.body]
        case .procedure(let procedure): [procedure.body]
        case .attempt(let body, _, let handler): [body, handler]
        default: []
        }
    }
}

extension AssignmentTarget {
    /// What says which element is set.
    var indexes: [Expression] {
        path.compactMap { step in
            if case .element(let index) = step { return index }
            return nil
        }
    }
}
