import DTCLSyntax

// Expressions. `compile(_:into:)` gives a value that may be kept; `operand` gives a register to be
// read at once, which may be a variable's own.
extension FunctionCompiler {
    func compile(_ expression: Expression, into target: Int) {
        let outer = range
        range = expression.range
        defer { range = outer }
        switch expression.kind {
        case .none: emit(Instruction(.loadNone, a: target))
        case .boolean(let flag): emit(Instruction(.loadBoolean, a: target, b: flag ? 1 : 0))
        case .number(let number): compile(number, into: target)
        case .text(let pieces): compile(pieces, into: target)
        case .variable(let name): compileVariable(name, into: target)
        case .list(let elements): compileList(elements, into: target)
        case .record(let entries): compileRecord(entries, into: target)
        case .unary(.negate, let operand): compileNegation(operand, into: target)
        case .unary(.not, _): compileTruth(expression, into: target)
        case .binary(let binary, let left, let right):
            compileBinary(expression, binary, left, right, into: target)
        case .call(let name, let arguments): compileCall(name, arguments, into: target)
        case .field, .element:
            compileAccess(expression, into: target)
            emit(Instruction(.share, a: target))
        case .command(let command): compileCommand(command, into: target, isResultTaken: true)
        case .invalid: break
        }
    }

    /// A register that holds the value for the next instruction only.
    func operand(_ expression: Expression) -> Int {
        switch expression.kind {
        case .variable(let name):
            if case .register(let register) = binding(of: name) { return register }
        case .field, .element:
            let target = temporary()
            compileAccess(expression, into: target)
            return target
        default: break
        }
        let target = temporary()
        if case .variable(let name) = expression.kind {
            compileBorrowed(name, expression.range, into: target)
        } else {
            compile(expression, into: target)
        }
        return target
    }

    private func compile(_ number: NumberLiteral, into target: Int) {
        switch number.value {
        case .integer(let value):
            if let small = Int32(exactly: value) {
                emit(Instruction(.loadInteger, a: target, k: Int(small)))
            } else {
                emit(Instruction(.loadConstant, a: target, k: context.constant(.integer(value))))
            }
        case .decimal(let value):
            emit(Instruction(.loadConstant, a: target, k: context.constant(.decimal(value))))
        }
    }

    func compile(_ pieces: [TextPiece], into target: Int) {
        if let text = TextPiece.staticText(pieces) {
            emit(Instruction(.loadConstant, a: target, k: context.constant(.text(text))))
            return
        }
        withTemporaries {
            let first = top
            for piece in pieces {
                let register = temporary()
                switch piece {
                case .text(let text):
                    emit(Instruction(.loadConstant, a: register, k: context.constant(.text(text))))
                case .expression(let expression): borrow(expression, into: register)
                }
            }
            emit(Instruction(.concatenate, a: target, b: first, c: pieces.count))
        }
    }

    /// The value in a given register, to be read at once.
    func borrow(_ expression: Expression, into target: Int) {
        switch expression.kind {
        case .variable(let name): compileBorrowed(name, expression.range, into: target)
        case .field, .element: compileAccess(expression, into: target)
        default: compile(expression, into: target)
        }
    }

    private func compileVariable(_ name: Name, into target: Int) {
        switch binding(of: name) {
        case .register(let register): emit(Instruction(.move, a: target, b: register))
        default:
            compileBorrowed(name, name.range, into: target)
            emit(Instruction(.share, a: target))
        }
    }

    private func compileBorrowed(_ name: Name, _ place: SourceRange, into target: Int) {
        let outer = range
        range = place
        defer { range = outer }
        switch binding(of: name) {
        case .register(let register): emit(Instruction(.borrow, a: target, b: register))
        case .global(let index): emit(Instruction(.loadGlobal, a: target, b: index))
        case .argument(let number):
            emit(Instruction(.loadInteger, a: target, k: number))
            emit(Instruction(.callBuiltin, a: target, b: Builtin.scriptArgument.index, c: 1))
        case .argumentCount:
            emit(Instruction(.callBuiltin, a: target, b: Builtin.argumentCount.index, c: 0))
        case .unknown: reportUnknown(name)
        }
    }

    private func compileList(_ elements: [Expression], into target: Int) {
        if elements.count > 4096 {
            compileLongList(elements, into: target)
            return
        }
        withTemporaries {
            let first = top
            for element in elements { compile(element, into: temporary()) }
            emit(Instruction(.makeList, a: target, b: first, c: elements.count))
        }
    }

