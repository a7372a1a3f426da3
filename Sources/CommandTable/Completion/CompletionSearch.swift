import DTCLSyntax

/// Gathers what fits a context.
struct CompletionSearch {
    typealias Item = ScriptCompletion.Item

    let table: CommandTable
    let symbols: ScriptSymbols
    let source: SourceText
    let offset: Int
    let variables: [String]
    let procedures: [String]
    let context: CompletionContext

    func complete(_ answer: ScriptCompletion.Answer) -> ScriptCompletion.Answer {
        var answer = answer
        if let variable = typedVariable(answer) {
            answer.range = variable.range
            answer.typed = variable.typed
            answer.items = variableItems.compactMap { item in
                guard matches(item.text, "$" + variable.typed) else { return nil }
                var item = item
                // The dollar, and a brace, are there already.
                item.text.removeFirst()
                return item
            }
            return answer
        }
        if answer.isQuoted {
            answer.items = candidates(answer).filter { $0.kind == .value }
            return answer
        }
        var seen: Set<Item> = []
        answer.items = candidates(answer).compactMap { item in
            guard item.kind == .value || matches(item.text, answer.typed) else { return nil }
            var item = item
            item.text = styled(item, answer.typed)
            return seen.insert(item).inserted ? item : nil
        }
        return answer
    }

    private func matches(_ text: String, _ typed: String) -> Bool {
        text.lowercased().hasPrefix(typed.lowercased())
    }

    /// Words of commands and of the language in the manner of what is typed; where nothing is,
    /// commands in small letters and keywords in capitals.
    private func styled(_ item: Item, _ typed: String) -> String {
        switch item.kind {
        case .command, .option, .keyword:
            let letters = typed.filter(\.isLetter)
            if letters.isEmpty {
                return item.kind == .keyword ? item.text.uppercased() : item.text.lowercased()
            }
            return letters == letters.uppercased()
                ? item.text.uppercased() : item.text.lowercased()
        case .variable, .procedure, .function, .value: return item.text
        }
    }

    // MARK: - Places

    private func candidates(_ answer: ScriptCompletion.Answer) -> [Item] {
        switch context.place {
        case .statement: statementWords + commandItems(before: []) + procedureItems
        case .command(let start): continuation(from: start) + setOption(from: start)
        case .value: commandItems(before: []) + operands
        case .expression(isOperandDue: true, _): operands
        case .expression(_, let following):
            words([.and, .or, .in, .like]) + words(following)
        case .option(let words): optionItems(after: words)
        case .file: [Item(kind: .value, text: "", detail: "\"file\"", value: .file)]
        case .keywords(let keywords): words(keywords)
        case .nothing: []
        }
    }

    private func words(_ keywords: [Keyword]) -> [Item] {
        keywords.map { keyword in
            let detail = LanguageReference.entry(for: keyword.rawValue)?.summary ?? ""
            return Item(kind: .keyword, text: keyword.rawValue, detail: detail)
        }
    }

    private var statementWords: [Item] {
        var items = LanguageReference.statements.filter { $0.name != "$" }.map {
            Item(kind: .keyword, text: $0.name, detail: $0.usage)
        }
        if !context.blocks.contains(where: { [.while, .for, .forEach].contains($0) }) {
            items.removeAll { $0.text == "BREAK" || $0.text == "CONTINUE" }
        }
        if !context.blocks.isEmpty {
            items.removeAll { $0.text == "PROCEDURE" || $0.text == "INCLUDE" }
        }
        switch context.blocks.last {
        case .if?: items = words([.end, .else, .elseIf]) + items
        case .try?: items = words([.catch]) + items
        case nil: break
        default: items = words([.end]) + items
        }
        return items
    }

    private var operands: [Item] {
        let functions = LanguageReference.functions.map {
            Item(kind: .function, text: "\($0.name)(", detail: "\($0.usage): \($0.summary)")
        }
        return variableItems + procedureItems + functions + words([.true, .false, .nothing, .not])
    }

    private func optionItems(after words: [String]) -> [Item] {
        switch words.count {
        case 0:
            LanguageReference.options.map {
                Item(kind: .keyword, text: $0.name, detail: $0.summary)
            }
        case 1:
            switch words[0].uppercased() {
            case "STRICT", "ECHO": values("ON", "OFF")
            case "WAITUNIT": values("S", "MS")
            case "TIMEOUT": values("FOREVER")
            default: []
            }
        default: []
        }
    }

    /// `SET` alone is a command; with OPTION after it, it belongs to the language.
    private func setOption(from start: Int) -> [Item] {
        let end = context.typed.map { Int($0.range.lower) } ?? offset
        let typed = source.text(in: SourceRange(UInt32(start), UInt32(max(start, end))))
        let isAlone = typed.uppercased().split(whereSeparator: \.isWhitespace) == ["SET"]
        return isAlone ? words([.option]) : []
    }

    private func values(_ words: String...) -> [Item] {
        words.map { Item(kind: .keyword, text: $0, detail: "") }
    }

    // MARK: - Names

    private var procedureItems: [Item] {
        symbols.procedures.map {
            Item(kind: .procedure, text: "\($0.name.spelling)(", detail: $0.usage)
        } + procedures.map { Item(kind: .procedure, text: "\($0)(", detail: "") }
    }

    private var variableItems: [Item] {
        var seen: Set<String> = []
        let visible = symbols.variables(visibleAt: UInt32(offset)).filter {
            // The one that is being typed is no proposal for itself.
            Int($0.name.range.upper) != offset
        }
        return (visible.map(\.name.spelling) + variables).compactMap { name in
            guard seen.insert(name.lowercased()).inserted else { return nil }
            return Item(kind: .variable, text: "$\(name)", detail: "")
        }
    }

    /// The name after a `$` or `${` that ends at the cursor, in a text as well.
    private func typedVariable(
        _ answer: ScriptCompletion.Answer
    ) -> (range: SourceRange, typed: String)? {
        if case .nothing = context.place, context.typed == nil { return nil }
        guard context.typed?.kind != .literalText else { return nil }
        let lowest = Int(answer.range.lower)
        var start = offset
        while start > lowest, isNamePart(source.bytes[start - 1]) { start -= 1 }
        var dollar = start - 1
        if dollar >= lowest, source.bytes[dollar] == UInt8(ascii: "{") { dollar -= 1 }
        guard dollar >= lowest, source.bytes[dollar] == UInt8(ascii: "$") else { return nil }
        let range = SourceRange(UInt32(start), UInt32(offset))
        return (range, source.text(in: range))
    }

    private func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
