import DTCLSyntax

/// Finds variables and procedures that nothing uses, in the file that is compiled; what it includes
/// may be used by others.
struct UseCheck {
    let context: CompileContext
    private var readNames: Set<String> = []
    private var calledNames: Set<String> = []

    init(_ context: CompileContext) {
        self.context = context
    }

    mutating func check(_ sections: [Resolver.Section], main source: Int) {
        for section in sections { collect(section.statements) }
        let own = sections.filter { $0.source == source }.flatMap(\.statements)
        let isLibrary = own.allSatisfy { statement in
            switch statement.kind {
            case .procedure, .remark, .include: true
            default: false
            }
        }
        for statement in own {
            guard case .procedure(let procedure) = statement.kind else { continue }
            if !isLibrary, !calledNames.contains(procedure.name.text) {
                context.report(
                    .procedureUnused, procedure.name.range, source, procedure.name.spelling)
            }
        }
        var told: Set<String> = []
        findUnused(own, source, &told)
    }

    private mutating func collect(_ statements: [Statement]) {
        for statement in statements {
            for whole in statement.kind.expressions {
                whole.forEachInside { expression in
                    switch expression.kind {
                    case .variable(let name): readNames.insert(name.text)
                    case .call(let name, _): calledNames.insert(name.text)
                    default: break
                    }
                }
            }
            for block in statement.kind.blocks { collect(block) }
        }
    }

    /// Only plain assignments: a result that is taken decides what a failure does, and the counter
    /// of a loop has its use.
    private func findUnused(_ statements: [Statement], _ source: Int, _ told: inout Set<String>) {
        for statement in statements {
            if case .assignment(let target, let value) = statement.kind, !isCommand(value),
                !readNames.contains(target.name.text), !target.name.text.hasPrefix("_"),
                told.insert(target.name.text).inserted
            {
                context.report(.variableUnused, target.name.range, source, target.name.spelling)
            }
            for block in statement.kind.blocks { findUnused(block, source, &told) }
        }
    }

    private func isCommand(_ value: Expression) -> Bool {
        if case .command = value.kind { return true }
        return false
    }
}

extension CompileContext {
    /// Everything that is worth a word although the script runs.
    func warn(_ sections: [Resolver.Section], main source: Int, given: [String]) {
        var names = AssignedNames()
        for section in sections { names.collect(section.statements) }
        var flow = FlowCheck(self, source: source, locals: Set(names.names), given: given)
        for section in sections {
            flow.source = section.source
            flow.check(section.statements)
            ConditionCheck(context: self, source: section.source).check(section.statements)
            for statement in section.statements {
                guard case .procedure(let procedure) = statement.kind else { continue }
                var names = AssignedNames()
                names.collect(procedure.body)
                var flow = FlowCheck(
                    self, source: section.source, locals: Set(names.names),
                    given: procedure.parameters.map(\.name.text))
                flow.check(procedure.body)
            }
        }
        var uses = UseCheck(self)
        uses.check(sections, main: source)
    }
}
