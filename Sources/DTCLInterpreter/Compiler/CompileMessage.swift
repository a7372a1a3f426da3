import DTCLSyntax

/// Every message of the compiler, sorted by its id. `%1` and `%2` are filled in at the place.
enum CompileMessage: String, CaseIterable, Sendable {
    case argumentCount = "argument-count"
    case argumentReadOnly = "argument-read-only"
    case functionUnknown = "function-unknown"
    case includeCycle = "include-cycle"
    case includeFailed = "include-failed"
    case procedureRepeated = "procedure-repeated"
    case programTooLarge = "program-too-large"
    case variableUnknown = "variable-unknown"

    var template: String {
        switch self {
        case .argumentCount: "'%1' takes %2"
        case .argumentReadOnly: "'$%1' is an argument of the script and cannot be set"
        case .functionUnknown: "got '%1(', expected a built-in function or a procedure"
        case .includeCycle: "'%1' is being read already: the files include each other"
        case .includeFailed: "'%1' cannot be included: %2"
        case .procedureRepeated: "the procedure '%1' is declared twice"
        case .programTooLarge: "the script has too many %1 for one program"
        case .variableUnknown: "the variable '$%1' is never set"
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
        return Diagnostic(id: rawValue, range: range, message: message + rest, notes: notes)
    }
}
