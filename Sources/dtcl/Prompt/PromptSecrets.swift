import CommandTable
import DTCLSyntax
import UnderstudyCommands

/// What may be remembered of a text: passwords become stars, and where they cannot be told from
/// other words nothing is remembered.
enum PromptSecrets {
    /// nil for nothing.
    static func masked(_ text: String) -> String? {
        let table = UnderstudyCommands.table
        let script = Script.parse(text, name: "prompt")
        var secrets: [SourceRange] = []
        for command in script.commands {
            let binding = table.bind(command)
            if binding.command == nil, mayHideSecret(text, table) { return nil }
            for (index, treatment) in binding.treatments where treatment == .raw {
                secrets.append(command.words[index].range)
            }
            if let pattern = binding.command?.declaration.pattern, takesSecret(pattern) {
                secrets += command.words.filter(isCalculated).map(\.range)
            }
        }
        // The parser cannot say where the words of a broken line end.
        if script.hasErrors, mayHideSecret(text, table) { return nil }
        var bytes = script.source.bytes
        for secret in secrets.sorted(by: { $0.lower > $1.lower }) {
            bytes.replaceSubrange(Int(secret.lower)..<Int(secret.upper), with: Array("***".utf8))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `("hush")` is no text to the table, and a password all the same.
    private static func isCalculated(_ word: Word) -> Bool {
        if case .parenthesised = word.kind {
            word.raw.contains { "\"'".contains($0) }
        } else {
            false
        }
    }

    /// Whether any word looks like the start of a command that takes a secret.
    private static func mayHideSecret(_ text: String, _ table: CommandTable) -> Bool {
        let known = table.declarations.filter { takesSecret($0.pattern) }
            .compactMap(\.words.first).flatMap { [$0.text] + $0.aliases }
        return text.split { !$0.isLetter }.contains { word in
            known.contains { $0.hasPrefix(word.uppercased()) && word.count > 2 }
                || NearestName.nearest(to: String(word), among: known) != nil
        }
    }

    private static func takesSecret(_ pattern: Pattern) -> Bool {
        switch pattern {
        case .value(_, let kind, _): kind == .secret
        case .sequence(let parts), .choice(let parts), .options(let parts):
            parts.contains(where: takesSecret)
        case .optional(let part), .list(_, let part): takesSecret(part)
        case .word, .setting, .sign, .rest: false
        }
    }
}
