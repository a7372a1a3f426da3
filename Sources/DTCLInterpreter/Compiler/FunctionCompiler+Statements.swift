import DTCLSyntax

// One function per statement.
extension FunctionCompiler {
    func compile(_ statements: [Statement]) {
        for statement in statements {
            range = statement.range
            traceSimple(statement)
            withTemporaries { compile(statement) }
        }
    }

    private func compile(_ statement: Statement) {
        switch statement.kind {
        case .assignment(let target, let value): compileAssignment(target, value)
        case .command(let command):
            compileCommand(command, into: 0, isResultTaken: false)
        case .call(let call): compile(call, into: temporary())
        case .conditional(let branches, let otherwise):
            compileConditional(statement.range, branches, otherwise)
        case .whileLoop(let condition, let body):
            compileWhile(statement.range, condition, body)
        case .forLoop(let loop): compileFor(statement.range, loop)
        case .forEachLoop(let loop): compileForEach(statement.range, loop)
        case .breakLoop: if let loop = loops.last { emitJump(.jump, to: loop.end) }
        case .continueLoop: if let loop = loops.last { emitJump(.jump, to: loop.next) }
        case .returnValue(let value): compileReturn(value)
        case .exit(let value): compileExit(value)
        case .attempt(let body, let errorName, let handler):
            compileAttempt(body, errorName, handler)
        case .write(let values, let toError): compileWrite(values, toError: toError)
        case .wait(let duration, let unit): compileWait(duration, unit)
        case .setOption(let option):
            emit(Instruction(.setOption, k: context.program.options.count))
            context.program.options.append(option)
        // Procedures are compiled apart; includes were laid out by the resolver.
        case .procedure, .include, .remark, .invalid: break
        }
    }

    // MARK: Assignment

    private func compileAssignment(_ target: AssignmentTarget, _ value: Expression) {
        let register = register(of: target.name)
        defer { traceAssigned(target.range, [target.name]) }
        if target.path.isEmpty {
            if !compileExtension(of: target.name, register, value) {
                compile(value, into: register)
            }
            return
        }
        let first = top
        for step in target.path {
            let key = temporary()
            switch step {
            case .field(let name):
                let constant = context.constant(.text(name.spelling))
                emit(Instruction(.loadConstant, a: key, k: constant))
            case .element(let expression): borrow(expression, into: key)
            }
        }
        let new = temporary()
        compile(value, into: new)
        range = target.range
        if target.path.count == 1 {
            emit(Instruction(.setElement, a: register, b: first, c: new))
        } else {
            emit(Instruction(.setPath, a: register, b: first, c: target.path.count))
        }
    }

    /// `$s = $s & x` and `$l = append($l, x)` let the value grow where it is.
    private func compileExtension(
        of name: Name, _ register: Int, _ value: Expression
    ) -> Bool {
        switch value.kind {
        case .binary(.join, _, _):
            var parts: [Expression] = []
            flatten(value, into: &parts)
            guard isVariable(parts[0], name) else { return false }
            let first = top
            for part in parts.dropFirst() { borrow(part, into: temporary()) }
            emit(Instruction(.extendText, a: register, b: first, c: parts.count - 1))
            return true
        case .call(let function, let arguments):
            guard function.text == "append", arguments.count > 1, isVariable(arguments[0], name),
                context.program.procedureIndexes["append"] == nil
            else { return false }
            let first = top
            for argument in arguments.dropFirst() { compile(argument, into: temporary()) }
            emit(Instruction(.extendList, a: register, b: first, c: arguments.count - 1))
            return true
        default: return false
        }
    }

    private func isVariable(_ expression: Expression, _ name: Name) -> Bool {
        if case .variable(let other) = expression.kind { return other.text == name.text }
        return false
    }

    // MARK: Branches and loops

    private func compileConditional(
        _ whole: SourceRange, _ branches: [ConditionalBranch], _ otherwise: [Statement]
    ) {
        let end = label()
        for (index, branch) in branches.enumerated() {
            let next = label()
            let lower = index == 0 ? whole.lower : branch.condition.range.lower
            trace(
                SourceRange(lower, branch.condition.range.upper), reading: [branch.condition])
            jump(to: next, when: branch.condition, is: false)
            compile(branch.body)
            if index < branches.count - 1 || !otherwise.isEmpty { emitJump(.jump, to: end) }
            place(next)
        }
        compile(otherwise)
        place(end)
    }

    private func compileWhile(
        _ whole: SourceRange, _ condition: Expression, _ body: [Statement]
    ) {
        let loop = LoopLabels(next: label(), end: label())
        place(loop.next)
        trace(SourceRange(whole.lower, condition.range.upper), reading: [condition])
        jump(to: loop.end, when: condition, is: false)
        compileBody(body, loop)
        emitJump(.loop, to: loop.next)
        place(loop.end)
    }

