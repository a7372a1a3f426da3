import CommandTable
import DTCLInterpreter
import DTCLSyntax
import ScriptHost
import ToolKit
import UnderstudyCommands

/// `dtcl -i`: reads lines, runs what is complete, goes on after errors.
struct PromptLoop {
    private static let prompt = "Command:  "
    /// Where a block or a bracket is still open.
    private static let continuation = "       >  "
    private static let indent = "  "

    private let options: Options
    private let interruption: Interruption
    private let isTerminal = Terminal.isTerminal(.input)

    init(_ options: Options, _ interruption: Interruption) {
        self.options = options
        self.interruption = interruption
    }

    /// The exit status.
    nonisolated(nonsending) func run() async -> Int {
        let output: any ScriptOutput =
            options.isJSON ? JSONOutput() : TextOutput(indent: PromptLoop.indent)
        let prompt = ScriptPrompt(Dtcl.makeHost(options, output))
        var reader = LineReader(wakeDescriptor: interruption.wakeDescriptor)
        var typed = ""
        var wasInterrupted = false
        while true {
            show(typed.isEmpty ? PromptLoop.prompt : PromptLoop.continuation)
            switch reader.next() {
            case .end:
                show("\n")
                return 0
            case .woken:
                show("\n")
                if wasInterrupted { return 130 }
                wasInterrupted = true
                typed = ""
                continue
            case .line(let line):
                // What is typed on a terminal ends its line there; a pipe's does not show.
                if !isTerminal { show("\n") }
                wasInterrupted = false
                if let words = Self.question(line), typed.isEmpty {
                    complete(words)
                    continue
                }
                typed += typed.isEmpty ? line : "\n" + line
            }
            if ScriptPrompt.needsMoreInput(typed) { continue }
            defer { typed = "" }
            if let status = await enter(typed, prompt, &reader) { return status }
        }
    }

    /// The exit status when the session ends with this line.
    private nonisolated(nonsending) func enter(
        _ text: String, _ prompt: ScriptPrompt, _ reader: inout LineReader
    ) async -> Int? {
        let task = Task { await prompt.enter(text) }
        interruption.handle { task.cancel() }
        if reader.takeWake() { task.cancel() }
        let outcome = await task.value
        interruption.handle(nil)
        if case .finished(_, let status) = outcome { return status }
        Reporter(isJSON: options.isJSON, indent: PromptLoop.indent)
            .report(outcome, of: SourceText(text, name: "prompt"))
        return nil
    }

    private func show(_ text: String) {
        if !options.isJSON { Terminal.write(text) }
    }

    // MARK: The question mark

    /// The words before a lone `?` at the end of a line.
    private static func question(_ line: String) -> String? {
        let trimmed = line.split(separator: " ")
        guard trimmed.last == "?" else { return nil }
        return trimmed.dropLast().joined(separator: " ")
    }

    private func complete(_ text: String) {
        let table = UnderstudyCommands.table
        let words = Script.parse(text, name: "prompt").commands.first?.words ?? []
        let candidates = table.completions(after: words)
        var lines: [String] = []
        for candidate in candidates {
            switch candidate {
            case .word(let word): lines.append(word)
            case .value(let kind, let shown): lines.append("\(shown) - \(kind.description)")
            }
        }
        if lines.isEmpty { lines = ["nothing can follow"] }
        for line in lines { show("\(PromptLoop.indent)\(line)\n") }
    }
}
