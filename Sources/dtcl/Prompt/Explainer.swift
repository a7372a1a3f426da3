import CommandTable
import DTCLSyntax
import ToolKit
import UnderstudyCommands

/// What `?` shows: what can follow the words before it.
struct Explainer {
    private let state: PromptState
    private let palette: Palette

    private static let indent = "  "
    /// Usage lines of more commands than these would hide what was asked for.
    private static let usagesMax = 3
    /// More names than these are left to TAB.
    private static let namesMax = 8

    init(_ state: PromptState, _ palette: Palette) {
        self.state = state
        self.palette = palette
    }

    /// nil where a question mark is part of a word.
    func explain(_ before: String) -> [String]? {
        let answer = Completer(state).answer(before, "").answer
        guard !answer.isQuoted, answer.typed.allSatisfy(\.isLetter) else { return nil }
        let items = answer.typed.isEmpty ? answer.items : answer.items.filter { $0.kind != .value }
        if items.isEmpty {
            return answer.typed.isEmpty ? ["\(Explainer.indent)nothing more is needed"] : nil
        }
        let isStart = items.contains { $0.kind == .command && $0.text.lowercased() == "connect" }
        if isStart, answer.typed.isEmpty { return overview(items) }
        let rows = items.map { item -> (String, String) in
            guard item.kind == .value, let kind = item.value else {
                return (item.text, item.detail)
            }
            let known = Completer(state).names(kind, answer).map(\.text)
            let isShort = !known.isEmpty && known.count <= Explainer.namesMax
            let names =
                isShort
                ? ": " + known.joined(separator: ", ") : known.isEmpty ? "" : " (TAB lists them)"
            let parts = item.detail.split(separator: ":", maxSplits: 1).map(String.init)
            return (parts[0], (parts.last ?? "").drop { $0 == " " } + names)
        }
        return table(rows) + usages(before)
    }

    /// Everything that a statement can begin with.
    private func overview(_ items: [ScriptCompletion.Item]) -> [String] {
        var lines = [title("Commands")]
        let commands = items.filter { $0.kind == .command }.map(\.text).sorted()
        lines += Columns.lines(commands, max: .max, indent: "    ")
        let statements = items.filter { $0.kind == .keyword }
        if !statements.isEmpty {
            lines.append(title("Statements"))
            // Words that go on with a block have a summary for a detail, not their usage.
            let rows = statements.map { item in
                item.detail.hasPrefix(item.text) || item.text.isEmpty
                    ? (item.detail, "") : (item.text, item.detail)
            }
            lines += rows.flatMap { table([$0]) }.map { "  \($0)" }
        }
        return lines + ["\(Explainer.indent)'help' says more, 'help connect' explains one."]
    }

    /// How the commands are written that the line may become.
    private func usages(_ before: String) -> [String] {
        let line = Script.parse(before, name: "prompt")
        guard let words = line.commands.last?.words, !words.isEmpty else { return [] }
        let found = UnderstudyCommands.table.declarations(startingWith: words.map(\.raw))
            .filter(\.isAvailable)
        guard found.count <= Explainer.usagesMax else { return [] }
        let width = max(20, Terminal.columns - 3)
        return found.flatMap { declaration in
            TextWidth.wrapped("usage: \(declaration.usage)", to: width, indent: "       ")
                .map { Explainer.indent + $0 }
        }
    }

    private func title(_ text: String) -> String {
        Explainer.indent + palette.paint(text, .title)
    }

    /// Two columns; the second is cut at the terminal's edge.
    private func table(_ rows: [(String, String)]) -> [String] {
        let width = min(24, rows.map { TextWidth.columns($0.0) }.max() ?? 0)
        return rows.map { first, second in
            guard !second.isEmpty else { return "\(Explainer.indent)\(first)" }
            let gap = String(repeating: " ", count: max(0, width - TextWidth.columns(first)) + 2)
            let line = "\(Explainer.indent)\(first)\(gap)\(second)"
            return TextWidth.cut(line, to: max(20, Terminal.columns - 3))
        }
    }
}
