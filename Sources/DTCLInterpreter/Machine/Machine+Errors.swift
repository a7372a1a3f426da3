import DTCLSyntax

// From a fault to the CATCH that handles it, or to the error that the host sees.
extension Machine {
    struct HandlerPlace {
        var depth: Int
        var target: Int
    }

    /// The innermost CATCH around the running instruction, in this procedure or a caller.
    func findHandler() -> HandlerPlace? {
        var place = pc - 1
        for level in stride(from: depth, through: 0, by: -1) {
            let index = frames[level].function
            let entry = program.code.headers[index].entry
            for handler in program.functions[index].handlers
            where handler.start <= place - entry && place - entry < handler.end {
                return HandlerPlace(depth: level, target: entry + handler.target)
            }
            place = frames[level].returnPC - 1
        }
        return nil
    }

    func unwind(_ fault: Fault) throws(ScriptError) {
        lastError = describe(fault)
        guard !fault.kind.isLimit, let handler = findHandler() else {
            let error = error(from: fault)
            stop()
            throw error
        }
        while depth > handler.depth {
            base = frames[depth].base
            depth -= 1
        }
        pc = handler.target
    }

    /// `$error`, and what `error()` gives.
    func describe(_ fault: Fault) -> ScriptValue {
        let place = place(of: pc - 1, in: frames[depth].function)
        return .record([
            ScriptField("code", .integer(Int64(fault.code))),
            ScriptField("message", .text(fault.message)),
            ScriptField("command", .text(fault.command ?? "")),
            ScriptField("line", .integer(Int64(place.position.line))),
            ScriptField("file", .text(place.file)),
            ScriptField("kind", .text(fault.kind.rawValue)),
        ])
    }

    private func error(from fault: Fault) -> ScriptError {
        var calls: [ScriptError.Call] = []
        var instruction = pc - 1
        for level in stride(from: depth, through: 0, by: -1) {
            let function = frames[level].function
            let place = place(of: instruction, in: function)
            calls.append(
                ScriptError.Call(
                    procedure: program.functions[function].name, file: place.file,
                    line: place.position.line))
            instruction = frames[level].returnPC - 1
        }
        let place = place(of: pc - 1, in: frames[depth].function)
        return ScriptError(
            kind: fault.kind, message: fault.message, file: place.file, position: place.position,
            range: place.range, command: fault.command, code: fault.code, calls: calls)
    }

    private struct TextPlace {
        var file: String
        var position: SourcePosition
        var range: SourceRange
    }

    private func place(of instruction: Int, in index: Int) -> TextPlace {
        let function = program.functions[index]
        let offset = instruction - program.code.headers[index].entry
        guard offset >= 0, offset < function.places.count else {
            return TextPlace(
                file: program.sources.last?.name ?? "",
                position: SourcePosition(line: 1, column: 1),
                range: SourceRange(0, 0))
        }
        let place = function.places[offset]
        let source = program.sources[place.source]
        return TextPlace(
            file: source.name, position: LineTable(source).position(of: place.range.lower),
            range: place.range)
    }

    // MARK: Words for messages

    /// The fault of reading a register that was never set.
    func unset(_ register: Int) -> Fault {
        let function = program.functions[frames[depth].function]
        guard register < function.variableNames.count else {
            return Fault(.variableUnset, "the value was never set")
        }
        let name = function.variableNames[register]
        if frames[depth].function != 0, program.globals.contains(name) {
            return Fault(
                .variableUnset,
                "the variable '$\(name)' was never set in this procedure; "
                    + "the one of the top level can be read but not changed here")
        }
        return Fault(.variableUnset, "the variable '$\(name)' was never set")
    }

    func mismatch(_ operation: String, _ left: Value, _ right: Value) -> Fault {
        Fault(
            .kindMismatch, "\(operation) \(left.kindName) and \(right.kindName) does not work")
    }

    /// Says more when the value is the code of a failed command.
    func unexpected(_ value: Value, _ expected: String) -> Fault {
        if value.tag == .integer, value.integer < 0 {
            return Fault(
                .kindMismatch,
                "got the integer \(value.integer), expected \(expected); "
                    + "a negative number is the code of a failed command")
        }
        return Fault(.kindMismatch, "got \(value.kindName), expected \(expected)")
    }
}
