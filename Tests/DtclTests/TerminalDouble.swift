import Glibc

/// A terminal with the tool behind it: types, and reads until something appears.
final class TerminalDouble {
    private let main: Int32
    private let process: pid_t
    /// Everything that appeared and was not looked for yet.
    private var seen = ""

    init(_ arguments: [String]) {
        main = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        var number: Int32 = 0
        _ = ioctl(main, 0x4004_5431, &isLocked)  // TIOCSPTLCK
        _ = ioctl(main, 0x8004_5430, &number)  // TIOCGPTN
        let terminal = "/dev/pts/\(number)"
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        // POSIX_SPAWN_SETSID: the terminal it opens becomes its own, so that Ctrl-C reaches it.
        posix_spawnattr_setflags(&attributes, 0x80)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        process = ToolProcess.start(arguments, &actions, attributes: &attributes)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }

    deinit { close(main) }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(main, bytes, bytes.count)
    }

    /// What appeared up to and with the text; nil when it does not appear within ten seconds.
    func read(until text: String) -> String? {
        while true {
            if let found = take(upTo: text) { return found }
            var wait = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, 10_000) > 0 else { return nil }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(main, &chunk, chunk.count)
            guard count > 0 else { return nil }
            seen += String(decoding: chunk[..<count], as: UTF8.self)
                .split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n")
        }
    }

    private func take(upTo text: String) -> String? {
        var start = seen.startIndex
        while start < seen.endIndex {
            if seen[start...].hasPrefix(text) {
                let end = seen.index(start, offsetBy: text.count)
                let found = String(seen[..<end])
                seen = String(seen[end...])
                return found
            }
            start = seen.index(after: start)
        }
        return nil
    }

    func exitStatus() -> Int { ToolProcess.wait(for: process) }
}
