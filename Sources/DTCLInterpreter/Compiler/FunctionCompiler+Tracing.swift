import DTCLSyntax

// Instructions that tell where the script is and what its variables hold.
extension FunctionCompiler {
    /// Before a statement, or each time a condition is looked at.
    func trace(_ place: SourceRange, reading expressions: [Expression]) {
        guard context.options.tracing != .off else { return }
        var names: [Name] = []
        if context.options.tracing == .values {
            for expression in expressions {
                expression.forEachInside { inner in
                    if case .variable(let name) = inner.kind { names.append(name) }
                }
            }
        }
        addTrace(.statement, place, names)
    }

    /// After a variable was set. Alone it says nothing about the place, so lines do not need it.
    func traceAssigned(_ place: SourceRange, _ names: [Name]) {
        if context.options.tracing == .values { addTrace(.assigned, place, names) }
    }

    private func addTrace(_ kind: TraceSite.Kind, _ place: SourceRange, _ names: [Name]) {
        var site = TraceSite(
            kind: kind, source: context.program.sources[source], range: place,
            line: context.line(of: place.lower, in: source), names: [], slots: [],
            firstCommand: context.program.commandSites.count)
        for name in names where !site.names.contains("$" + name.spelling) {
            guard let slot = slot(of: name) else { continue }
            site.names.append("$" + name.spelling)
            site.slots.append(slot)
        }
        emit(Instruction(.trace, k: context.program.traceSites.count))
        context.program.traceSites.append(site)
    }

    private func slot(of name: Name) -> TraceSite.Slot? {
        switch binding(of: name) {
        case .register(let register): .register(register)
        case .global(let index): .global(index)
        case .argument(let number): .argument(number)
        case .argumentCount: .argumentCount
        case .unknown: nil
        }
    }

    /// The trace before a statement that has no block; the others trace their heads themselves.
    func traceSimple(_ statement: Statement) {
        switch statement.kind {
        case .assignment(let target, let value):
            var read = [value]
            for case .element(let index) in target.path { read.append(index) }
            trace(statement.range, reading: read)
        case .command(let command): trace(statement.range, reading: command.expressions)
        case .call(let call): trace(statement.range, reading: [call])
        case .returnValue(let value), .exit(let value):
            trace(statement.range, reading: value.map { [$0] } ?? [])
        case .write(let values, _): trace(statement.range, reading: values)
        case .wait(let duration, _):
            trace(statement.range, reading: duration.map { [$0] } ?? [])
        case .breakLoop, .continueLoop, .setOption: trace(statement.range, reading: [])
        case .conditional, .whileLoop, .forLoop, .forEachLoop, .attempt, .procedure, .include,
            .remark, .invalid:
            break
        }
    }
}

extension CompileContext {
    /// Finds the secret words of each place; known when all commands are compiled.
    func hideSecrets() {
        for index in program.traceSites.indices {
            let site = program.traceSites[index]
            var hidden: [SourceRange] = []
            for command in program.commandSites[site.firstCommand...] {
                let isInside =
                    site.range.lower <= command.range.lower
                    && command.range.upper <= site.range.upper
                guard isInside else { break }
                for (word, treatment) in command.treatments where treatment == .raw {
                    hidden.append(command.words[word].range)
                }
            }
            program.traceSites[index].hidden = hidden.sorted { $0.lower < $1.lower }
        }
    }
}
