import DTCLSyntax

// The instructions that are rare, allocate or fail.
extension Machine {
    enum Outcome {
        case next
        case failed
        case paused
    }

    /// Registers of the running frame.
    var registers: UnsafeMutablePointer<Value> { stack + base }

    @inline(never)
    func performCold(_ instruction: Instruction) -> Outcome {
        if heap.pointee.isSweepDue { collect() }
        isPausing = false
        do throws(Fault) {
            try perform(instruction)
        } catch {
            if !performAgain(instruction, after: error) { return .failed }
        }
        return isPausing ? .paused : .next
    }

    /// With the memory used up: once more after a sweep.
    private func performAgain(_ instruction: Instruction, after failure: Fault) -> Bool {
        guard failure.kind == .memoryLimit else {
            fault = failure
            return false
        }
        collect()
        do throws(Fault) {
            try perform(instruction)
        } catch {
            fault = error
        }
        return fault == nil
    }

    private func pause(_ pause: Pause) {
        pendingPause = pause
        isPausing = true
    }

    private func perform(_ instruction: Instruction) throws(Fault) {
        let a = Int(instruction.a)
        let b = Int(instruction.b)
        let c = Int(instruction.c)
        switch instruction.opcode {
        case .loadNone: registers[a] = .none
        case .loadBoolean: registers[a] = Value(b != 0)
        case .loadInteger: registers[a] = Value(Int64(instruction.k))
        case .loadConstant: registers[a] = constants[instruction.k]
        case .move, .borrow:
            let value = try read(b)
            if instruction.opcode == .move { heap.pointee.share(value) }
            registers[a] = value
        case .share: heap.pointee.share(registers[a])
        case .loadGlobal:
            let value = stack[b]
            if value.tag == .unset {
                throw Fault(
                    .variableUnset, "the variable '$\(program.globals[b])' was never set")
            }
            registers[a] = value
        case .add, .subtract, .multiply, .divide, .remainder:
            registers[a] = try arithmetic(instruction.opcode, read(b), read(c))
        case .addImmediate, .multiplyImmediate, .divideImmediate, .remainderImmediate:
            registers[a] = try arithmetic(
                instruction.opcode.general, read(b), Value(instruction.signedC))
        case .negate: registers[a] = try negate(read(b))
        case .equal, .notEqual, .less, .lessOrEqual:
            registers[a] = Value(
                try compare(instruction.opcode, read(b), read(c), isSwapped: instruction.flag))
        case .contained: registers[a] = Value(try isContained(read(b), in: read(c)))
        case .like: registers[a] = Value(try matches(read(b), pattern: read(c)))
        case .testEqual, .testLess, .testLessOrEqual:
            let holds = try compare(
                instruction.opcode.general, read(a), read(b), isSwapped: c != 0)
            follow(holds == instruction.flag)
        case .testEqualImmediate, .testLessImmediate, .testLessOrEqualImmediate,
            .testGreaterImmediate, .testGreaterOrEqualImmediate:
            try testImmediate(instruction)
        case .jump, .loop: pc = instruction.k
        case .jumpIfTrue: if try holds(read(a)) { pc = instruction.k }
        case .jumpIfFalse: if try !holds(read(a)) { pc = instruction.k }
        case .jumpIfSet: if registers[a].tag != .unset { pc = instruction.k }
        default: try performStructured(instruction, a, b, c)
        }
    }

    private func performStructured(
        _ instruction: Instruction, _ a: Int, _ b: Int, _ c: Int
    ) throws(Fault) {
        switch instruction.opcode {
        case .forPrepare: try prepareFor(a, end: instruction.k)
        case .forEachPrepare: try prepareForEach(a)
        case .forEachNext: nextForEach(a, b, instruction.flag ? c : nil)
        case .makeList: try makeList(a, b, c)
        case .makeRecord: try makeRecord(a, b, c)
        case .field:
            registers[a] = try field(read(b), constants[c])
        case .element: registers[a] = try element(read(b), read(c))
        case .setElement:
            registers[a] = try replacing(read(a), keys: b, count: 1, with: c, at: 0)
        case .setPath: registers[a] = try replacing(read(a), keys: b, count: c, with: b + c, at: 0)
        case .concatenate: registers[a] = try concatenate(b, c)
        case .extendText: try extendText(a, b, c)
        case .extendList: try extendList(a, b, c)
        case .call: try prepareCall(instruction)
        case .callBuiltin: try callBuiltin(a, b, c)
        case .command: try prepareCommand(a, b, c)
        case .returnValue:
            // Only at the top level, or of a variable that was never set.
            pause(.finished(try heap.pointee.scriptValue(read(a))))
        case .write: try write(a, c, toError: instruction.flag)
        case .wait: try wait(read(a), isBare: instruction.flag)
        case .exit: try exit(instruction.flag ? read(a) : nil)
        case .setOption: set(program.options[instruction.k])
        case .catchError: registers[a] = try heap.pointee.make(lastError)
        case .trace: trace(instruction.k)
        default: break
        }
    }

