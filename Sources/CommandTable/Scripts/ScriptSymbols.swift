public import DTCLSyntax

/// The names that a script makes: its procedures, variables and includes, with their places. For
/// editors and prompts; a script with mistakes gives what can be read of it.
public struct ScriptSymbols: Sendable {
    public struct Procedure: Sendable, Hashable {
        public var name: Name
        public var parameters: [Name]
        /// How it is called: `copy($from, $to = "x")`, without the default's text.
        public var usage: String
        /// From PROCEDURE to END.
        public var range: SourceRange
    }

    /// A place that gives a variable a value.
    public struct Variable: Sendable, Hashable {
        public var name: Name
        /// The procedure that it belongs to, in small letters; nil at the top level.
        public var procedure: String?
    }

    public struct Include: Sendable, Hashable {
        public var path: String
        public var range: SourceRange
    }

    public private(set) var procedures: [Procedure] = []
    /// Every place that gives a value, in the order of the text.
    public private(set) var variables: [Variable] = []
    public private(set) var includes: [Include] = []

    public init(_ script: Script) {
        visit(script.statements, in: nil)
        variables.sort { $0.name.range.lower < $1.name.range.lower }
    }

    /// The procedure whose text holds the place.
    public func procedure(around offset: UInt32) -> Procedure? {
        procedures.first { $0.range.lower <= offset && offset <= $0.range.upper }
    }

    /// What can be read at a place: in a procedure its own names and those of the top level.
    public func variables(visibleAt offset: UInt32) -> [Variable] {
        let inside = procedure(around: offset)?.name.text
        return variables.filter { $0.procedure == nil || $0.procedure == inside }
    }

    private mutating func visit(_ statements: [Statement], in procedure: String?) {
        for statement in statements { visit(statement, in: procedure) }
    }

    private mutating func visit(_ statement: Statement, in procedure: String?) {
        switch statement.kind {
        case .assignment(let target, _): note(target.name, procedure)
        case .conditional(let branches, let otherwise):
            for branch in branches { visit(branch.body, in: procedure) }
            visit(otherwise, in: procedure)
        case .whileLoop(_, let body): visit(body, in: procedure)
        case .forLoop(let loop):
            note(loop.variable, procedure)
            visit(loop.body, in: procedure)
        case .forEachLoop(let loop):
            note(loop.first, procedure)
            if let second = loop.second { note(second, procedure) }
            visit(loop.body, in: procedure)
        case .procedure(let inner):
            note(inner, statement.range)
            visit(inner.body, in: inner.name.text)
        case .include(let path, let range): includes.append(Include(path: path, range: range))
        case .attempt(let body, let errorName, let handler):
            visit(body, in: procedure)
            if let errorName { note(errorName, procedure) }
            visit(handler, in: procedure)
        case .command, .call, .breakLoop, .continueLoop, .returnValue, .exit, .write, .wait,
            .setOption, .remark, .invalid:
            break
        }
    }

    private mutating func note(_ name: Name, _ procedure: String?) {
        variables.append(Variable(name: name, procedure: procedure))
    }

    private mutating func note(_ procedure: DTCLSyntax.Procedure, _ range: SourceRange) {
        let parameters = procedure.parameters.map { parameter in
            "$\(parameter.name.spelling)" + (parameter.defaultValue == nil ? "" : " = …")
        }
        procedures.append(
            Procedure(
                name: procedure.name, parameters: procedure.parameters.map(\.name),
                usage: "\(procedure.name.spelling)(\(parameters.joined(separator: ", ")))",
                range: range))
        for parameter in procedure.parameters { note(parameter.name, procedure.name.text) }
    }
}
