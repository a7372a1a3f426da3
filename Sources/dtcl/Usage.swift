/// What `--help` prints.
enum Usage {
    static let version = "0.1.0"

    static let text = """
        dtcl - runs DTCL: at a prompt, from files, from the command line

        Usage:
          dtcl [options] -i                     a session at a prompt
          dtcl [options] FILE [arguments]       runs a script (also -f FILE)
          dtcl [options] -c TEXT [arguments]    runs a text
          dtcl [options] - [arguments]          runs what standard input holds
          dtcl check FILES... [--json]          reports mistakes without running
          dtcl help [command words]             explains commands; --markdown: the reference page

        Options:
          --server NAME=unix:PATH   a server and its control socket; may be given again
          --json                    results, errors and progress as JSON, one a line
          --echo                    shows every command before it runs
          --timeout TIME            longest time for a command, such as 30s or 10m
          -D NAME=VALUE             sets the variable $NAME
          --version, --help

        Without --server the servers of this machine are known: /run/understudy/NAME/control.sock
        by their names, and /run/understudy/control.sock as localhost.

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
