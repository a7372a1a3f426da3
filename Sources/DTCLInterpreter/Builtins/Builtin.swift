/// The built-in functions. All are pure but for what they ask of the environment.
enum Builtin: UInt8, CaseIterable {
    case abs, append, argument, arguments, contains, date, endswith, env, error, exists, find
    case format, hostname, integer, join, keys, length, lower, max, min, now, range, remove
    case replace, round, sort, split, startswith, substring, time, trim, type, upper, values
    /// `$1`, which must have been given.
    case scriptArgument
    /// `$argc`
    case argumentCount

    private static let byName: [String: Builtin] = {
        var table: [String: Builtin] = [:]
        for builtin in allCases where builtin.isCallable {
            table[String(describing: builtin)] = builtin
        }
        return table
    }()

    /// The functions that scripts can name, sorted.
    static let names = byName.keys.sorted()

    init?(name: String) {
        guard let builtin = Builtin.byName[name] else { return nil }
        self = builtin
    }

    var name: String { String(describing: self) }

    var index: Int { Int(rawValue) }

    private var isCallable: Bool { self != .scriptArgument && self != .argumentCount }

    var argumentCounts: ClosedRange<Int> {
        let many = Int(UInt16.max)
        return switch self {
        case .arguments, .error, .hostname, .now, .argumentCount: 0...0
        case .abs, .argument, .date, .exists, .integer, .keys, .length, .lower, .sort, .time, .trim,
            .type, .upper, .values, .scriptArgument:
            1...1
        case .env, .join, .round, .split: 1...2
        case .contains, .endswith, .remove, .startswith: 2...2
        case .find, .range, .substring: 2...3
        case .replace: 3...3
        case .append, .max, .min: 1...many
        case .format: 1...many
        }
    }
}
