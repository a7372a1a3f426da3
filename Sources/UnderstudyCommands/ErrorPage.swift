import CommandModel
import CommandTable

/// `Docs/Reference/Errors.md`, made from the table.
public enum ErrorPage {
    /// - Parameter language: the messages of parser and compiler, by their marks.
    public static func markdown(language: [(id: String, meaning: String)]) -> String {
        let commands = Faults.all.map { fault in
            let names = UnderstudyCommands.table.declarations
                .filter { $0.isAvailable && $0.faults.contains(fault) }.map(\.name)
            var unique: [String] = []
            for name in names where !unique.contains(name) { unique.append(name) }
            let told = unique.isEmpty ? "" : " (\(unique.joined(separator: ", ")))"
            return ("\(fault.code.rawValue)", fault.meaning + told)
        }
        return FaultPage.markdown(
            title: "Errors",
            introduction: """
                Made from the declarations of the commands; do not edit. `REWRITE=1 swift test \
                --filter Reference` writes it anew.
                """,
            sections: [
                (
                    "Codes of commands",
                    "What `$x = command` holds after a failure and what `error()` gives as `code`. "
                        + "Commands are named that say so by themselves; any command may answer "
                        + "with -101, -102, -109, -110, -138 and -1002.", commands
                ),
                (
                    "Codes of the language",
                    "What `error()` gives as `code` when no command failed but the script itself.",
                    languageFaults
                ),
                (
                    "Marks of messages about commands",
                    "The `id` of what `dtcl check --json` and editors show for a line that is no "
                        + "command or not a whole one.",
                    CommandTable.messages.map { ($0.id, $0.meaning) }
                ),
                (
                    "Marks of messages about the language",
                    "The `id` of what is wrong with a script, or hardly meant, and the message, "
                        + "`…` where it names something of the script.",
                    language.map { ($0.id, $0.meaning) }
                ),
            ])
    }

    private static let languageFaults = [
        ("-1901", "a built-in function got an argument that it cannot take"),
        ("-1902", "procedures call one another too deep"),
        ("-1903", "a condition is neither true nor false, or a failed command's code"),
        ("-1904", "a division by zero"),
        ("-1905", "a list has no such element"),
        ("-1906", "a record has no such field"),
        ("-1907", "a value is of another kind than what is done with it needs"),
        ("-1908", "the script used more memory than it may"),
        ("-1909", "a number became too large"),
        ("-1910", "the script took more steps than it may"),
        ("-1911", "a variable has no value yet"),
    ]
}
