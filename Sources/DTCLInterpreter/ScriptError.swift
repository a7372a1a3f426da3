public import DTCLSyntax

/// Why a script stopped, and where.
public struct ScriptError: Error, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case argumentInvalid = "argument-invalid"
        case callTooDeep = "call-too-deep"
        case commandFailed = "command-failed"
        case conditionInvalid = "condition-invalid"
        case divisionByZero = "division-by-zero"
        case elementMissing = "element-missing"
        case fieldMissing = "field-missing"
        case kindMismatch = "kind-mismatch"
        case memoryLimit = "memory-limit"
        case overflow = "overflow"
        case stepLimit = "step-limit"
        case variableUnset = "variable-unset"

        /// Limits cannot be caught by a script.
        public var isLimit: Bool {
            switch self {
            case .callTooDeep, .memoryLimit, .stepLimit: true
            default: false
            }
        }

        /// The code that `$error.code` shows; a failed command shows its own.
        public var code: Int {
            switch self {
            case .commandFailed: -1
            case .argumentInvalid: -1901
            case .callTooDeep: -1902
            case .conditionInvalid: -1903
            case .divisionByZero: -1904
            case .elementMissing: -1905
            case .fieldMissing: -1906
            case .kindMismatch: -1907
            case .memoryLimit: -1908
            case .overflow: -1909
            case .stepLimit: -1910
            case .variableUnset: -1911
            }
        }
    }

    /// One procedure on the way to the place of the error, and the line that it had come to.
    public struct Call: Sendable, Hashable {
        /// The procedure that was running, empty for the top level.
        public var procedure: String
        public var file: String
        public var line: Int
    }

    public var kind: Kind
    public var message: String
    public var file: String
    public var position: SourcePosition
    public var range: SourceRange
    /// The command as typed, for `commandFailed`; secret words show as `***`.
    public var command: String?
    /// Negative; the command's own code for `commandFailed`.
    public var code: Int
    /// Innermost first.
    public var calls: [Call]

    public var line: Int { position.line }
    public var column: Int { position.column }
    public var isLimit: Bool { kind.isLimit }
}

/// What goes wrong inside the machine, before the place is known.
struct Fault: Error {
    var kind: ScriptError.Kind
    var message: String
    var code: Int
    var command: String?

    init(_ kind: ScriptError.Kind, _ message: String, code: Int? = nil, command: String? = nil) {
        self.kind = kind
        self.message = message
        self.code = code ?? kind.code
        self.command = command
    }
}
