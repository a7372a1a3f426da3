import Glibc
import Testing

/// A terminal with the tool behind it: types, and reads until its screen shows something.
final class PseudoTerminal {
    private(set) var screen: TerminalScreen
    /// Every byte that came, for what must never be shown.
    private(set) var transcript: [UInt8] = []
    private let main: Int32
    private let process: pid_t
    private var hasEnded = false
    /// Nobody has the terminal open any more.
    private var isClosed = false
    private let home = TemporaryFolder()

    /// - Parameters:
    ///   - environment: beside a home of its own and an xterm.
    ///   - home: somebody else's home.
    init(
        _ arguments: [String], environment: [String: String] = [:], columns: Int = 80,
        home other: TemporaryFolder? = nil
    ) {
        screen = TerminalScreen(columns: columns)
        main = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        var number: Int32 = 0
        _ = ioctl(main, 0x4004_5431, &isLocked)  // TIOCSPTLCK
        _ = ioctl(main, 0x8004_5430, &number)  // TIOCGPTN
        PseudoTerminal.setSize(main, columns)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        // POSIX_SPAWN_SETSID: the terminal it opens becomes its own, so that Ctrl-C reaches it.
        posix_spawnattr_setflags(&attributes, 0x80)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/pts/\(number)", O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var variables = [
            "HOME": other?.path ?? home.path, "TERM": "xterm", "PATH": "/usr/bin:/bin",
        ]
        variables.merge(environment) { $1 }
        process = ToolProcess.start(
            arguments, &actions, attributes: &attributes, environment: variables)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }

    deinit {
        if !hasEnded {
            kill(process, SIGKILL)
            _ = ToolProcess.wait(for: process)
        }
        close(main)
    }

    func type(_ text: String) { type(bytes: Array(text.utf8)) }

    func type(bytes: [UInt8]) { _ = write(main, bytes, bytes.count) }

    func resize(columns: Int) {
        screen.resize(columns: columns)
        PseudoTerminal.setSize(main, columns)
    }

    private static func setSize(_ terminal: Int32, _ columns: Int) {
        var size = winsize()
        size.ws_row = 24
        size.ws_col = UInt16(columns)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
    }

    // MARK: Reading

    /// Whether the screen comes to what is wanted within ten seconds of silence.
    func comes(to condition: (TerminalScreen) -> Bool) -> Bool {
        while !condition(screen) {
            guard readMore() else { return false }
        }
        return true
    }

    /// Expects the last lines of the screen to become these.
    func expect(_ lines: String..., location: SourceLocation = #_sourceLocation) {
        let isThere = comes { Array($0.lines.suffix(lines.count)) == lines }
        #expect(
            isThere, "the screen shows:\n\(screen.lines.joined(separator: "\n"))",
            sourceLocation: location)
    }

    /// Expects a new prompt, ready for a line.
    func expectPrompt(location: SourceLocation = #_sourceLocation) {
        let isThere = comes { $0.beforeCursor == "Command:  " && $0.row == $0.lines.count - 1 }
        #expect(
            isThere, "the screen shows:\n\(screen.lines.joined(separator: "\n"))",
            sourceLocation: location)
    }

    var transcriptText: String { String(decoding: transcript, as: UTF8.self) }

    private func readMore() -> Bool {
        var wait = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 10_000) > 0 else { return false }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(main, &chunk, chunk.count)
        isClosed = count <= 0
        guard count > 0 else { return false }
        transcript += chunk[..<count]
        screen.show(chunk[..<count])
        return true
    }

    /// Waits for the end of the tool, and ends it when it says nothing for ten seconds.
    func exitStatus() -> Int {
        // Who writes to a terminal that nobody reads waits.
        while readMore() {}
        if !isClosed { kill(process, SIGKILL) }
        hasEnded = true
        return ToolProcess.wait(for: process)
    }

    func send(signal: Int32) { kill(process, signal) }
}
