import Glibc

/// Runs one command line again and again, output to /dev/null, and times each whole process.
struct Spawn {
    let words: [String]

    /// One line a run: microseconds, with three decimals.
    func run(_ count: Int) throws(BenchError) -> String {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }

        var lines: [String] = []
        for _ in 0..<count {
            var process: pid_t = 0
            var status: Int32 = 0
            let begun = Clock.nanoseconds
            let problem = posix_spawnp(&process, words[0], &actions, nil, pointers, environ)
            guard problem == 0 else { throw .call("posix_spawn", words[0], problem) }
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            let took = Clock.nanoseconds - begun
            guard status == 0 else { throw .tooLate("'\(words[0])' ended with status \(status)") }
            let thousandths = String(took % 1000 + 1000).dropFirst()
            lines.append("\(took / 1000).\(thousandths)")
        }
        return lines.joined(separator: "\n")
    }
}
