import DTCLSyntax

/// Follows the ways through a top level or a procedure: finds code that no way reaches, and
/// variables that are read where some way has not set them.
struct FlowCheck {
    let context: CompileContext
    var source: Int
    /// Variables of this level: those that are set somewhere in it.
    let locals: Set<String>
    /// Variables that every way to this place has set; nil where no way leads.
    private var assigned: Set<String>?
    /// What is set where the loops around this place are left, innermost last.
    private var exits: [Set<String>?] = []
    private var reported: Set<String> = []

    init(_ context: CompileContext, source: Int, locals: Set<String>, given: [String]) {
        self.context = context
        self.source = source
        self.locals = locals
        assigned = Set(given)
    }

    mutating func check(_ statements: [Statement]) {
        var isTold = false
        for statement in statements {
            switch statement.kind {
            case .remark, .procedure, .include, .invalid: continue
            default: break
            }
            if assigned == nil {
                if !isTold { context.report(.unreachableCode, statement.range, source) }
                isTold = true
                // One message is enough: what follows counts as never read too early.
                assigned = locals
            }
            check(statement)
        }
        if isTold { assigned = nil }
    }

    private mutating func check(_ statement: Statement) {
        switch statement.kind {
        case .assignment(let target, let value):
            for index in target.indexes { read(index) }
            read(value)
            if !target.path.isEmpty { read(target.name) }
            assigned?.insert(target.name.text)
        case .conditional(let branches, let otherwise): checkBranches(branches, otherwise)
        case .whileLoop(let condition, let body):
            read(condition)
            let isEndless = ConstantFolder.truth(of: condition) == true
            checkLoop(body, setting: [], runsOnce: isEndless, isEndless: isEndless)
        case .forLoop(let loop):
            for expression in statement.kind.expressions { read(expression) }
            checkLoop(loop.body, setting: [loop.variable], runsOnce: runsOnce(loop))
        case .forEachLoop(let loop):
            read(loop.sequence)
            let names = [loop.first] + (loop.second.map { [$0] } ?? [])
            checkLoop(loop.body, setting: names, runsOnce: hasElements(loop.sequence))
        case .breakLoop:
            if !exits.isEmpty { exits[exits.count - 1] = common(exits[exits.count - 1], assigned) }
            assigned = nil
        case .continueLoop: assigned = nil
        case .returnValue, .exit:
            for expression in statement.kind.expressions { read(expression) }
            assigned = nil
        case .attempt(let body, let errorName, let handler):
            checkAttempt(body, errorName, handler)
        default: for expression in statement.kind.expressions { read(expression) }
        }
    }

    private mutating func checkBranches(
        _ branches: [ConditionalBranch], _ otherwise: [Statement]
    ) {
        var after: Set<String>?
        for branch in branches {
            read(branch.condition)
            let before = assigned
            check(branch.body)
            after = common(after, assigned)
            assigned = before
        }
        check(otherwise)
        assigned = common(after, assigned)
    }

    private mutating func checkLoop(
        _ body: [Statement], setting names: [Name], runsOnce: Bool, isEndless: Bool = false
    ) {
        let before = assigned
        exits.append(nil)
        for name in names { assigned?.insert(name.text) }
        check(body)
        let left = exits.removeLast()
        if isEndless {
            assigned = left
        } else if !runsOnce {
            assigned = common(left, before)
        } else if hasContinue(body) {
            // It may have gone on with less than the end of the body has.
            assigned = common(left, before?.union(names.map(\.text)))
        } else {
            assigned = common(left, assigned)
        }
    }

    private mutating func checkAttempt(
        _ body: [Statement], _ errorName: Name?, _ handler: [Statement]
    ) {
        let before = assigned
        check(body)
        let after = assigned
        // The error may have come before anything was set.
        assigned = before
        if let errorName { assigned?.insert(errorName.text) }
        check(handler)
        assigned = common(after, assigned)
    }

    /// What both ways have set; a way that leads nowhere does not count.
    private func common(_ left: Set<String>?, _ right: Set<String>?) -> Set<String>? {
        guard let left else { return right }
        guard let right else { return left }
        return left.intersection(right)
    }

    private func hasContinue(_ body: [Statement]) -> Bool {
        body.contains { statement in
            switch statement.kind {
            case .continueLoop: true
            case .whileLoop, .forLoop, .forEachLoop, .procedure: false
            default: statement.kind.blocks.contains(where: hasContinue)
            }
        }
    }

    private func runsOnce(_ loop: ForLoop) -> Bool {
        guard loop.step == nil,
            let from = ConstantFolder.value(of: loop.from).flatMap(ConstantFolder.number),
            let to = ConstantFolder.value(of: loop.to).flatMap(ConstantFolder.number)
        else { return false }
        return from <= to
    }

    private func hasElements(_ sequence: Expression) -> Bool {
        switch sequence.kind {
        case .list(let elements): !elements.isEmpty
        case .record(let entries): !entries.isEmpty
        default: false
        }
    }

    // MARK: Reading

    private mutating func read(_ expression: Expression) {
        var names: [Name] = []
        expression.forEachInside { inner in
            if case .variable(let name) = inner.kind { names.append(name) }
        }
        for name in names { read(name) }
    }

    private mutating func read(_ name: Name) {
        guard locals.contains(name.text), assigned?.contains(name.text) == false,
            reported.insert(name.text).inserted
        else { return }
        context.report(.variableMaybeUnset, name.range, source, name.spelling)
    }
}