    /// A register's value, which must have been set.
    @inline(__always)
    func read(_ register: Int) throws(Fault) -> Value {
        let value = registers[register]
        if value.tag == .unset { throw unset(register) }
        return value
    }

    /// The jump stands in the instruction after a test.
    private func follow(_ isFollowed: Bool) {
        pc = isFollowed ? program.code.instructions[pc].k : pc + 1
    }

    private func testImmediate(_ instruction: Instruction) throws(Fault) {
        let left = try read(Int(instruction.a))
        let right = Value(instruction.signedB)
        let holds: Bool
        switch instruction.opcode {
        case .testEqualImmediate: holds = try compare(.equal, left, right)
        case .testLessImmediate: holds = try compare(.less, left, right)
        case .testLessOrEqualImmediate: holds = try compare(.lessOrEqual, left, right)
        case .testGreaterImmediate: holds = try compare(.less, right, left, isSwapped: true)
        default: holds = try compare(.lessOrEqual, right, left, isSwapped: true)
        }
        follow(holds == instruction.flag)
    }

    // MARK: Calls and pauses

    /// What the loop could not do at once: too deep, or a larger stack first.
    private func prepareCall(_ instruction: Instruction) throws(Fault) {
        guard depth < limits.callDepthMax else {
            throw Fault(
                .callTooDeep, "procedures call each other more than \(limits.callDepthMax) deep")
        }
        let header = program.code.headers[Int(instruction.b)]
        growStack(to: base + Int(instruction.a) + header.registerCount)
        pc -= 1
    }

    private func prepareCommand(_ first: Int, _ site: Int, _ count: Int) throws(Fault) {
        var values: [ScriptValue] = []
        for register in first..<(first + count) {
            values.append(try heap.pointee.scriptValue(read(register)))
        }
        extraSteps += 100
        pause(
            .command(
                CommandCall(
                    site: site, values: values, range: program.commandSites[site].range,
                    onFailure: .stops)))
    }

    private func write(_ first: Int, _ count: Int, toError: Bool) throws(Fault) {
        var line = ""
        for register in first..<(first + count) {
            line += try heap.pointee.printed(read(register))
        }
        extraSteps += line.utf8.count / 8
        pause(.write(line, toError: toError))
    }

    private func wait(_ duration: Value, isBare: Bool) throws(Fault) {
        guard var seconds = duration.number else { throw unexpected(duration, "a time") }
        if isBare, options.waitsMilliseconds { seconds /= 1000 }
        guard seconds >= 0 else {
            let got = try heap.pointee.printed(duration)
            throw Fault(.argumentInvalid, "got a wait of \(got), expected 0 or more")
        }
        pause(.wait(seconds: min(seconds, Pause.foreverSeconds)))
    }

    private func exit(_ status: Value?) throws(Fault) {
        if let status {
            guard status.isInteger, 0...255 ~= status.integer else {
                guard status.isInteger else { throw unexpected(status, "an exit status") }
                throw Fault(
                    .argumentInvalid, "got \(status.integer), expected an exit status of 0 to 255")
            }
            exitStatus = Int(status.integer)
        } else {
            exitStatus = 0
        }
        pause(.finished(.none))
    }

    private func set(_ option: ScriptOption) {
        switch option {
        case .strict(let isOn): options.isStrict = isOn
        case .echo(let isOn): options.isEcho = isOn
        case .timeout(let seconds): options.timeoutSeconds = seconds
        case .waitUnit(let isMilliseconds): options.waitsMilliseconds = isMilliseconds
        }
    }
}

extension Opcode {
    /// The instruction with two registers that a shorter form stands for.
    var general: Opcode {
        switch self {
        case .addImmediate: .add
        case .multiplyImmediate: .multiply
        case .divideImmediate: .divide
        case .remainderImmediate: .remainder
        case .testEqual: .equal
        case .testLess: .less
        case .testLessOrEqual: .lessOrEqual
        default: self
        }
    }
}
