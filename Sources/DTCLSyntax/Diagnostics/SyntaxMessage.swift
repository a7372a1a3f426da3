/// Every message of this module, sorted by its id. `%1` and `%2` are filled in at the place.
enum SyntaxMessage: String, CaseIterable, Sendable {
    case adjacentWords = "adjacent-words"
    case assignmentExpected = "assignment-expected"
    case blockWordUnexpected = "block-word-unexpected"
    case catchMissing = "catch-missing"
    case catchVariableEnd = "catch-variable-end"
    case characterUnexpected = "character-unexpected"
    case comparisonChained = "comparison-chained"
    case declarationNested = "declaration-nested"
    case elseRepeated = "else-repeated"
    case endMissing = "end-missing"
    case includePathExpected = "include-path-expected"
    case interpolationInvalid = "interpolation-invalid"
    case loopWordOutside = "loop-word-outside"
    case nestingTooDeep = "nesting-too-deep"
    case numberInvalid = "number-invalid"
    case numberTooLarge = "number-too-large"
    case optionUnknown = "option-unknown"
    case optionValueInvalid = "option-value-invalid"
    case parameterRepeated = "parameter-repeated"
    case parameterWithoutDefault = "parameter-without-default"
    case quoteMissing = "quote-missing"
    case recordKeyRepeated = "record-key-repeated"
    case statementEndExpected = "statement-end-expected"
    case statementExpected = "statement-expected"
    case textInvalid = "text-invalid"
    case textTooLong = "text-too-long"
    case tokenExpected = "token-expected"
    case unitUnknown = "unit-unknown"
    case valueExpected = "value-expected"
    case variableNameExpected = "variable-name-expected"
    case wordWithoutQuotes = "word-without-quotes"

    var template: String {
        switch self {
        case .adjacentWords: "expected a blank before %1"
        case .assignmentExpected: "got %1, expected '=' after the variable"
        case .blockWordUnexpected: "got '%1' without an open block; as plain text it needs quotes"
        case .catchMissing: "got %1, expected 'CATCH' to go with 'TRY'"
        case .catchVariableEnd:
            "got %1, expected the end of the line or ';' after the variable of 'CATCH'"
        case .characterUnexpected: "got %1, which needs quotes to be part of a word"
        case .comparisonChained: "got a second comparison '%1', expected 'AND' between two"
        case .declarationNested: "'%1' may only stand at the top level of a file"
        case .elseRepeated: "got '%1' after 'ELSE', expected 'END'"
        case .endMissing: "got %2, expected 'END' for '%1'"
        case .includePathExpected: "got %1, expected a quoted path without variables"
        case .interpolationInvalid: "got '%1', expected '${name}' or '${name.field}'"
        case .loopWordOutside: "'%1' may only stand in a loop"
        case .nestingTooDeep: "the text is nested deeper than %1 levels"
        case .numberInvalid: "got '%1', expected a number; text needs quotes"
        case .numberTooLarge: "'%1' does not fit into 64 bits"
        case .optionUnknown: "got '%1', expected one of the options %2"
        case .optionValueInvalid: "got '%1', expected %2"
        case .parameterRepeated: "the parameter '$%1' is named twice"
        case .parameterWithoutDefault: "'$%1' needs a default, as a parameter before it has one"
        case .quoteMissing: "the text is not closed before the end of its line, expected %1"
        case .recordKeyRepeated: "the key '%1' stands twice in the record"
        case .statementEndExpected: "got %1, expected the end of the statement"
        case .statementExpected: "got %1, expected a statement"
        case .textInvalid: "the text is not UTF-8 from here on"
        case .textTooLong: "the text is longer than %1 bytes"
        case .tokenExpected: "got %1, expected %2"
        case .unitUnknown: "got the unit '%1', expected KB, MB, GB, TB, ms, s, m, h or d"
        case .valueExpected: "got %1, expected a value"
        case .variableNameExpected: "got %1, expected a name after '$'"
        case .wordWithoutQuotes:
            "got '%1', expected a value: text needs quotes, a command needs parentheses"
        }
    }

    func diagnostic(
        at range: SourceRange, _ first: String = "", _ second: String = "",
        notes: [Diagnostic.Note] = []
    ) -> Diagnostic {
        var message = ""
        var rest = template[...]
        while let mark = rest.firstIndex(of: "%") {
            message += rest[..<mark]
            rest = rest[mark...].dropFirst()
            message += rest.first == "1" ? first : second
            rest = rest.dropFirst()
        }
        return Diagnostic(id: rawValue, range: range, message: message + rest, notes: notes)
    }
}
