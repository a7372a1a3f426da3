import CommandModel
import CommandTable
import DTCLSyntax

// What helps while reading: explanations, places, an outline.
extension LanguageServer {
    // MARK: - Hovering

    func hover(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        let offset = document.index.offset(of: parameters["position"])
        guard let token = document.token(at: offset),
            let text = explanation(of: token, at: offset, in: document)
        else { return .none }
        let contents: CommandRecord = ["kind": .text("markdown"), "value": .text(text)]
        return .record([
            "contents": .record(contents), "range": document.index.range(token.range),
        ])
    }

    private func explanation(
        of token: Token, at offset: Int, in document: Document
    ) -> String? {
        if let mention = Mentions(document.script).mention(at: offset) {
            return explanation(of: mention, in: document)
        }
        if let keyword = token.keyword {
            return LanguageReference.entry(for: keyword.rawValue).map(explanation)
        }
        if token.kind == .word, document.text(token.range).uppercased() == "SET" {
            return LanguageReference.entry(for: "SET OPTION").map(explanation)
        }
        return document.command(at: offset).flatMap { explanation(of: $0, at: offset) }
    }

    private func explanation(_ entry: LanguageReference.Entry) -> String {
        "```dtcl\n\(entry.usage)\n```\n\(entry.summary)"
    }

    private func explanation(of mention: Mentions.Mention, in document: Document) -> String? {
        switch mention.kind {
        case .call:
            if let procedure = procedure(named: mention.name, seenFrom: document) {
                return "```dtcl\nPROCEDURE \(procedure.procedure.usage)\n```"
            }
            return LanguageReference.functions.first { $0.name == mention.name }
                .map(explanation)
        case .variable:
            let places = definitions(of: mention, in: document)
            let owner = Mentions.owner(of: mention, document.symbols)
            let kind = owner.map { "variable of \($0)" } ?? "variable"
            let lines = places.map { LineTable(document.source).position(of: $0.lower).line }
            guard let first = lines.first else {
                let isGlobal = globals.contains { $0.lowercased() == mention.name }
                return isGlobal ? "`$\(mention.name)`: set before the script runs" : nil
            }
            let others = lines.count > 1 ? " and \(lines.count - 1) more" : ""
            return "`$\(mention.name)`: \(kind), set in line \(first)\(others)"
        }
    }

    /// The help of the command, whichever of its words is pointed at.
    private func explanation(of command: CommandWords, at offset: Int) -> String? {
        let words = command.words.prefix { $0.isKeywordCandidate }.map(\.raw)
        let bound = table.bind(command).command?.declaration
        let lines = bound.map { $0.helpLines } ?? table.help(on: words)
        guard !lines.isEmpty else { return nil }
        return "```\n\(lines.joined(separator: "\n"))\n```"
    }

    // MARK: - Places

    func definition(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        let offset = document.index.offset(of: parameters["position"])
        if let include = document.symbols.includes.first(where: {
            Int($0.range.lower) <= offset && offset <= Int($0.range.upper)
        }) {
            let path = includedPath(include.path, from: document)
            let start = TextIndex([]).range(SourceRange(0, 0))
            return .record(["uri": .text(DocumentAddress.address(of: path)), "range": start])
        }
        guard let mention = Mentions(document.script).mention(at: offset) else { return .none }
        switch mention.kind {
        case .call:
            guard let found = procedure(named: mention.name, seenFrom: document) else {
                return .none
            }
            return location(found.document, found.procedure.name.range)
        case .variable:
            return .list(definitions(of: mention, in: document).map { location(document, $0) })
        }
    }

    func references(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        .list(mentions(document, parameters).map { location(document, $0.range) })
    }

    func highlights(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        .list(
            mentions(document, parameters).map {
                .record(["range": document.index.range($0.range), "kind": .integer(1)])
            })
    }

    private func mentions(
        _ document: Document, _ parameters: CommandRecord
    ) -> [Mentions.Mention] {
        let mentions = Mentions(document.script)
        let offset = document.index.offset(of: parameters["position"])
        return mentions.mention(at: offset).map { mentions.same(as: $0, document.symbols) } ?? []
    }

    private func location(_ document: Document, _ range: SourceRange) -> CommandValue {
        .record(["uri": .text(document.address), "range": document.index.range(range)])
    }

    /// Where a variable is given a value; of one that belongs to a procedure, there only.
    private func definitions(of mention: Mentions.Mention, in document: Document) -> [SourceRange] {
        let owner = Mentions.owner(of: mention, document.symbols)
        return document.symbols.variables.filter {
            $0.name.text == mention.name && $0.procedure == owner
        }.map(\.name.range)
    }

    /// In this document or in one that it includes, directly or not.
    func procedure(
        named name: String, seenFrom document: Document
    ) -> (document: Document, procedure: ScriptSymbols.Procedure)? {
        var waiting = [document]
        var seen: Set<String> = []
        while let next = waiting.popLast() {
            guard seen.insert(next.name).inserted, seen.count < 100 else { continue }
            if let found = next.symbols.procedures.first(where: { $0.name.text == name }) {
                return (next, found)
            }
            waiting += next.symbols.includes.compactMap { include in
                included(includedPath(include.path, from: next))
            }
        }
        return nil
    }

    private func included(_ path: String) -> Document? {
        if let open = documents.values.first(where: { $0.name == path }) { return open }
        return readFile(path).map {
            Document(
                address: DocumentAddress.address(of: path), version: .none, bytes: $0.bytes)
        }
    }

    // MARK: - Outline

    /// Procedures, with their variables inside, and the variables of the top level.
    func outline(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        let symbols = document.symbols
        let owned = Dictionary(grouping: symbols.variables, by: \.procedure)
        var entries = symbols.procedures.map { procedure in
            let inner = Self.firstOfEach(owned[procedure.name.text] ?? [])
            var entry = entry(
                procedure.usage, kind: 12, procedure.range, procedure.name.range, document)
            let children = inner.map { self.entry(of: $0, document) }
            if !children.isEmpty { entry["children"] = .list(children.map { .record($0) }) }
            return (place: procedure.range.lower, entry: entry)
        }
        for variable in Self.firstOfEach(owned[nil] ?? []) {
            entries.append((variable.name.range.lower, entry(of: variable, document)))
        }
        return .list(entries.sorted { $0.place < $1.place }.map { .record($0.entry) })
    }

    private static func firstOfEach(
        _ variables: [ScriptSymbols.Variable]
    ) -> [ScriptSymbols.Variable] {
        var seen: Set<String> = []
        return variables.filter { seen.insert($0.name.text).inserted }
    }

    private func entry(of variable: ScriptSymbols.Variable, _ document: Document) -> CommandRecord {
        entry(
            "$\(variable.name.spelling)", kind: 13, variable.name.range, variable.name.range,
            document)
    }

    private func entry(
        _ name: String, kind: Int64, _ range: SourceRange, _ selected: SourceRange,
        _ document: Document
    ) -> CommandRecord {
        [
            "name": .text(name), "kind": .integer(kind), "range": document.index.range(range),
            "selectionRange": document.index.range(selected),
        ]
    }
}
