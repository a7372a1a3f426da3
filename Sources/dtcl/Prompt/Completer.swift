import CommandTable
import DTCLSyntax
import ToolKit
import UnderstudyCommands

/// What TAB makes of a line: what the table knows of its place, and names that servers and folders
/// hold.
struct Completer {
    private let state: PromptState

    init(_ state: PromptState) {
        self.state = state
    }

    func complete(_ before: String, _ after: String) -> LineAdvice.Completion {
        let (answer, text) = answer(before, after)
        let choice = WordChoice(answer, quote: quote(answer, text), choices(answer, text))
        return choice.completion
    }

    /// What can stand at the cursor, with the whole statement that it is about.
    func answer(_ before: String, _ after: String) -> (ScriptCompletion.Answer, String) {
        let start = state.earlier + (state.earlier.isEmpty ? "" : "\n") + before
        let completion = ScriptCompletion(
            table: UnderstudyCommands.table, variables: state.variables,
            procedures: state.procedures)
        return (completion.complete(start + after, at: start.utf8.count), start + after)
    }

    private func quote(_ answer: ScriptCompletion.Answer, _ text: String) -> Character? {
        guard answer.isQuoted else { return nil }
        let index = text.utf8.index(text.startIndex, offsetBy: Int(answer.range.lower) - 1)
        return text[index]
    }

    private func choices(_ answer: ScriptCompletion.Answer, _ text: String) -> [WordChoice.Word] {
        answer.items.flatMap { item -> [WordChoice.Word] in
            switch item.kind {
            case .command, .option, .keyword:
                // Signs are typed faster than chosen.
                item.text.first?.isLetter == true ? [.init(item.text, .keyword)] : []
            case .procedure, .function: [.init(item.text, .function)]
            case .variable: [.init(item.text, .variable)]
            case .value: item.value.map { names($0, answer, text) } ?? []
            }
        }
    }

    /// The known data of a kind.
    func names(
        _ kind: ValueKind, _ answer: ScriptCompletion.Answer, _ text: String
    ) -> [WordChoice.Word] {
        let data =
            switch kind {
            case .machine: state.serverNames
            case .name where isReplicationSet(answer, text): state.replicationSets()
            case .connection: state.connections()
            default: [String]()
            }
        let isPath = kind == .path && answer.typed.hasPrefix("/") || kind == .file
        return data.map { .init($0, .data) } + (isPath ? FileNames(answer.typed).words : [])
    }

    /// Monitors and jobs have names too, but not these.
    private func isReplicationSet(_ answer: ScriptCompletion.Answer, _ text: String) -> Bool {
        let start = String(decoding: text.utf8.prefix(Int(answer.range.lower)), as: UTF8.self)
        let line = Script.parse(start + (answer.isQuoted ? String(start.suffix(1)) : "x"))
        let words = line.commands.last?.words.prefix(2).map(\.raw) ?? []
        let ids = ["repset.", "connect", "conid", "restore"]
        return UnderstudyCommands.table.declarations(startingWith: words).contains { declaration in
            declaration.id != "repset.create" && ids.contains { declaration.id.hasPrefix($0) }
        }
    }
}
