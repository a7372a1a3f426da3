import Glibc
import Synchronization

/// Log files `dtlog1.dtl`, `dtlog2.dtl` and so on in one folder: a full one is followed by the next
/// number (after 999 comes 1), and the oldest goes. A disk that is full or broken costs lines of
/// the log and nothing else.
final class LogFiles: Sendable {
    static let numberMax = 999

    private struct State {
        /// -1: there is no file now.
        var descriptor: Int32 = -1
        var number = 1
        var byteCount = 0
    }

    private let folder: String
    private let fileBytesMax: Int
    private let filesMax: Int
    private let state: Mutex<State>

    /// Goes on with the newest file in the folder.
    init(folder: String, fileBytesMax: Int = 1_048_576, filesMax: Int = 5) {
        self.folder = folder
        self.fileBytesMax = fileBytesMax
        self.filesMax = filesMax
        state = Mutex(State())
        reopen()
    }

    deinit { state.withLock { Self.end(&$0) } }

    /// Opens the newest file again: somebody may have moved it away.
    func reopen() {
        state.withLock { state in
            Self.end(&state)
            state.number = newest() ?? 1
            begin(&state)
        }
    }

    /// Appends a line, with its end.
    func write(_ line: [UInt8]) {
        state.withLock { state in
            if state.descriptor >= 0, state.byteCount > 0,
                state.byteCount + line.count > fileBytesMax
            {
                Self.end(&state)
                state.number = state.number % Self.numberMax + 1
                // What bears the number is from the last time round.
                unlink(path(state.number))
            }
            if state.descriptor < 0 { begin(&state) }
            let count = Glibc.write(state.descriptor, line, line.count)
            if count > 0 { state.byteCount += count }
        }
    }

    // MARK: Files

    private func path(_ number: Int) -> String { "\(folder)/dtlog\(number).dtl" }

    private func begin(_ state: inout State) {
        let descriptor = open(
            path(state.number), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        var status = stat()
        fstat(descriptor, &status)
        state.descriptor = descriptor
        state.byteCount = Int(status.st_size)
        for number in numbers() where age(of: number, newest: state.number) >= filesMax {
            unlink(path(number))
        }
    }

    private static func end(_ state: inout State) {
        if state.descriptor >= 0 { close(state.descriptor) }
        state.descriptor = -1
    }

    /// How many files were begun after it.
    private func age(of number: Int, newest: Int) -> Int {
        (newest - number + Self.numberMax) % Self.numberMax
    }

    /// The numbers go round, so the time decides.
    private func newest() -> Int? {
        numbers().max { left, right in
            (time(left), left) < (time(right), right)
        }
    }

    private func time(_ number: Int) -> Int {
        var status = stat()
        guard stat(path(number), &status) == 0 else { return 0 }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }

    private func numbers() -> [Int] {
        guard let list = opendir(folder) else { return [] }
        defer { closedir(list) }
        var numbers: [Int] = []
        while let entry = readdir(list) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix("dtlog"), name.hasSuffix(".dtl"),
                let number = Int(name.dropFirst(5).dropLast(4)),
                (1...Self.numberMax).contains(number)
            else { continue }
            numbers.append(number)
        }
        return numbers
    }
}
