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
                + "command's words.",
        ]
        for group in groups {
            lines += ["", "## \(group.name)"]
            for declaration in group.declarations { lines += [""] + declaration.markdown }
        }
        if !statements.isEmpty {
            lines += ["", "## Statements of the language", "", "| statement | |", "| --- | --- |"]
            for statement in statements {
                let usage = statement.usage.split(separator: "|", omittingEmptySubsequences: false)
                    .joined(separator: "\\|")
                lines.append("| `\(usage)` | \(statement.summary) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension CommandDeclaration {
    var markdown: [String] {
        var lines = ["### \(name)", "", "```", usage, "```", "", sentence(summary)]
        if !details.isEmpty { lines += ["", details] }
        var facts = ["Access: \(access)."]
        if !answer.isEmpty { facts.append("Value: \(answer).") }
        if let forms = shortForms { facts.append("Short: `\(forms)`.") }
        if !isAvailable { facts.append("Not available in this version.") }
        lines += ["", facts.joined(separator: " ")]
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
