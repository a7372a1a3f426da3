import ControlClient
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
    private let client: Client
    private let state: PromptState
    private let history: PromptHistory

    init(_ options: Options, _ interruption: Interruption) {
        self.options = options
        self.interruption = interruption
        client = Client(options, indent: PromptLoop.indent)
        state = PromptState(variables: options.definitions.map(\.0))
        let isKept = Terminal.isTerminal(.input)
        history = PromptHistory(
            path: isKept ? UserFolders.state.map { $0 + "/history" } : nil)
    }

    /// The exit status.
    nonisolated(nonsending) func run() async -> Int {
        let output: any ScriptOutput =
            options.isJSON ? JSONOutput() : TextOutput(indent: PromptLoop.indent)
        let session = client.session { PromptCommands(others: $0, history: history) }
        let prompt = ScriptPrompt(client.host(output, session))
        var lines = makeLines()
        var wasInterrupted = false
        while true {
            await look(at: session)
            let event = lines.next(
                state.earlier.isEmpty ? PromptLoop.prompt : PromptLoop.continuation,
                palette: Palette(.output))
            switch event {
            case .end: return 0
            case .woken:
                if wasInterrupted { return 130 }
                wasInterrupted = true
                state.earlier = ""
                continue
            case .line(let line):
                wasInterrupted = false
                if explain(line) { continue }
                state.earlier += state.earlier.isEmpty ? line : "\n" + line
            }
            let text = state.earlier
            if ScriptPrompt.needsMoreInput(text) { continue }
            state.earlier = ""
            state.learn(text)
            for line in history.add(text) { lines.remember(line) }
            if let status = await enter(text, prompt, &lines) { return status }
        }
    }

    /// With editing where there is a terminal for it.
    private func makeLines() -> LineSource {
        let wake = interruption.wakeDescriptor
        let completer = Completer(state)
        let explainer = Explainer(state, Palette(.output))
        let advice = LineAdvice(complete: completer.complete, explain: explainer.explain)
        guard !options.isJSON,
            let editor = LineEditor(
                wakeDescriptor: wake, typeAhead: client.typeAhead,
                historyMax: HistoryFile.linesMax, advice: advice)
        else { return .plain(LineReader(wakeDescriptor: wake)) }
        for line in history.lines { editor.remember(line) }
        return .edited(editor)
    }

    /// What completion asks while a line is typed.
    private nonisolated(nonsending) func look(at session: ServerSession) async {
        state.servers = await client.book.entries()
        guard let source = await session.source else { return }
        state.source = try? await client.book.client(for: source)
    }

    /// The exit status when the session ends with this text.
    private nonisolated(nonsending) func enter(
        _ text: String, _ prompt: ScriptPrompt, _ lines: inout LineSource
    ) async -> Int? {
        let task = Task { await prompt.enter(text) }
        interruption.handle { task.cancel() }
        if lines.takeWake() { task.cancel() }
        let outcome = await task.value
        interruption.handle(nil)
        state.forget()
        if case .finished(_, let status) = outcome { return status }
        Reporter(isJSON: options.isJSON, indent: PromptLoop.indent)
            .report(outcome, of: SourceText(text, name: "prompt"))
        return nil
    }

    /// A line that ends in a question mark of its own is a question. False for other lines.
    private func explain(_ line: String) -> Bool {
        guard line.last == "?",
            let lines = Explainer(state, .plain).explain(String(line.dropLast()))
        else { return false }
        Terminal.write(lines.map { $0 + "\n" }.joined())
        return true
    }
}
