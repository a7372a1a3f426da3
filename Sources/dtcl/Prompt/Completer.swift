import CommandModel
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
        let choice = WordChoice(answer, quote: quote(answer, text), choices(answer))
        return choice.completion
    }

    /// What can stand at the cursor, with the whole statement that it is about.
    func answer(_ before: String, _ after: String) -> (
        answer: ScriptCompletion.Answer, text: String
    ) {
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

    private func choices(_ answer: ScriptCompletion.Answer) -> [WordChoice.Word] {
        answer.items.flatMap { item -> [WordChoice.Word] in
            switch item.kind {
            case .command, .option, .keyword:
                // Signs are typed faster than chosen.
                item.text.first?.isLetter == true ? [.init(item.text, .keyword)] : []
            case .procedure, .function: [.init(item.text, .function)]
            case .variable: [.init(item.text, .variable)]
            case .value: item.value.map { names($0, answer) } ?? []
            }
        }
    }

    /// The known data of a kind.
    func names(_ kind: ValueKind, _ answer: ScriptCompletion.Answer) -> [WordChoice.Word] {
        switch kind {
        case .machine: return state.serverNames.map { .init($0, .data) }
        case .existing(let sort), .numbered(let sort):
            return state.names(ofSort: sort).map { .init($0, .data) }
        case .event: return UnderstudyEvents.known.map { .init($0.name, .data) }
        case .connection: return state.connections().map { .init($0, .data) }
        // A bare word from the root is a path of a server, most often of this machine.
        case .path, .script: return answer.typed.hasPrefix("/") ? FileNames(answer.typed).words : []
        case .file: return FileNames(answer.typed).words
        default: return []
        }
    }
}