    /// Register numbers are 16 bits wide, so that a long list is made in parts.
    private func compileLongList(_ elements: [Expression], into target: Int) {
        let list = temporary()
        emit(Instruction(.makeList, a: list, b: list, c: 0))
        for start in stride(from: 0, to: elements.count, by: 1024) {
            let part = elements[start..<min(start + 1024, elements.count)]
            withTemporaries {
                let first = top
                for element in part { compile(element, into: temporary()) }
                emit(Instruction(.extendList, a: list, b: first, c: part.count))
            }
        }
        emit(Instruction(.borrow, a: target, b: list))
    }

    private func compileRecord(_ entries: [RecordEntry], into target: Int) {
        withTemporaries {
            let first = top
            for entry in entries {
                let key = context.constant(.text(entry.key))
                emit(Instruction(.loadConstant, a: temporary(), k: key))
                compile(entry.value, into: temporary())
            }
            emit(Instruction(.makeRecord, a: target, b: first, c: entries.count))
        }
    }

    private func compileNegation(_ inner: Expression, into target: Int) {
        if case .number(let number) = inner.kind, case .integer(let value) = number.value {
            let negated = NumberLiteral(value: .integer(-value), unit: nil)
            compile(negated, into: target)
            return
        }
        withTemporaries {
            let register = operand(inner)
            emit(Instruction(.negate, a: target, b: register))
        }
    }

    /// A field or element, for a moment; whoever keeps it shares it.
    private func compileAccess(_ expression: Expression, into target: Int) {
        let outer = range
        range = expression.range
        defer { range = outer }
        withTemporaries {
            switch expression.kind {
            case .field(let base, let name):
                let base = operand(base)
                let key = context.constant(.text(name.spelling))
                if key <= Int(UInt16.max) {
                    emit(Instruction(.field, a: target, b: base, c: key))
                } else {
                    let register = temporary()
                    emit(Instruction(.loadConstant, a: register, k: key))
                    emit(Instruction(.element, a: target, b: base, c: register))
                }
            case .element(let base, let index):
                let base = operand(base)
                let index = operand(index)
                emit(Instruction(.element, a: target, b: base, c: index))
            default: compile(expression, into: target)
            }
        }
    }
}

// MARK: - Operators

extension FunctionCompiler {
    private func compileBinary(
        _ whole: Expression, _ binary: BinaryOperator, _ left: Expression, _ right: Expression,
        into target: Int
    ) {
        switch binary {
        case .and, .or: compileTruth(whole, into: target)
        case .join: compileJoin(whole, into: target)
        default:
            withTemporaries {
                let left = operand(left)
                if let immediate = immediate(binary, right) {
                    emit(Instruction(immediate.opcode, a: target, b: left, c: immediate.value))
                    return
                }
                let right = operand(right)
                emit(binary, target, left, right)
            }
        }
    }

    private func emit(_ binary: BinaryOperator, _ target: Int, _ left: Int, _ right: Int) {
        switch binary {
        case .equal: emit(Instruction(.equal, a: target, b: left, c: right))
        case .notEqual: emit(Instruction(.notEqual, a: target, b: left, c: right))
        case .less: emit(Instruction(.less, a: target, b: left, c: right))
        case .lessOrEqual: emit(Instruction(.lessOrEqual, a: target, b: left, c: right))
        case .greater: emit(Instruction(.less, a: target, b: right, c: left, flag: true))
        case .greaterOrEqual:
            emit(Instruction(.lessOrEqual, a: target, b: right, c: left, flag: true))
        case .in: emit(Instruction(.contained, a: target, b: left, c: right))
        case .like: emit(Instruction(.like, a: target, b: left, c: right))
        case .add: emit(Instruction(.add, a: target, b: left, c: right))
        case .subtract: emit(Instruction(.subtract, a: target, b: left, c: right))
        case .multiply: emit(Instruction(.multiply, a: target, b: left, c: right))
        case .divide: emit(Instruction(.divide, a: target, b: left, c: right))
        case .remainder: emit(Instruction(.remainder, a: target, b: left, c: right))
        case .join, .and, .or: break
        }
    }

    private func immediate(
        _ binary: BinaryOperator, _ right: Expression
    ) -> (opcode: Opcode, value: Int)? {
        guard let value = smallInteger(right) else { return nil }
        switch binary {
        case .add: return (.addImmediate, value)
        case .subtract: return value > Int(Int16.min) ? (.addImmediate, -value) : nil
        case .multiply: return (.multiplyImmediate, value)
        case .divide: return value > 0 ? (.divideImmediate, value) : nil
        case .remainder: return value > 0 ? (.remainderImmediate, value) : nil
        default: return nil
        }
    }

