import Foundation
import Synchronization

/// A program that a test runs. Its output goes to files, so that it never waits for a reader.
final class Child: Sendable {
    struct Outcome {
        /// The exit status; 128 and the signal's number for one that was killed.
        let status: Int32
        let output: String
        let errors: String

        var text: String { "status \(status)\n\(output)\(errors)" }
    }

    struct TookTooLong: Error, CustomStringConvertible {
        let description: String
    }

    let process: Int32
    let command: String
    private let outputPath: String
    private let errorsPath: String
    private let status = Mutex<Int32?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter folder: where the files for its output are made.
    init(_ program: String, _ arguments: [String], folder: String) throws {
        let name = "\(folder)/child-\(UUID().uuidString)"
        command = ([program] + arguments).joined(separator: " ")
        outputPath = name + ".out"
        errorsPath = name + ".err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorsPath, flags, 0o600)
        // A group of its own, so that what it starts can be ended with it.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process = pid_t()
        let result = posix_spawnp(&process, program, &actions, &attributes, words, environ)
        guard result == 0 else {
            throw TookTooLong(
                description: "'\(program)' cannot be started: \(String(cString: strerror(result)))")
        }
        self.process = process
        Thread.detachNewThread { self.reap() }
    }

    private func reap() {
        var raw: Int32 = 0
        while waitpid(process, &raw, 0) < 0 && errno == EINTR {}
        let signal = raw & 0x7F
        status.withLock { $0 = signal == 0 ? (raw >> 8) & 0xFF : 128 + signal }
        ended.signal()
    }

    var isRunning: Bool { status.withLock { $0 == nil } }
    var output: String { Self.read(outputPath) }
    var errors: String { Self.read(errorsPath) }

    private static func read(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// Waits for its end; kills it and throws when that takes too long.
    @discardableResult
    func wait(seconds: Double) throws -> Outcome {
        guard let status = waitQuietly(seconds: seconds) else {
            end(SIGKILL)
            throw TookTooLong(
                description: "not over after \(seconds) s: \(command)\n\(output)\(errors)")
        }
        return Outcome(status: status, output: output, errors: errors)
    }

    /// The exit status, or nil where it still runs after so long.
    private func waitQuietly(seconds: Double) -> Int32? {
        if let status = status.withLock({ $0 }) { return status }
        if ended.wait(timeout: .now() + seconds) == .success { ended.signal() }
        return status.withLock { $0 }
    }

    /// Sends a signal to it alone.
    func signal(_ number: Int32) {
        status.withLock { if $0 == nil { kill(process, number) } }
    }

    /// Ends it with what it started, for certain.
    func end(_ number: Int32 = SIGKILL) {
        guard isRunning else { return }
        kill(-process, number)
        _ = waitQuietly(seconds: 5)
    }
}
