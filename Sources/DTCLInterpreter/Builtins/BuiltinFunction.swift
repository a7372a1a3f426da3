/// A function that every script has, described for people: help, completion, hints.
public struct BuiltinFunction: Sendable, Hashable {
    public let name: String
    /// As it is called: `substring(text, start [, count])`.
    public let signature: String
    /// One sentence.
    public let summary: String

    /// Fewest and most arguments; nil where there may be any number.
    public var argumentsMin: Int { Builtin(name: name)?.argumentCounts.lowerBound ?? 0 }
    public var argumentsMax: Int? {
        let most = Builtin(name: name)?.argumentCounts.upperBound ?? 0
        return most == Int(UInt16.max) ? nil : most
    }

    private init(_ signature: String, _ summary: String) {
        name = String(signature.prefix { $0 != "(" })
        self.signature = signature
        self.summary = summary
    }

    public static func named(_ name: String) -> BuiltinFunction? {
        let name = name.lowercased()
        return all.first { $0.name == name }
    }

    /// All of them, sorted by name.
    public static let all: [BuiltinFunction] = [
        .init("abs(number)", "The number without its sign."),
        .init("append(list, value, ...)", "The list with further elements at its end."),
        .init("argument(n)", "An argument of the script, from 1; NONE when it was not given."),
        .init("arguments()", "The arguments of the script as a list."),
        .init("contains(container, value)", "Whether a list, record or text has it: value IN it."),
        .init("date(value)", "A date's text as seconds since 1970, or such seconds as text."),
        .init("endswith(text, end)", "Whether the text ends so."),
        .init("env(name [, default])", "An environment variable; NONE or the default without."),
        .init("error()", "The last failure: code, message, command, line, file, kind."),
        .init("exists(path)", "Whether there is a file or folder of that path."),
        .init("find(text, part [, start])", "Where a part or element begins, from 0; else -1."),
        .init("format(pattern, value, ...)", "The pattern with {}, {1}, {:8}, {:>8.2} filled in."),
        .init("hostname()", "The name of this machine."),
        .init("integer(value)", "The number, or the number in the text, without its fraction."),
        .init("join(list [, separator])", "The elements as one text."),
        .init("keys(record)", "The names of the fields as a list."),
        .init("length(value)", "How many characters, elements or fields."),
        .init("lower(text)", "The text in small letters."),
        .init("max(value, ...)", "The greatest of numbers or texts."),
        .init("min(value, ...)", "The least of numbers or texts."),
        .init("now()", "Seconds since 1970."),
        .init("range(from, to [, step])", "The integers from one to another, both included."),
        .init("remove(container, key)", "The list or record without an element or field."),
        .init("replace(text, old, new)", "The text with every old part as a new one."),
        .init("round(number [, digits])", "The nearest integer, or number of so many digits."),
        .init("sort(list)", "The list of numbers or texts, the least first."),
        .init("split(text [, separator])", "The parts of the text as a list; else its words."),
        .init("startswith(text, start)", "Whether the text starts so."),
        .init("substring(text, start [, count])", "The characters from a place on, from 0."),
        .init("time(value)", "A time of day as seconds since midnight, or such seconds as text."),
        .init("trim(text)", "The text without blanks at its ends."),
        .init("type(value)", "The kind: none, boolean, integer, decimal, text, list, record."),
        .init("upper(text)", "The text in capitals."),
        .init("values(record)", "The values of the fields as a list."),
    ]
}
