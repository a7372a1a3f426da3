import CommandModel
import CommandTable
import ToolKit
import UnderstudyCommands

/// What `--help` prints.
enum Usage {
    static let version = Understudy.version

    static var text: String {
        """
        dtcl - runs DTCL: at a prompt, from files, from the command line

        Usage:
          dtcl [options] -i                     a session at a prompt
          dtcl [options] FILE [arguments]       runs a script (also -f FILE)
          dtcl [options] -c TEXT [arguments]    runs a text
          dtcl [options] - [arguments]          runs what standard input holds
        \(subcommands)
        Options:
        \(lines(DtclTool.description.options.filter { !jobs.contains($0.names[0]) }))
        Without --server the servers of this machine are known: /run/understudy/NAME/control.sock
        by their names, and /run/understudy/control.sock as localhost. A server that takes a
        connection and says nothing for 10 seconds, or for the time of --timeout when that is
        longer, counts as not responding.

        Where a server asks for a password, LOGIN takes it from its line, from UNDERSTUDY_USER and
        UNDERSTUDY_PASSWORD (or with _NAME of the server at their ends), from lines 'machine user
        password' in ~/.config/understudy/credentials (mode 600), or asks for it.

        The prompt keeps its lines in ~/.local/state/understudy/history, without passwords. It heeds
        NO_COLOR, and ~/.editrc for its keys.

        Exit status:
          0, or what EXIT says; 1 a command failed; 2 the script or the command line is wrong;
          3 no server could be reached; 4 a limit was met; 130 interrupted

        Examples:
          dtcl -c 'write "x"'
          dtcl --server alpha=unix:/tmp/alpha/control.sock -c 'source alpha; repset list'
          dtcl --server alpha=unix:/tmp/a/control.sock --server beta=unix:/tmp/b/control.sock -i
          dtcl nightly.dtcl vol1
          dtcl -D folder=/srv/data protect.dtcl
          dtcl help connect

        """
    }

    /// Options that say what to do stand among the usages.
    private static let jobs = ["-i", "-f", "-c"]

    /// Two columns.
    static func lines(_ options: [ToolDescription.Option]) -> String {
        options.map { option in
            let names = option.names.joined(separator: ", ") + (option.value.map { " " + $0 } ?? "")
            let gap = String(repeating: " ", count: max(2, 26 - names.count))
            let text = "  \(names)\(gap)\(option.summary)"
            return TextWidth.wrapped(text, to: 100, indent: String(repeating: " ", count: 27))
                .joined(separator: "\n") + "\n"
        }.joined()
    }

    private static var subcommands: String {
        Subcommand.allCases.map { job in
            let usage = "dtcl \(job.rawValue) \(job.arguments)"
            let gap = String(repeating: " ", count: max(2, 38 - usage.count))
            return "  \(usage)\(gap)\(job.summary)\n"
        }.joined()
    }
}
