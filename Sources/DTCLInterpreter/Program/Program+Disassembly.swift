import DTCLSyntax

extension Program {
    /// The instructions as text, for people who look at what the compiler made and for tests. One
    /// line each: number, what it does, registers (`r0`, a variable's with its name), line of the
    /// script.
    public var disassembly: String {
        functions.map { Disassembler(program: self, function: $0).text }.joined(separator: "\n")
    }
}

private struct Disassembler {
    let program: Program
    let function: Function

    var text: String {
        var lines = [head]
        var lineTables: [Int: LineTable] = [:]
        for (number, instruction) in function.instructions.enumerated() {
            let place = function.places[number]
            let table = lineTables[place.source] ?? LineTable(program.sources[place.source])
            lineTables[place.source] = table
            let line = table.position(of: place.range.lower).line
            let columns = [
                right(String(number), 4), left(String(describing: instruction.opcode), 27),
                left(operands(instruction), 28), "line \(line)",
            ]
            lines.append(columns.joined(separator: "  "))
        }
        for handler in function.handlers {
            lines.append(
                "      errors in \(handler.start) to \(handler.end - 1) go to \(handler.target)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var head: String {
        let name = function.name.isEmpty ? "top level" : "procedure \(function.name)"
        let temporaries = function.registerCount - function.variableNames.count
        return "\(name): \(function.variableNames.count) variables, \(temporaries) temporaries"
    }

    private func operands(_ instruction: Instruction) -> String {
        let a = register(instruction.a)
        let b = register(instruction.b)
        let c = register(instruction.c)
        let flag = instruction.flag ? " !" : ""
        switch instruction.opcode {
        case .loadNone, .share, .forEachPrepare:
            return a + flag
        case .loadBoolean: return "\(a) \(instruction.b != 0)"
        case .loadInteger: return "\(a) \(instruction.k)"
        case .loadConstant: return "\(a) \(constant(instruction.k))"
        case .loadGlobal: return "\(a) $\(program.globals[Int(instruction.b)])"
        case .jump, .loop: return "-> \(instruction.k)"
        case .jumpIfTrue, .jumpIfFalse, .jumpIfSet, .forPrepare: return "\(a) -> \(instruction.k)"
        case .addImmediate, .multiplyImmediate, .divideImmediate, .remainderImmediate:
            return "\(a) \(b) \(instruction.signedC)"
        case .testEqualImmediate, .testLessImmediate, .testLessOrEqualImmediate,
            .testGreaterImmediate, .testGreaterOrEqualImmediate:
            return "\(a) \(instruction.signedB) is \(instruction.flag)"
        case .testEqual, .testLess, .testLessOrEqual: return "\(a) \(b) is \(instruction.flag)"
        case .move, .borrow, .negate, .forNext: return "\(a) \(b)"
        case .makeList, .makeRecord, .concatenate, .extendText, .extendList, .setPath:
            return "\(a) \(b) count \(instruction.c)"
        case .field: return "\(a) \(b) \(constant(Int(instruction.c)))"
        case .call:
            let callee = program.functions[Int(instruction.b)].name
            return "\(a) \(callee) count \(instruction.c)"
        case .callBuiltin:
            let builtin = Builtin(rawValue: UInt8(truncatingIfNeeded: instruction.b))
            return "\(a) \(builtin?.name ?? "?") count \(instruction.c)"
        case .command:
            return "\(a) '\(program.commandSites[Int(instruction.b)].text)'\(flag)"
        case .write: return "\(a) count \(instruction.c)\(flag)"
        case .returnValue, .wait, .catchError: return a + flag
        case .exit: return instruction.flag ? a : ""
        case .setOption: return "\(program.options[instruction.k])"
        case .trace: return "'\(program.traceSites[instruction.k].text)'"
        case .returnNone: return ""
        default: return "\(a) \(b) \(c)\(flag)"
        }
    }

    private func register(_ number: UInt16) -> String {
        let index = Int(number)
        guard index < function.variableNames.count else { return "r\(index)" }
        return "$" + function.variableNames[index]
    }

    private func constant(_ index: Int) -> String {
        switch program.constants[index] {
        case .integer(let number): String(number)
        case .decimal(let number): NumberText.decimal(number)
        case .text(let text): QuotedText.write(text)
        }
    }

    private func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.unicodeScalars.count))
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