    private func smallInteger(_ expression: Expression) -> Int? {
        guard case .number(let number) = expression.kind, case .integer(let value) = number.value
        else { return nil }
        return Int16(exactly: value).map(Int.init)
    }

    /// `a & b & c` becomes one instruction.
    private func compileJoin(_ whole: Expression, into target: Int) {
        var parts: [Expression] = []
        flatten(whole, into: &parts)
        withTemporaries {
            let first = top
            for part in parts { borrow(part, into: temporary()) }
            emit(Instruction(.concatenate, a: target, b: first, c: parts.count))
        }
    }

    func flatten(_ expression: Expression, into parts: inout [Expression]) {
        var right: [Expression] = []
        var rest = expression
        while case .binary(.join, let left, let last) = rest.kind {
            right.append(last)
            rest = left
        }
        parts.append(rest)
        parts += right.reversed()
    }

    private func compileTruth(_ expression: Expression, into target: Int) {
        let isTrue = label()
        let end = label()
        jump(to: isTrue, when: expression, is: true)
        emit(Instruction(.loadBoolean, a: target, b: 0))
        emitJump(.jump, to: end)
        place(isTrue)
        emit(Instruction(.loadBoolean, a: target, b: 1))
        place(end)
    }
}

// MARK: - Conditions

extension FunctionCompiler {
    /// Jumps when the condition is as wanted, else goes on with the next instruction.
    func jump(to target: Label, when condition: Expression, is wanted: Bool) {
        let outer = range
        range = condition.range
        defer { range = outer }
        switch condition.kind {
        case .unary(.not, let inner): jump(to: target, when: inner, is: !wanted)
        case .binary(.and, let left, let right):
            jumpBoth(to: target, left, right, wanted: wanted, decisive: false)
        case .binary(.or, let left, let right):
            jumpBoth(to: target, left, right, wanted: wanted, decisive: true)
        case .binary(let binary, let left, let right) where isTest(binary):
            withTemporaries {
                test(binary, left, right, wanted)
                emitJump(.jump, to: target)
            }
        default:
            withTemporaries {
                let register = operand(condition)
                emitJump(wanted ? .jumpIfTrue : .jumpIfFalse, a: register, to: target)
            }
        }
    }

    /// AND is decided by a false side, OR by a true one.
    private func jumpBoth(
        to target: Label, _ left: Expression, _ right: Expression, wanted: Bool, decisive: Bool
    ) {
        if wanted == decisive {
            jump(to: target, when: left, is: wanted)
            jump(to: target, when: right, is: wanted)
        } else {
            let decided = label()
            jump(to: decided, when: left, is: decisive)
            jump(to: target, when: right, is: wanted)
            place(decided)
        }
    }

    private func isTest(_ binary: BinaryOperator) -> Bool {
        switch binary {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }

    private func test(
        _ binary: BinaryOperator, _ left: Expression, _ right: Expression, _ wanted: Bool
    ) {
        let leftRegister = operand(left)
        if let value = smallInteger(right) {
            let opcode: Opcode =
                switch binary {
                case .less: .testLessImmediate
                case .lessOrEqual: .testLessOrEqualImmediate
                case .greater: .testGreaterImmediate
                case .greaterOrEqual: .testGreaterOrEqualImmediate
                default: .testEqualImmediate
                }
            let flag = binary == .notEqual ? !wanted : wanted
            emit(Instruction(opcode, a: leftRegister, b: value, flag: flag))
            return
        }
        let rightRegister = operand(right)
        switch binary {
        case .less:
            emit(Instruction(.testLess, a: leftRegister, b: rightRegister, flag: wanted))
        case .lessOrEqual:
            emit(Instruction(.testLessOrEqual, a: leftRegister, b: rightRegister, flag: wanted))
        case .greater:
            emit(Instruction(.testLess, a: rightRegister, b: leftRegister, c: 1, flag: wanted))
        case .greaterOrEqual:
            emit(
                Instruction(.testLessOrEqual, a: rightRegister, b: leftRegister, c: 1, flag: wanted)
            )
        case .notEqual:
            emit(Instruction(.testEqual, a: leftRegister, b: rightRegister, flag: !wanted))
        default: emit(Instruction(.testEqual, a: leftRegister, b: rightRegister, flag: wanted))
        }
    }
}
