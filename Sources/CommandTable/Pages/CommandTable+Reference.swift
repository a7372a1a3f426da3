import CommandModel

// The reference page, made from the declarations.
extension CommandTable {
    /// - Parameter statements: of the language, for the page's end.
    public func markdown(
        title: String, statements: [(usage: String, summary: String)] = []
    ) -> String {
        var lines = [
            "# \(title)", "",
            "Made by `dtcl help --markdown` from the declarations of the commands; do not edit.",
            "",
            "Words in capitals are typed as they stand, in any case; words in small letters stand "
                + "for data. `[…]` may be left out, `|` parts alternatives, "
                + "`{, …}` may be repeated. "
                + "`CON` is a connection id, or `*` for all. *Short* is the shortest form of the "
                + "command's words. *Lua* is the command as a function: arguments by place, then "
                + "a table with what is given by name. What ends in `[PLAN]` says with that word "
                + "what it would do, and does nothing. Commands that fail on a server may answer "
                + "with -138, -110 and -1002 beside the codes named.",
        ]
        lines += [""] + groups.map { "* [\($0.name)](#\(anchor($0.name)))" }
        if !statements.isEmpty {
            lines.append("* [Statements of the language](#statements-of-the-language)")
        }
        for group in groups {
            lines += ["", "## \(group.name)"]
            var before = ""
            for declaration in group.declarations {
                if declaration.name != before { lines += ["", "### \(declaration.name)"] }
                before = declaration.name
                lines += [""] + declaration.markdown
            }
        }
        if !statements.isEmpty {
            lines += ["", "## Statements of the language", "", "| statement | |", "| --- | --- |"]
            for statement in statements {
                lines.append("| `\(cell(statement.usage))` | \(cell(statement.summary)) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func anchor(_ heading: String) -> String {
        heading.lowercased().split(separator: " ").joined(separator: "-")
    }
}

/// A page of numbers and what they mean.
public enum FaultPage {
    /// - Parameter sections: a heading, what it says first, and rows of a number or id, and words.
    public static func markdown(
        title: String, introduction: String,
        sections: [(heading: String, text: String, rows: [(String, String)])]
    ) -> String {
        var lines = ["# \(title)", "", introduction]
        for section in sections {
            lines += ["", "## \(section.heading)", "", section.text, "", "| | |", "| --- | --- |"]
            for (name, meaning) in section.rows {
                lines.append("| `\(cell(name))` | \(cell(meaning)) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Text for a cell of a table.
private func cell(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
}

extension CommandDeclaration {
    var markdown: [String] {
        var lines = ["```", usage, "```", "", sentence(summary)]
        if !details.isEmpty { lines += ["", details] }
        var facts = ["Access: \(access)."]
        if !answer.isEmpty { facts.append("Value: \(answer).") }
        if let forms = shortForms { facts.append("Short: `\(forms)`.") }
        facts.append("Lua: `\(luaUsage)`.")
        if !isAvailable { facts.append("**Not available in this version.**") }
        lines += ["", facts.joined(separator: " ")]
        if !faults.isEmpty {
            let list = faults.map { "\($0.code.rawValue) \($0.meaning)" }
            lines += ["", "Errors: \(list.joined(separator: "; "))."]
        }
        if !examples.isEmpty {
            lines += ["", "```"]
            for example in examples {
                let explanation = example.explanation.isEmpty ? "" : "    # \(example.explanation)"
                lines.append(example.line + explanation)
            }
            lines.append("```")
        }
        return lines
    }
}
