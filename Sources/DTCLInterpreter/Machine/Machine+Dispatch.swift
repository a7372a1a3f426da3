extension Machine {
    enum Signal {
        case finished
        case failed
        case outOfBudget
        case paused
    }

    /// The loop. Everything it needs often is in locals; what is rare or allocates is left to
    /// `performCold`. One function on purpose: the locals are the point of it.
    func dispatch() -> Signal {
        let code = self.program.code.instructions
        let headers = self.program.code.headers
        let frames = self.frames
        let constants = self.constants
        let depthMax = limits.callDepthMax
        var registers = stack + base
        var base = self.base
        var depth = self.depth
        var pc = self.pc
        var budget = self.budget
        var signal = Signal.finished

        loop: while true {
            let instruction = code[pc]
            pc += 1
            budget -= 1
            let a = Int(instruction.a)
            let b = Int(instruction.b)
            let c = Int(instruction.c)
            switch instruction.opcode {
            case .loadInteger:
                registers[a] = Value(Int64(instruction.k))
                continue loop
            case .loadConstant:
                registers[a] = constants[instruction.k]
                continue loop
            case .borrow:
                if registers[b].tag != .unset {
                    registers[a] = registers[b]
                    continue loop
                }
            case .move:
                let value = registers[b]
                if value.tag.rawValue < Value.Tag.unset.rawValue {
                    registers[a] = value
                    continue loop
                }
            case .add:
                if registers[b].isInteger, registers[c].isInteger {
                    let (sum, overflow) = registers[b].integer.addingReportingOverflow(
                        registers[c].integer)
                    if !overflow {
                        registers[a] = Value(sum)
                        continue loop
                    }
                }
            case .subtract:
                if registers[b].isInteger, registers[c].isInteger {
                    let (difference, overflow) = registers[b].integer.subtractingReportingOverflow(
                        registers[c].integer)
                    if !overflow {
                        registers[a] = Value(difference)
                        continue loop
                    }
                }
            case .multiply:
                if registers[b].isInteger, registers[c].isInteger {
                    let (product, overflow) = registers[b].integer.multipliedReportingOverflow(
                        by: registers[c].integer)
                    if !overflow {
                        registers[a] = Value(product)
                        continue loop
                    }
                }
            case .remainder:
                if registers[b].isInteger, registers[c].isInteger, registers[c].integer > 0 {
                    registers[a] = Value(
                        Machine.remainder(registers[b].integer, registers[c].integer))
                    continue loop
                }
            case .addImmediate:
                if registers[b].isInteger {
                    let (sum, overflow) = registers[b].integer.addingReportingOverflow(
                        instruction.signedC)
                    if !overflow {
                        registers[a] = Value(sum)
                        continue loop
                    }
                }
            case .remainderImmediate:
                if registers[b].isInteger {
                    registers[a] = Value(
                        Machine.remainder(registers[b].integer, instruction.signedC))
                    continue loop
                }
            case .testLess:
                if registers[a].isInteger, registers[b].isInteger {
                    let holds = registers[a].integer < registers[b].integer
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .testLessOrEqual:
                if registers[a].isInteger, registers[b].isInteger {
                    let holds = registers[a].integer <= registers[b].integer
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .testEqual:
                if registers[a].isInteger, registers[b].isInteger {
                    let holds = registers[a].integer == registers[b].integer
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .testLessImmediate:
                if registers[a].isInteger {
                    let holds = registers[a].integer < instruction.signedB
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .testLessOrEqualImmediate:
                if registers[a].isInteger {
                    let holds = registers[a].integer <= instruction.signedB
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .testGreaterImmediate:
                if registers[a].isInteger {
                    let holds = registers[a].integer > instruction.signedB
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .testGreaterOrEqualImmediate:
                if registers[a].isInteger {
                    let holds = registers[a].integer >= instruction.signedB
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .testEqualImmediate:
                if registers[a].isInteger {
                    let holds = registers[a].integer == instruction.signedB
                    pc = holds == instruction.flag ? code[pc].k : pc + 1
                    continue loop
                }
            case .jump:
                pc = instruction.k
                continue loop
            case .loop:
                pc = instruction.k
                if budget > 0 { continue loop }
                signal = .outOfBudget
                break loop
            case .jumpIfTrue:
                if registers[a].tag == .boolean {
                    if registers[a].boolean { pc = instruction.k }
                    continue loop
                }
            case .jumpIfFalse:
                if registers[a].tag == .boolean {
                    if !registers[a].boolean { pc = instruction.k }
                    continue loop
                }
            case .forNext:
                let rest = registers[a + 1].bits
                if rest == 0 {
                    pc += 1
                    continue loop
                }
                let value = registers[a]
                registers[b] = value
                registers[a + 1].bits = rest &- 1
                if value.isInteger {
                    registers[a] = Value(value.integer &+ registers[a + 2].integer)
                } else {
                    registers[a] = Value(value.decimal + registers[a + 2].decimal)
                }
                pc = code[pc].k
                if budget > 0 { continue loop }
                signal = .outOfBudget
                break loop
            case .call:
                let header = headers[b]
                let calleeBase = base + a
                if depth < depthMax, calleeBase + header.registerCount <= stackCapacity {
                    depth += 1
                    frames[depth] = Frame(returnPC: pc, base: base, function: b)
                    base = calleeBase
                    registers += a
                    var register = c
                    while register < header.variableCount {
                        registers[register] = .unset
                        register += 1
                    }
                    pc = header.entry
                    if budget > 0 { continue loop }
                    signal = .outOfBudget
                    break loop
                }
            case .returnValue:
                if depth > 0, registers[a].tag != .unset {
                    let frame = frames[depth]
                    registers[0] = registers[a]
                    depth -= 1
                    pc = frame.returnPC
                    registers -= base - frame.base
                    base = frame.base
                    continue loop
                }
            case .returnNone:
                if depth == 0 { break loop }
                let frame = frames[depth]
                registers[0] = .none
                depth -= 1
                pc = frame.returnPC
                registers -= base - frame.base
                base = frame.base
                continue loop
            default: break
            }

            self.pc = pc
            self.base = base
            self.depth = depth
            let outcome = performCold(instruction)
            pc = self.pc
            registers = stack + base
            budget -= extraSteps
            extraSteps = 0
            if outcome != .next {
                signal = outcome == .failed ? .failed : .paused
                break loop
            }
            // Also what a single instruction has done counts, and FOREACH has no other check.
            if budget <= 0 {
                signal = .outOfBudget
                break loop
            }
        }
        self.pc = pc
        self.base = base
        self.depth = depth
        self.budget = budget
        return signal
    }

    /// Division of 64 bits takes several times as long as one of 32.
    @inline(__always)
    static func remainder(_ left: Int64, _ right: Int64) -> Int64 {
        if UInt64(bitPattern: left | right) >> 32 == 0 {
            return Int64(
                UInt32(truncatingIfNeeded: left) % UInt32(truncatingIfNeeded: right))
        }
        return left % right
    }
}
