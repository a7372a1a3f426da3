import ToolKit

/// Where the prompt's lines come from: a terminal with editing, or anything else as it is.
enum LineSource {
    case edited(LineEditor)
    case plain(LineReader)

    mutating func next(_ prompt: String, palette: Palette) -> LineReader.Event {
        switch self {
        case .edited(let editor): return editor.next(prompt, palette: palette)
        case .plain(var reader):
            Terminal.write(prompt)
            let event = reader.next()
            self = .plain(reader)
            switch event {
            case .line:
                // What is typed on a terminal ends its line there; a pipe's does not show.
                if !Terminal.isTerminal(.input) { Terminal.write("\n") }
            case .end, .woken: Terminal.write("\n")
            }
            return event
        }
    }

    /// Whether there was an interruption since the last line.
    mutating func takeWake() -> Bool {
        switch self {
        case .edited(let editor): return editor.takeWake()
        case .plain(var reader):
            let wasWoken = reader.takeWake()
            self = .plain(reader)
            return wasWoken
        }
    }

    func remember(_ line: String) {
        if case .edited(let editor) = self { editor.remember(line) }
    }
}
