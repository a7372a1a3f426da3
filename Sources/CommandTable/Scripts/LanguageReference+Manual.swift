// The language in a few paragraphs, for manual pages.
extension LanguageReference {
    static let description: [Manual.Block] = [
        .paragraph(
            "A script is UTF-8 text with one statement a line; `;` parts statements on one line. A "
                + "line goes on after a comma at its end, after a lone backslash, and while a "
                + "bracket is open. Words of the language and of commands may be written in any "
                + "case, words of commands may be shortened. `#`, `//` and REM begin a comment."),
        .paragraph(
            "`\"text\"` has `$name`, `${name}` and `${name.field}` filled in; `\"\"` in it is a "
                + "quote and `$$` a dollar. `'text'` is taken as it stands. A backslash means "
                + "nothing special. Words of letters, digits and `_ - . : / * ? \\ @ % + ~` need "
                + "no quotes in a command."),
        .paragraph(
            "Numbers are whole (64 bits) or decimal. A unit may be attached: `64KB`, `10MB`, "
                + "`2GB`, `1TB` are bytes, `500ms`, `10s`, `5m`, `2h`, `1d` seconds. Where a "
                + "command takes a time, `10 minutes` and `FOREVER` do too."),
        .paragraph(
            "Values are none, booleans, integers, decimals, texts, lists `[1, 2]` and records "
                + "`{name: \"x\", size: 3}`. `$list[0]`, `$record.name` and `$record[\"name\"]` "
                + "are their parts. Assigning copies."),
        .paragraph(
            "`$1` to `$9` and `$argc` are the arguments of a script. A script that runs for an "
                + "event finds it in `$event`."),
    ]

    static let operators: [Manual.Block] = [
        .paragraph(
            "From the loosest: `OR`; `AND`; `NOT`; `= == <> != < <= > >= IN LIKE`; `&`, which "
                + "joins texts; `+ -`; `* / %`; a minus sign. `=` inside an expression compares. "
                + "A command in parentheses is a value: `(status connection 1)`.")
    ]

    static let errors: [Manual.Block] = [
        .paragraph(
            "A command that fails gives a negative number. Where a variable takes it, or inside "
                + "TRY, the script goes on, and `error()` tells the reason. Otherwise the script "
                + "stops; `SET OPTION STRICT OFF` lets it go on.")
    ]
}
