import DTCLSyntax

/// What an expression is worth when that is plain from the text alone. For warnings; the machine
/// works everything out anew.
enum ConstantFolder {
    static func value(of expression: Expression) -> ScriptValue? {
        switch expression.kind {
        case .none: return ScriptValue.none
        case .boolean(let flag): return .boolean(flag)
        case .number(let number):
            switch number.value {
            case .integer(let value): return .integer(value)
            case .decimal(let value): return .decimal(value)
            }
        case .text(let pieces): return TextPiece.staticText(pieces).map(ScriptValue.text)
        case .unary(.negate, let operand):
            guard case .integer(let number)? = value(of: operand), number != .min else {
                return nil
            }
            return .integer(-number)
        case .unary(.not, let operand): return truth(of: operand).map { .boolean(!$0) }
        case .binary(let sign, let left, let right): return binary(sign, left, right)
        case .variable, .list, .record, .call, .field, .element, .command, .invalid: return nil
        }
    }

    /// Whether a condition holds, when that is plain.
    static func truth(of condition: Expression) -> Bool? {
        switch value(of: condition) {
        case .boolean(let flag)?: flag
        case .integer(let number)? where number >= 0: number != 0
        default: nil
        }
    }

    private static func binary(
        _ sign: BinaryOperator, _ left: Expression, _ right: Expression
    ) -> ScriptValue? {
        switch sign {
        case .and, .or:
            let decisive = sign == .or
            let sides = [truth(of: left), truth(of: right)]
            if sides.contains(decisive) { return .boolean(decisive) }
            return sides.contains(nil) ? nil : .boolean(!decisive)
        default: break
        }
        guard let first = value(of: left), let second = value(of: right) else { return nil }
        switch sign {
        case .equal: return areEqual(first, second).map { .boolean($0) }
        case .notEqual: return areEqual(first, second).map { .boolean(!$0) }
        case .less: return isLess(first, second).map { .boolean($0) }
        case .greater: return isLess(second, first).map { .boolean($0) }
        case .lessOrEqual: return isLess(second, first).map { .boolean(!$0) }
        case .greaterOrEqual: return isLess(first, second).map { .boolean(!$0) }
        case .like:
            guard case .text(let text) = first, case .text(let pattern) = second,
                !pattern.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
                )
            else { return nil }
            return .boolean(text == pattern)
        case .join: return .text(first.printed + second.printed)
        case .or, .and, .in, .add, .subtract, .multiply, .divide, .remainder: return nil
        }
    }

    private static func areEqual(_ left: ScriptValue, _ right: ScriptValue) -> Bool? {
        if let first = number(left), let second = number(right) { return first == second }
        if left.kindName != right.kindName, left != .none, right != .none { return nil }
        return left == right
    }

    private static func isLess(_ left: ScriptValue, _ right: ScriptValue) -> Bool? {
        if let first = number(left), let second = number(right) { return first < second }
        guard case .text(let first) = left, case .text(let second) = right else { return nil }
        return first.utf8.lexicographicallyPrecedes(second.utf8)
    }

    static func number(_ value: ScriptValue) -> Double? {
        switch value {
        case .integer(let number): Double(number)
        case .decimal(let number): number
        default: nil
        }
    }

    // MARK: Kinds

    /// The kind of an expression where the text alone says it; integers and decimals are `number`.
    static func kind(of expression: Expression) -> String? {
        switch expression.kind {
        case .none: "none"
        case .boolean: "boolean"
        case .number: "number"
        case .text: "text"
        case .list: "list"
        case .record: "record"
        case .unary(.negate, _): "number"
        case .unary(.not, _): "boolean"
        case .binary(let sign, _, _):
            switch sign {
            case .join: "text"
            case .add, .subtract, .multiply, .divide, .remainder: "number"
            default: "boolean"
            }
        case .call(let name, _): kind(ofCall: name.text)
        case .variable, .field, .element, .command, .invalid: nil
        }
    }

    private static func kind(ofCall name: String) -> String? {
        switch Builtin(name: name) {
        case .format, .hostname, .join, .lower, .replace, .substring, .trim, .type, .upper: "text"
        case .find, .integer, .length, .now, .round: "number"
        case .contains, .endswith, .exists, .startswith: "boolean"
        case .arguments, .append, .keys, .range, .sort, .split, .values: "list"
        default: nil
        }
    }
}
