import CommandModel
import CommandTable
import DTCLFormat
import DTCLSyntax

// What helps while typing: completion and layout.
extension LanguageServer {
    func completion(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        let offset = document.index.offset(of: parameters["position"])
        let answer = ScriptCompletion(table: table, variables: globals)
            .complete(document.source, at: offset)
        let range = document.index.range(answer.range)
        let items = answer.items.enumerated().compactMap { index, item -> CommandValue? in
            // What only a server knows cannot be proposed here.
            guard item.kind != .value else { return nil }
            let edit: CommandRecord = ["range": range, "newText": .text(item.text)]
            var fields: CommandRecord = [
                "label": .text(item.text), "kind": .integer(Self.number(of: item.kind)),
                "sortText": .text(Self.rank(index)), "textEdit": .record(edit),
            ]
            if !item.detail.isEmpty { fields["detail"] = .text(item.detail) }
            return .record(fields)
        }
        return .record(["isIncomplete": .boolean(false), "items": .list(items)])
    }

    /// Editors sort by text; the order of the table is better.
    private static func rank(_ index: Int) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// The numbers of the protocol.
    private static func number(of kind: ScriptCompletion.Item.Kind) -> Int64 {
        switch kind {
        case .command: 2
        case .option: 20
        case .keyword: 14
        case .variable: 6
        case .procedure, .function: 3
        case .value: 12
        }
    }

    /// None where the script has an error, as its layout is kept then.
    func formatting(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        guard let bytes = ScriptFormatter.format(document.script) else { return .none }
        guard bytes != document.index.bytes else { return .list([]) }
        let edit: CommandRecord = [
            "range": document.index.range(document.index.whole),
            "newText": .text(String(decoding: bytes, as: UTF8.self)),
        ]
        return .list([.record(edit)])
    }
}
