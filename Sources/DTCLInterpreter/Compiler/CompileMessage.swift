import DTCLSyntax

/// Every message of the compiler, sorted by its id. `%1` and `%2` are filled in at the place.
enum CompileMessage: String, CaseIterable, Sendable {
    case argumentCount = "argument-count"
    case argumentReadOnly = "argument-read-only"
    case comparisonUnlike = "comparison-unlike"
    case conditionConstant = "condition-constant"
    case functionUnknown = "function-unknown"
    case includeCycle = "include-cycle"
    case includeFailed = "include-failed"
    case loopNeverRuns = "loop-never-runs"
    case procedureRepeated = "procedure-repeated"
    case procedureUnused = "procedure-unused"
    case programTooLarge = "program-too-large"
    case unreachableCode = "unreachable-code"
    case variableMaybeUnset = "variable-maybe-unset"
    case variableUnknown = "variable-unknown"
    case variableUnused = "variable-unused"

    /// Warnings are only looked for when the host asks for them; the script runs all the same.
    var severity: Diagnostic.Severity {
        switch self {
        case .comparisonUnlike, .conditionConstant, .loopNeverRuns, .procedureUnused,
            .unreachableCode, .variableMaybeUnset, .variableUnused:
            .warning
        case .argumentCount, .argumentReadOnly, .functionUnknown, .includeCycle, .includeFailed,
            .procedureRepeated, .programTooLarge, .variableUnknown:
            .error
        }
    }

    var template: String {
        switch self {
        case .argumentCount: "'%1' takes %2"
        case .argumentReadOnly: "'$%1' is an argument of the script and cannot be set"
        case .comparisonUnlike: "comparing %1 and %2 never works: they are unlike kinds"
        case .conditionConstant: "the condition holds %1"
        case .functionUnknown: "got '%1(', expected a built-in function or a procedure"
        case .includeCycle: "'%1' is being read already: the files include each other"
        case .includeFailed: "'%1' cannot be included: %2"
        case .loopNeverRuns: "the loop never runs: its range is empty"
        case .procedureRepeated: "the procedure '%1' is declared twice"
        case .procedureUnused: "the procedure '%1' is never called"
        case .programTooLarge: "the script has too many %1 for one program"
        case .unreachableCode: "nothing leads here: the statement before never goes on"
        case .variableMaybeUnset: "the variable '$%1' may not be set here"
        case .variableUnknown: "the variable '$%1' is never set"
        case .variableUnused: "the variable '$%1' is set and never read"
        }
    }

    func diagnostic(
        at range: SourceRange, _ first: String = "", _ second: String = "",
        nearest: String? = nil
    ) -> Diagnostic {
        var message = ""
        var rest = template[...]
        while let mark = rest.firstIndex(of: "%") {
            message += rest[..<mark]
            rest = rest[mark...].dropFirst()
            message += rest.first == "1" ? first : second
            rest = rest.dropFirst()
        }
        let notes = nearest.map { [Diagnostic.Note(message: "the nearest name is '\($0)'")] } ?? []
        return Diagnostic(
            id: rawValue, severity: severity, range: range, message: message + rest, notes: notes)
    }
}