    private func compileFor(_ whole: SourceRange, _ loop: ForLoop) {
        let head = SourceRange(whole.lower, (loop.step ?? loop.to).range.upper)
        trace(head, reading: [loop.from, loop.to] + (loop.step.map { [$0] } ?? []))
        let variable = register(of: loop.variable)
        let labels = LoopLabels(next: label(), end: label())
        let body = label()
        let first = temporary()
        let limit = temporary()
        let step = temporary()
        compile(loop.from, into: first)
        compile(loop.to, into: limit)
        if let expression = loop.step {
            compile(expression, into: step)
        } else {
            emit(Instruction(.loadInteger, a: step, k: 1))
        }
        emitJump(.forPrepare, a: first, to: labels.end)
        emitJump(.jump, to: labels.next)
        place(body)
        traceAssigned(head, [loop.variable])
        compileBody(loop.body, labels)
        place(labels.next)
        emit(Instruction(.forNext, a: first, b: variable))
        emitJump(.jump, to: body)
        place(labels.end)
    }

    private func compileForEach(_ whole: SourceRange, _ loop: ForEachLoop) {
        let head = SourceRange(whole.lower, loop.sequence.range.upper)
        trace(head, reading: [loop.sequence])
        let variable = register(of: loop.first)
        let labels = LoopLabels(next: label(), end: label())
        let body = label()
        let sequence = temporary()
        _ = temporary()
        compile(loop.sequence, into: sequence)
        // The body may change the variable that is walked over, so the walk has its own share.
        emit(Instruction(.share, a: sequence))
        emit(Instruction(.forEachPrepare, a: sequence, flag: loop.second != nil))
        emitJump(.jump, to: labels.next)
        place(body)
        traceAssigned(head, [loop.first] + (loop.second.map { [$0] } ?? []))
        compileBody(loop.body, labels)
        place(labels.next)
        if let second = loop.second {
            let value = register(of: second)
            emit(Instruction(.forEachNext, a: sequence, b: variable, c: value, flag: true))
        } else {
            emit(Instruction(.forEachNext, a: sequence, b: variable))
        }
        emitJump(.jump, to: body)
        place(labels.end)
    }

    private func compileBody(_ body: [Statement], _ labels: LoopLabels) {
        let outer = range
        loops.append(labels)
        compile(body)
        loops.removeLast()
        range = outer
    }

    // MARK: The rest

    private func compileReturn(_ value: Expression?) {
        guard let value else {
            emit(Instruction(.returnNone))
            return
        }
        // A local variable ends here, so that its value need not be shared.
        if !isTopLevel, case .variable(let name) = value.kind,
            case .register(let register) = binding(of: name)
        {
            emit(Instruction(.returnValue, a: register))
            return
        }
        let register = temporary()
        compile(value, into: register)
        emit(Instruction(.returnValue, a: register))
    }

    private func compileExit(_ value: Expression?) {
        guard let value else {
            emit(Instruction(.exit))
            return
        }
        let register = operand(value)
        emit(Instruction(.exit, a: register, flag: true))
    }

    private func compileAttempt(
        _ body: [Statement], _ errorName: Name?, _ handler: [Statement]
    ) {
        let end = label()
        let start = position
        compile(body)
        emitJump(.jump, to: end)
        let target = position
        handlers.append(Handler(start: start, end: target, target: target))
        if let errorName {
            emit(Instruction(.catchError, a: register(of: errorName)))
            traceAssigned(errorName.range, [errorName])
        }
        compile(handler)
        place(end)
    }

    private func compileWrite(_ values: [Expression], toError: Bool) {
        let first = top
        for value in values { borrow(value, into: temporary()) }
        emit(Instruction(.write, a: first, c: values.count, flag: toError))
    }

    private func compileWait(_ duration: Expression?, _ unit: NumberLiteral.Unit?) {
        let register = temporary()
        guard let duration else {
            let forever = context.constant(.decimal(Pause.foreverSeconds))
            emit(Instruction(.loadConstant, a: register, k: forever))
            emit(Instruction(.wait, a: register))
            return
        }
        compile(duration, into: register)
        var isBare = unit == nil
        if case .number(let number) = duration.kind, number.unit != nil { isBare = false }
        if unit == .milliseconds {
            let factor = temporary()
            emit(Instruction(.loadConstant, a: factor, k: context.constant(.decimal(0.001))))
            emit(Instruction(.multiply, a: register, b: register, c: factor))
        } else if let factor = unit?.factorSeconds, factor > 1 {
            let other = temporary()
            emit(Instruction(.loadInteger, a: other, k: factor))
            emit(Instruction(.multiply, a: register, b: register, c: other))
        }
        emit(Instruction(.wait, a: register, flag: isBare))
    }
}

extension FunctionCompiler {
    func isTemporary(_ register: Int) -> Bool { register >= variableCount }
}

extension NumberLiteral.Unit {
    /// Seconds in one of a whole unit of time.
    var factorSeconds: Int? {
        switch self {
        case .seconds: 1
        case .minutes: 60
        case .hours: 3_600
        case .days: 86_400
        default: nil
        }
    }
}
