import CommandModel
import CommandTable
import DTCLSyntax

// Arguments of calls, and new names.
extension LanguageServer {
    // MARK: - Arguments

    /// The function or procedure whose arguments are being typed, and which of them.
    func signature(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        let offset = document.index.offset(of: parameters["position"])
        guard let call = openCall(before: offset, in: document) else { return .none }
        let label: String
        var documentation = ""
        if let procedure = procedure(named: call.name, seenFrom: document)?.procedure {
            label = procedure.usage
        } else if let entry = LanguageReference.functions.first(where: { $0.name == call.name }) {
            label = entry.usage
            documentation = entry.summary
        } else {
            return .none
        }
        let inner = label.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }
        let arguments = inner.split(separator: ",").map { part -> CommandValue in
            .record(["label": .text(String(part.trimmingBlanks))])
        }
        var signature: CommandRecord = ["label": .text(label), "parameters": .list(arguments)]
        if !documentation.isEmpty { signature["documentation"] = .text(documentation) }
        // What repeats stays the last one.
        let active = arguments.isEmpty ? 0 : min(call.argument, arguments.count - 1)
        return .record([
            "signatures": .list([.record(signature)]), "activeSignature": .integer(0),
            "activeParameter": .integer(Int64(active)),
        ])
    }

    /// The innermost call that is open at the place.
    private func openCall(
        before offset: Int, in document: Document
    ) -> (name: String, argument: Int)? {
        var open: [(name: String?, argument: Int)] = []
        var last: Token?
        for token in document.script.tokens where Int(token.range.upper) <= offset {
            switch token.kind {
            case .leftParenthesis:
                let name = last.flatMap { before -> String? in
                    guard before.kind == .identifier, before.range.upper == token.range.lower else {
                        return nil
                    }
                    return document.text(before.range).lowercased()
                }
                open.append((name, 0))
            case .leftBracket, .leftBrace: open.append((nil, 0))
            case .rightParenthesis, .rightBracket, .rightBrace: _ = open.popLast()
            case .comma where !open.isEmpty: open[open.count - 1].argument += 1
            case .lineEnd, .semicolon: open = []
            default: break
            }
            last = token
        }
        guard let call = open.last, let name = call.name else { return nil }
        return (name, call.argument)
    }

    // MARK: - Names

    /// What a new name would take the place of; none where nothing can be renamed.
    func renamed(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        guard let mention = renameable(document, parameters) else { return .none }
        return .record([
            "range": document.index.range(mention.range),
            "placeholder": .text(document.text(mention.range)),
        ])
    }

    /// The changes that give a variable or a procedure of the document another name; none for a
    /// name that the language could not read.
    func rename(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        guard let mention = renameable(document, parameters), var name = parameters["newName"]?.text
        else { return .none }
        if mention.kind == .variable, name.hasPrefix("$") { name.removeFirst() }
        guard Self.isName(name), mention.kind == .variable || Keyword(word: name) == nil else {
            return .none
        }
        let same = Mentions(document.script).same(as: mention, document.symbols)
        let edits = same.map { mention -> CommandValue in
            .record(["range": document.index.range(mention.range), "newText": .text(name)])
        }
        let changes = CommandRecord([(document.address, .list(edits))])
        return .record(["changes": .record(changes)])
    }

    /// A variable, or a procedure that is declared here; what other files declare stays.
    private func renameable(
        _ document: Document, _ parameters: CommandRecord
    ) -> Mentions.Mention? {
        let offset = document.index.offset(of: parameters["position"])
        guard let mention = Mentions(document.script).mention(at: offset) else { return nil }
        switch mention.kind {
        case .call:
            let isHere = document.symbols.procedures.contains { $0.name.text == mention.name }
            return isHere ? mention : nil
        case .variable:
            let isHere = document.symbols.variables.contains { $0.name.text == mention.name }
            return isHere ? mention : nil
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
