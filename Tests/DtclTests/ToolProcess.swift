import Glibc

/// What a run of the tool left.
struct ToolResult {
    var status: Int
    var output: String
    var errors: String
}

/// Runs the `dtcl` that was built beside these tests.
enum ToolProcess {
    static let path: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let folder = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
            .split(separator: "/").dropLast().joined(separator: "/")
        return "/\(folder)/dtcl"
    }()

    /// - Parameter environment: nil for that of the tests.
    static func run(
        _ arguments: [String], input: String = "", environment: [String: String]? = nil
    ) -> ToolResult {
        let standardInput = Pipe()
        let standardOutput = Pipe()
        let standardError = Pipe()
        let process = spawn(
            arguments, [standardInput.reader, standardOutput.writer, standardError.writer],
            environment)
        close(standardInput.reader)
        close(standardOutput.writer)
        close(standardError.writer)
        let bytes = Array(input.utf8)
        _ = write(standardInput.writer, bytes, bytes.count)
        close(standardInput.writer)
        let output = readAll(standardOutput.reader, of: process)
        let errors = readAll(standardError.reader, of: process)
        return ToolResult(status: wait(for: process), output: output, errors: errors)
    }

    /// Starts the tool with these descriptors as 0, 1 and 2.
    static func spawn(
        _ arguments: [String], _ descriptors: [Int32], _ environment: [String: String]? = nil
    ) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (place, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(place))
        }
        return start(arguments, &actions, attributes: nil, environment: environment)
    }

    static func start(
        _ arguments: [String], _ actions: inout posix_spawn_file_actions_t,
        attributes: UnsafePointer<posix_spawnattr_t>?, environment: [String: String]? = nil
    ) -> pid_t {
        var words = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var variables = (environment ?? [:]).map { strdup("\($0)=\($1)") }
        variables.append(nil)
        defer { for variable in variables { free(variable) } }
        var process = pid_t()
        let failed =
            environment == nil
            ? posix_spawn(&process, path, &actions, attributes, words, environ)
            : posix_spawn(&process, path, &actions, attributes, words, variables)
        return failed == 0 ? process : -1
    }

    /// The exit status; 128 and more for a signal.
    static func wait(for process: pid_t) -> Int {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? Int((status >> 8) & 0xFF) : 128 + Int(status & 0x7F)
    }

    /// A whole file; empty when there is none.
    static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        return descriptor >= 0 ? readAll(descriptor) : ""
    }

    /// - Parameter process: ended when it says nothing for a long time.
    private static func readAll(_ descriptor: Int32, of process: pid_t? = nil) -> String {
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if let process, poll(&wait, 1, 30_000) == 0 { kill(process, SIGKILL) }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}

struct Pipe {
    var reader: Int32
    var writer: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reader = ends[0]
        writer = ends[1]
    }
}

/// A new folder that is removed with everything in it.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/dtcl-tests.XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let made = mkdtemp(start) else {
                return "/nowhere"
            }
            return String(cString: made)
        }
    }

    func write(_ name: String, _ text: String) -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
        return file
    }

    deinit { TemporaryFolder.remove(path) }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name == "." || name == ".." { continue }
                if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}
