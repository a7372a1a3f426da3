/// What people are told about the language itself, in one list for help, completion, hovering and
/// the manual pages.
public enum LanguageReference {
    public struct Entry: Sendable, Hashable {
        /// In capitals for statements, in small letters for functions.
        public var name: String
        public var usage: String
        /// No full stop.
        public var summary: String
    }

    /// Statements by their first words.
    public static let statements = [
        Entry("$", "$name = expression | command", "keeps a value"),
        Entry("IF", "IF condition THEN … {ELSEIF condition THEN …} [ELSE …] END", "chooses"),
        Entry("WHILE", "WHILE condition DO … END", "repeats while the condition holds"),
        Entry("FOR", "FOR $i = a TO b [STEP s] DO … END", "counts"),
        Entry("FOREACH", "FOREACH $x IN list DO … END", "goes through a list or a record"),
        Entry("BREAK", "BREAK", "leaves a loop"),
        Entry("CONTINUE", "CONTINUE", "goes on with the next round of a loop"),
        Entry("RETURN", "RETURN [value]", "leaves a procedure, with its value"),
        Entry("PROCEDURE", "PROCEDURE name($a, $b = default) … END", "names a piece of script"),
        Entry("TRY", "TRY … CATCH [$error] … END", "goes on after a failure"),
        Entry("INCLUDE", "INCLUDE \"file\"", "reads another script, once"),
        Entry("WRITE", "WRITE [TO ERROR] value {, value}", "prints one line"),
        Entry("WAIT", "WAIT time", "does nothing for a while"),
        Entry(
            "SET OPTION", "SET OPTION STRICT|ECHO|TIMEOUT|WAITUNIT …",
            "changes how the script runs"),
        Entry("EXIT", "EXIT [status]", "ends the script or the session"),
        Entry("REM", "REM text", "says something to readers only, as # and // do"),
    ]

    /// Words that belong to a statement that has begun, or to an expression.
    public static let words = [
        Entry("THEN", "IF condition THEN …", "begins what is done when the condition holds"),
        Entry("ELSEIF", "ELSEIF condition THEN …", "asks for another condition"),
        Entry("ELSE", "ELSE …", "begins what is done when no condition holds"),
        Entry("DO", "WHILE condition DO …", "begins what is repeated"),
        Entry("CATCH", "CATCH [$error] …", "begins what is done after a failure"),
        Entry("END", "END", "ends IF, WHILE, FOR, FOREACH, PROCEDURE and TRY"),
        Entry("TO", "FOR $i = a TO b", "the last number"),
        Entry("STEP", "STEP s", "what is added each time"),
        Entry(
            "IN", "value IN list", "whether a list holds a value, a record a field, a text a part"),
        Entry("LIKE", "text LIKE \"a*\"", "whether a text fits a pattern with * and ?"),
        Entry("AND", "a AND b", "whether both hold"),
        Entry("OR", "a OR b", "whether one of them holds"),
        Entry("NOT", "NOT a", "whether it does not hold"),
        Entry("TRUE", "TRUE", "the boolean that holds"),
        Entry("FALSE", "FALSE", "the boolean that does not hold"),
        Entry("NONE", "NONE", "no value"),
    ]

    /// Built-in functions, sorted.
    public static let functions = [
        Entry("abs", "abs(number)", "the number without its sign"),
        Entry("append", "append(list, value, …)", "the list with more elements"),
        Entry("argument", "argument(n)", "an argument of the script, the first is 1"),
        Entry("arguments", "arguments()", "the arguments of the script as a list"),
        Entry("contains", "contains(list | record | text, value)", "whether it is in there"),
        Entry(
            "date", "date(text | seconds)", "seconds since 1970 of a date, or the date of seconds"),
        Entry("endswith", "endswith(text, end)", "whether a text ends so"),
        Entry("env", "env(name [, default])", "a variable of the environment"),
        Entry("error", "error()", "what failed last: a record with code, message, command, line"),
        Entry("exists", "exists(path)", "whether there is such a file or folder"),
        Entry(
            "find", "find(text | list, part [, from])", "where it is, from 0; -1 where it is not"),
        Entry("format", "format(pattern, value, …)", "the pattern with values put in"),
        Entry("hostname", "hostname()", "the name of this machine"),
        Entry("integer", "integer(value)", "the value as a whole number"),
        Entry("join", "join(list [, separator])", "the elements as one text"),
        Entry("keys", "keys(record)", "the names of the fields"),
        Entry("length", "length(text | list | record)", "how many characters, elements or fields"),
        Entry("lower", "lower(text)", "the text in small letters"),
        Entry("max", "max(value, …)", "the largest"),
        Entry("min", "min(value, …)", "the smallest"),
        Entry("now", "now()", "seconds since 1970"),
        Entry("range", "range(from, to [, step])", "a list of numbers"),
        Entry("remove", "remove(list | record, index | name)", "it without that element or field"),
        Entry("replace", "replace(text, part, new)", "the text with every such part changed"),
        Entry("round", "round(number [, digits])", "the nearest number with so many digits"),
        Entry("sort", "sort(list)", "the elements in order"),
        Entry("split", "split(text [, separator])", "the parts of a text as a list"),
        Entry("startswith", "startswith(text, start)", "whether a text begins so"),
        Entry("substring", "substring(text, from [, count])", "a part of a text"),
        Entry(
            "time", "time(text | seconds)",
            "seconds since midnight of a time of day, or the time of seconds"),
        Entry("trim", "trim(text)", "the text without blanks at its ends"),
        Entry("type", "type(value)", "the kind of a value: \"text\", \"list\" …"),
        Entry("upper", "upper(text)", "the text in capitals"),
        Entry("values", "values(record)", "what the fields hold, as a list"),
    ]

    /// What SET OPTION takes.
    public static let options = [
        Entry("STRICT", "SET OPTION STRICT ON|OFF", "whether a failed command stops the script"),
        Entry("ECHO", "SET OPTION ECHO ON|OFF", "whether commands are shown before they run"),
        Entry("TIMEOUT", "SET OPTION TIMEOUT time|FOREVER", "the longest time for a command"),
        Entry(
            "WAITUNIT", "SET OPTION WAITUNIT S|MS", "what a bare number after WAIT counts"),
    ]

    /// The entry for a word of the language or a built-in function, in any case.
    public static func entry(for word: String) -> Entry? {
        let upper = word.uppercased()
        return (statements + words).first { $0.name == upper }
            ?? functions.first { $0.name == word.lowercased() }
    }
}

extension LanguageReference.Entry {
    init(_ name: String, _ usage: String, _ summary: String) {
        self.name = name
        self.usage = usage
        self.summary = summary
    }
}
