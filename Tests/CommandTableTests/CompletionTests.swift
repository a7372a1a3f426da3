import CommandTable
import DTCLSyntax
import Testing
import UnderstudyCommands

@Suite struct CompletionTests {
    private let completion = ScriptCompletion(
        table: UnderstudyCommands.table, variables: ["earlier"], procedures: ["before"])

    /// `|` is the cursor, `⏎` the end of a line.
    @Test func `what is offered at a place is what the corpus says`() throws {
        try Corpus("completion").check { line in answer(to: line) }
    }

    private func answer(to line: String) -> [String] {
        let text = line.split(separator: "⏎", omittingEmptySubsequences: false)
            .joined(separator: "\n")
        guard let cursor = text.firstIndex(of: "|") else { return ["no cursor"] }
        let offset = text[..<cursor].utf8.count
        let script = String(text[..<cursor]) + String(text[cursor...].dropFirst())
        let answer = completion.complete(script, at: offset)
        var lines: [String] = []
        var kinds: [ScriptCompletion.Item.Kind] = []
        for item in answer.items where !kinds.contains(item.kind) { kinds.append(item.kind) }
        for kind in kinds {
            let items = answer.items.filter { $0.kind == kind }
            let shown = items.prefix(10).map { kind == .value ? $0.detail : $0.text }
            let more = items.count > shown.count ? " and \(items.count - shown.count) more" : ""
            lines.append("\(kind.rawValue): \(shown.joined(separator: "  "))\(more)")
        }
        if Int(answer.range.upper) != offset {
            lines.append("the range does not end at the cursor")
        }
        let written = SourceText(script).text(in: answer.range)
        if written != answer.typed { lines.append("the range holds \(written)") }
        if answer.isQuoted { lines.append("in quotes: \(answer.typed)") }
        return lines.isEmpty ? ["nothing"] : lines
    }

    @Test func `completion never fails, wherever the cursor stands`() {
        var seed: UInt64 = 0xBADC0DE
        func next(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        let pieces = [
            "IF ", "$x", " = ", "THEN ", "(", ")", "[", "{", "\"a $", "'", "mirror ", "start ",
            "1 ",
            ";", "\n", "# ", "END ", ",", "FOR $i = 1 TO ", "WRITE ", "connect a to b map ", "é",
            "SET OPTION ", "${", "PROCEDURE p($a) ", "p(", "\\\n", "FOREACH $k IN ", "TRY ",
            "CATCH ",
        ]
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<next(9) { text += pieces[next(pieces.count)] }
            let offset = next(text.utf8.count + 2)
            let answer = completion.complete(text, at: offset)
            #expect(answer.range.lower <= answer.range.upper)
            #expect(Int(answer.range.upper) <= text.utf8.count)
        }
    }

    /// Whatever is offered can be typed: with it the line binds or lacks only what comes after.
    @Test func `what is offered leads on`() {
        for declaration in UnderstudyCommands.table.declarations where declaration.isAvailable {
            for example in declaration.examples {
                let words = example.line.split(separator: " ").map(String.init)
                for count in 0..<words.count {
                    let text = words[..<count].joined(separator: " ") + (count > 0 ? " " : "")
                    for item in completion.complete(text, at: text.utf8.count).items
                    where item.kind == .command || item.kind == .option {
                        let line = text + item.text
                        guard let command = Script.parse(line).commands.first else { continue }
                        let binding = UnderstudyCommands.table.bind(command)
                        let place = binding.diagnostics.first?.range.lower
                        #expect(
                            binding.command != nil || Int(place ?? 0) >= line.utf8.count - 1,
                            "\(line)")
                    }
                }
            }
        }
    }
}
