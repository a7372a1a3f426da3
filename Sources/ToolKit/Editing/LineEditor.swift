import CLibEdit
import Glibc

/// Lines from a terminal with editing and history, by libedit. Belongs to one task; waits on the
/// thread that asks for a line.
package final class LineEditor {
    package var advice: LineAdvice
    private let library: EditLibrary
    private let editor: OpaquePointer
    private let history: OpaquePointer
    private let wakeDescriptor: Int32
    private let signals = TerminalSignals()
    private let keys: TypeAhead
    /// The key that a command of the editor runs for.
    private var lastKey: KeyDecoder.Key?
    /// How the wait for a key ended, when it ended without one.
    private var ending: LineReader.Event?
    /// What the editor shows before the line, with a zero at its end; marks stand around colours.
    private var prompt: UnsafeMutableBufferPointer<Int32>
    private var promptColumns = 0

    private static let colourMark: Int32 = 1
    private static let pasteMarksOn = "\u{1B}[?2004h"
    private static let pasteMarksOff = "\u{1B}[?2004l"

    /// nil without libedit, or where the cursor cannot be moved.
    package init?(
        wakeDescriptor: Int32, typeAhead: TypeAhead, historyMax: Int, advice: LineAdvice
    ) {
        guard Terminal.isTerminal(.input), Terminal.isTerminal(.output), Terminal.movesCursor,
            let library = EditLibrary.shared
        else { return nil }
        // libedit shows a character as the locale has it; ours are UTF-8 everywhere.
        _ = TextWidth.knowsUTF8
        guard let editor = clibedit_init(library.calls, "dtcl") else { return nil }
        guard let history = library.calls.pointee.history_init() else {
            library.calls.pointee.end(editor)
            return nil
        }
        self.library = library
        self.editor = editor
        self.history = history
        self.wakeDescriptor = wakeDescriptor
        keys = typeAhead
        self.advice = advice
        prompt = .allocate(capacity: 1)
        prompt.initialize(repeating: 0)
        clibedit_use_history(library.calls, editor, history, Int32(clamping: historyMax))
        bindKeys()
    }

    deinit {
        library.calls.pointee.end(editor)
        library.calls.pointee.history_end(history)
        prompt.deallocate()
    }

    /// Waits for a line without its end.
    package func next(_ prompt: String, palette: Palette) -> LineReader.Event {
        setPrompt(prompt, palette)
        ending = nil
        Terminal.write(LineEditor.pasteMarksOn)
        defer { Terminal.write(LineEditor.pasteMarksOff) }
        return signals.watching {
            library.calls.pointee.resize(editor)
            // Who sees the prompt may type: nothing is echoed twice then.
            clibedit_take_terminal(library.calls, editor, 1)
            var count: Int32 = 0
            let line = library.calls.pointee.gets(editor, &count)
            if let ending {
                leaveLine()
                return ending
            }
            guard let line, count > 0 else {
                Terminal.write("\n")
                return .end
            }
            return .line(LineEditor.text(line, count: Int(count)))
        }
    }

    /// Puts a line where the arrow keys find it.
    package func remember(_ line: String) {
        LineEditor.withWide(line) { clibedit_add_to_history(library.calls, history, $0) }
    }

    /// Whether there was a wake-up since the last line; it counts as seen then.
    package func takeWake() -> Bool {
        var waits = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waits, 1, 0) > 0 else { return false }
        clearWakes()
        return true
    }

    private func clearWakes() {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = Glibc.read(wakeDescriptor, &bytes, bytes.count)
        keys.clear()
    }

    /// libedit takes what stands between two marks for moving no cursor, as long as something
    /// visible comes after it: the blanks at the end.
    private func setPrompt(_ text: String, _ palette: Palette) {
        let blanks = String(text.reversed().prefix { $0 == " " })
        let word = text.dropLast(blanks.count)
        let mark = "\u{1}"
        let marked =
            palette.isColoured
            ? "\(mark)\(Palette.start(.title))\(mark)\(word)\(mark)\(Palette.end)\(mark)\(blanks)"
            : text
        let wide = LineEditor.wide(marked)
        prompt.deallocate()
        prompt = .allocate(capacity: wide.count)
        _ = prompt.initialize(from: wide)
        promptColumns = TextWidth.columns(text)
    }

    // MARK: Keys

    private func bindKeys() {
        let calls = library.calls
        clibedit_set_context(calls, editor, Unmanaged.passUnretained(self).toOpaque())
        clibedit_prompt_with(
            calls, editor, { LineEditor.of($0)?.prompt.baseAddress }, LineEditor.colourMark)
        clibedit_read_with(
            calls, editor,
            { editor, key in
                guard let key, let self = LineEditor.of(editor) else { return -1 }
                return self.readKey(key)
            })
        LineEditor.withWide("understudy-complete") { name in
            clibedit_add_command(
                calls, editor, name, { editor, _ in LineEditor.of(editor)?.complete() ?? 0 })
        }
        LineEditor.withWide("understudy-explain") { name in
            clibedit_add_command(
                calls, editor, name, { editor, _ in LineEditor.of(editor)?.explain() ?? 0 })
        }
        // Their own settings first: nothing else works for people who are used to other keys.
        _ = calls.pointee.source(editor, nil)
        let isVi = clibedit_is_vi(calls, editor) != 0
        for (key, command) in LineEditor.bindings where !isVi || !key.hasPrefix("\\e") {
            LineEditor.withWide(key) { key in
                LineEditor.withWide(command) { clibedit_bind(calls, editor, key, $0) }
            }
        }
    }

    private static let bindings = [
        ("\t", "understudy-complete"), ("?", "understudy-explain"),
        ("^R", "em-inc-search-prev"), ("^W", "ed-delete-prev-word"),
        ("\\e[3~", "ed-delete-next-char"), ("\\e[H", "ed-move-to-beg"),
        ("\\e[F", "ed-move-to-end"), ("\\e[1~", "ed-move-to-beg"),
        ("\\e[4~", "ed-move-to-end"), ("\\e[1;5C", "em-next-word"),
        ("\\e[1;5D", "ed-prev-word"),
    ]

    /// The editor that a call of libedit is about.
    private static func of(_ editor: OpaquePointer?) -> LineEditor? {
        guard let editor, let library = EditLibrary.shared,
            let context = clibedit_context(library.calls, editor)
        else { return nil }
        return Unmanaged<LineEditor>.fromOpaque(context).takeUnretainedValue()
    }

    /// 1 with a key, 0 at the end of the input, -1 to leave the line.
    private func readKey(_ key: UnsafeMutablePointer<Int32>) -> Int32 {
        while true {
            if let next = keys.next() {
                lastKey = next
                key.pointee = next.scalar == "\r" ? 10 : Int32(next.scalar.value)
                return 1
            }
            switch wait() {
            case .input:
                guard readInput() else { return 0 }
            case .wake:
                clearWakes()
                ending = .woken
                return -1
            case .signal(let signal): handle(signal)
            }
        }
    }

    private enum Waited {
        case input
        case wake
        case signal(Int32)
    }

    private func wait() -> Waited {
        var waits = [wakeDescriptor, signals.descriptor, 0].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while poll(&waits, 3, -1) < 0, errno == EINTR {}
        if waits[0].revents != 0 { return .wake }
        if waits[1].revents != 0, let signal = signals.take() { return .signal(signal) }
        return .input
    }

    /// False at the end.
    private func readInput() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(0, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return true }
        guard count > 0 else { return false }
        keys.add(chunk[..<count])
        return true
    }

    private func handle(_ signal: Int32) {
        let calls = library.calls
        switch signal {
        case SIGWINCH:
            clearLine()
            calls.pointee.resize(editor)
        case SIGCONT:
            clearLine()
            clibedit_take_terminal(calls, editor, 0)
            clibedit_take_terminal(calls, editor, 1)
        default:
            clibedit_take_terminal(calls, editor, 0)
            Terminal.write(LineEditor.pasteMarksOff)
            leaveLine()
            TerminalSignals.obey(signal)
            Terminal.write(LineEditor.pasteMarksOn)
            clibedit_take_terminal(calls, editor, 1)
        }
        clibedit_refresh(calls, editor)
    }

    // MARK: Commands

    /// The text before the cursor and all of it.
    private var line: (before: String, all: String) {
        guard let line = library.calls.pointee.line(editor)?.pointee, let start = line.buffer else {
            return ("", "")
        }
        return (
            LineEditor.text(start, count: line.cursor - start),
            LineEditor.text(start, count: line.lastchar - start)
        )
    }

    private func complete() -> UInt8 {
        let line = line
        let before = line.before
        // A script that is pasted is indented; nobody asks for help there.
        let isPasted = lastKey?.isPasted == true || !keys.isEmpty && before.allSatisfy { $0 == " " }
        if isPasted {
            insert("    ")
            return UInt8(CC_REFRESH)
        }
        let completion = advice.complete(
            before,
            String(line.all.unicodeScalars.dropFirst(before.unicodeScalars.count)))
        if completion.removed > 0 {
            library.calls.pointee.delete_before(editor, Int32(completion.removed))
        }
        insert(completion.inserted)
        if !completion.lines.isEmpty { return showBelow(completion.lines) }
        let isNothing = completion.inserted.isEmpty && completion.removed == 0
        return UInt8(isNothing ? CC_REFRESH_BEEP : CC_REFRESH)
    }

    private func explain() -> UInt8 {
        if lastKey?.isPasted != true, keys.isEmpty, let lines = advice.explain(line.before) {
            return showBelow(lines)
        }
        insert("?")
        return UInt8(CC_REFRESH)
    }

    private func insert(_ text: String) {
        guard !text.isEmpty else { return }
        LineEditor.withWide(text) { _ = library.calls.pointee.insert(editor, $0) }
    }

    // MARK: What stands on the terminal

    /// Rows of the line above and below the cursor.
    private var rows: (above: Int, below: Int) {
        let columns = max(1, Terminal.columns)
        let line = line
        let above = (promptColumns + TextWidth.columns(line.before)) / columns
        let all = (promptColumns + TextWidth.columns(line.all)) / columns
        return (above, max(0, all - above))
    }

    /// Shows lines below the one that is edited, which comes again below them.
    private func showBelow(_ lines: [String]) -> UInt8 {
        clibedit_flush()
        let (above, below) = rows
        var text = String(repeating: "\n", count: below + 1)
        for line in lines { text += line + "\n" }
        // libedit goes up to where it thinks that the line begins, and draws it there.
        Terminal.write(text + String(repeating: "\n", count: above))
        return UInt8(CC_REDISPLAY)
    }

    /// Takes the line away, so that it can be drawn anew: libedit draws from where the cursor is.
    private func clearLine() {
        clibedit_flush()
        let above = rows.above
        Terminal.write("\r" + (above > 0 ? "\u{1B}[\(above)A" : "") + "\u{1B}[J")
    }

    /// Puts the cursor below what was typed.
    private func leaveLine() {
        clibedit_flush()
        Terminal.write(String(repeating: "\n", count: rows.below + 1))
    }

    // MARK: Text

    private static func text(_ start: UnsafePointer<Int32>, count: Int) -> String {
        var text = String.UnicodeScalarView()
        for wide in UnsafeBufferPointer(start: start, count: max(0, count)) {
            text.append(Unicode.Scalar(UInt32(bitPattern: wide)) ?? "\u{FFFD}")
        }
        return String(text)
    }

    /// With a zero at the end.
    private static func wide(_ text: String) -> [Int32] {
        text.unicodeScalars.map { Int32($0.value) } + [0]
    }

    private static func withWide(_ text: String, _ body: (UnsafePointer<Int32>) -> Void) {
        wide(text).withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { body(start) }
        }
    }
}
