/// One statement with the text it was read from.
public struct Statement: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        indirect case assignment(AssignmentTarget, Expression)
        case command(CommandWords)
        /// A procedure called on its own line.
        indirect case call(Expression)
        indirect case conditional([ConditionalBranch], otherwise: [Statement])
        indirect case whileLoop(condition: Expression, body: [Statement])
        indirect case forLoop(ForLoop)
        indirect case forEachLoop(ForEachLoop)
        case breakLoop
        case continueLoop
        indirect case returnValue(Expression?)
        indirect case exit(Expression?)
        indirect case procedure(Procedure)
        indirect case include(path: String, range: SourceRange)
        indirect case attempt(body: [Statement], errorName: Name?, handler: [Statement])
        case write([Expression], toError: Bool)
        /// `unit` is a word such as `minutes` after the number; without a number it is FOREVER.
        indirect case wait(Expression?, unit: NumberLiteral.Unit?)
        case setOption(ScriptOption)
        /// `REM` and the rest of its line.
        case remark
        /// What could not be read; always with a diagnostic.
        case invalid
    }

    public var kind: Kind
    public var range: SourceRange
}

/// `$name`, followed by the fields and elements that lead to the place that changes.
public struct AssignmentTarget: Sendable, Hashable {
    public enum Step: Sendable, Hashable {
        case field(Name)
        case element(Expression)
    }

    public var name: Name
    public var path: [Step]
    public var range: SourceRange
}

public struct ConditionalBranch: Sendable, Hashable {
    public var condition: Expression
    public var body: [Statement]
}

public struct ForLoop: Sendable, Hashable {
    public var variable: Name
    public var from: Expression
    public var to: Expression
    public var step: Expression?
    public var body: [Statement]
}

public struct ForEachLoop: Sendable, Hashable {
    /// The value, or the key when there is a second variable.
    public var first: Name
    public var second: Name?
    public var sequence: Expression
    public var body: [Statement]
}

public struct Procedure: Sendable, Hashable {
    public struct Parameter: Sendable, Hashable {
        public var name: Name
        public var defaultValue: Expression?
    }

    public var name: Name
    public var parameters: [Parameter]
    public var body: [Statement]
}

/// What `SET OPTION` changes for the script itself.
public enum ScriptOption: Sendable, Hashable {
    /// Whether a failed command whose result is not taken stops the script.
    case strict(Bool)
    case echo(Bool)
    /// Longest time for a command in seconds; nil for FOREVER.
    case timeout(seconds: Double?)
    /// Whether a bare number after WAIT counts milliseconds.
    case waitUnit(isMilliseconds: Bool)
}
