import CommandModel

extension CommandTable {
    /// A manual page for the language with these commands.
    public func manual(
        name: String, source: String, manual: String, seeAlso: [String] = []
    ) -> String {
        var page = Manual(
            name, section: 7, source: source, manual: manual,
            summary: "the command language, its statements, functions and commands")
        page.section("Description", LanguageReference.description)
        page.section("Statements", LanguageReference.statements.map(Self.item))
        page.section("Operators", LanguageReference.operators)
        page.section(
            "Functions",
            LanguageReference.functions.map { .item($0.usage, sentence($0.summary)) })
        page.section("Errors", LanguageReference.errors)
        for group in groups {
            page.section("Commands: \(group.name)", group.declarations.flatMap(\.manualBlocks))
        }
        if !seeAlso.isEmpty {
            page.section("See also", [.paragraph(seeAlso.joined(separator: ", "))])
        }
        return page.page
    }

    private static func item(_ entry: LanguageReference.Entry) -> Manual.Block {
        .item(entry.usage, sentence(entry.summary))
    }
}

extension CommandDeclaration {
    fileprivate var manualBlocks: [Manual.Block] {
        var blocks = [Manual.Block.subheading(name), .lines(usageLines(columns: 70))]
        var told = sentence(summary)
        if !details.isEmpty { told += " " + details }
        blocks.append(.paragraph(told))
        var facts = ["Access: \(access)."]
        if !answer.isEmpty { facts.append("Value: \(answer).") }
        if let forms = shortForms { facts.append("Short: `\(forms)`.") }
        if !isAvailable { facts.append("Not available in this version.") }
        if !faults.isEmpty {
            let codes = faults.map { String($0.code.rawValue) }.joined(separator: ", ")
            facts.append("Errors: \(codes).")
        }
        blocks.append(.paragraph(facts.joined(separator: " ")))
        blocks.append(.lines(examples.map(\.line)))
        return blocks
    }
}
