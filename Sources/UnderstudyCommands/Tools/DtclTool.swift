public import CommandTable

/// The command line of `dtcl`, for its manual page and for shells.
public enum DtclTool {
    public static let description = ToolDescription(
        name: "dtcl", summary: "runs DTCL: at a prompt, from files, from the command line",
        usages: [
            "[options] -i", "[options] FILE [arguments]", "[options] -f FILE [arguments]",
            "[options] -c TEXT [arguments]", "[options] - [arguments]", "check FILES...",
            "format FILES...", "help [command words]", "lsp", "completion bash|zsh|fish",
            "man PAGE",
        ],
        options: [
            .init("-i", says: "opens a session at a prompt"),
            .init("-f", value: "FILE", values: .scripts, says: "runs the script in the file"),
            .init("-c", value: "TEXT", says: "runs the text"),
            .init(
                "--server", value: "NAME=unix:PATH",
                says: "names a server and its control socket; may be given again"),
            .init("--json", says: "shows results, errors and progress as JSON, one value a line"),
            .init("--echo", says: "shows every command before it runs"),
            .init(
                "--timeout", value: "TIME",
                says: "the longest time for a command, such as 30s or 10m"),
            .init("-D", value: "NAME=VALUE", says: "sets the variable $NAME"),
            .init("--no-run", says: "refuses RUN: no other program starts"),
            .init(
                "--trace",
                says: "shows every statement with its time and values, on standard error"),
            .init(
                "--profile",
                says: "shows at the end which statements took the time, on standard error"),
            .init("--version", says: "shows the version"),
            .init("-h", "--help", says: "explains the command line, or the command before it"),
        ],
        jobs: [
            .init(
                "check", "FILES...",
                "reports mistakes without running anything; `-` is standard input", .scripts,
                options: [
                    .init("--json", says: "writes one JSON record a line for each mistake"),
                    .init("-D", value: "NAME=VALUE", says: "says that the variable will be set"),
                ]),
            .init(
                "format", "FILES...", "writes scripts in the one layout", .scripts,
                options: [
                    .init(
                        "--check",
                        says: "changes nothing, names the files that would change; status 1 if "
                            + "there are any"),
                    .init("--stdout", says: "writes the result to standard output instead"),
                ]),
            .init(
                "help", "[command words]", "explains commands and statements", .commandWords,
                options: [.init("--markdown", says: "writes the whole reference page")]),
            .init("lsp", "", "serves an editor over standard input and output"),
            .init(
                "completion", "bash|zsh|fish", "writes what a shell needs to complete the words",
                .words(ShellCompletion.Shell.allCases.map(\.rawValue))),
            .init("man", "PAGE", "writes a manual page", .words(ManualPages.names)),
        ],
        arguments: .scripts, sections: sections)

    /// The script with which a shell completes it, and the daemon with it.
    public static func completion(for shell: ShellCompletion.Shell) -> String {
        ShellCompletion.script(
            for: shell,
            [description, UnderstudydTool.description].map {
                ShellCompletion($0, table: UnderstudyCommands.table)
            })
    }

    private static let sections: [ToolDescription.Section] = [
        .init(
            "Servers",
            [
                .paragraph(
                    "Without `--server` the servers of this machine are known: "
                        + "/run/understudy/NAME/control.sock by their names, and "
                        + "/run/understudy/control.sock as localhost.")
            ]),
        .init(
            "Prompt",
            [
                .paragraph(
                    "At the prompt lines can be edited, found again and completed. `help` lists "
                        + "the commands, `help` with words explains one, `?` after any words shows "
                        + "what can follow. Ctrl-C ends what runs, a second one the session. "
                        + "Passwords are neither shown nor kept.")
            ]),
        .init(
            "Exit status",
            [
                .item("0", "The script ended; or what EXIT says."), .item("1", "A command failed."),
                .item("2", "The script or the command line is wrong."),
                .item("3", "No server could be reached, or the log-in was refused."),
                .item("4", "A limit of steps, time or memory was met."),
                .item("130", "It was interrupted."),
            ]),
        .init(
            "Environment",
            [
                .item(
                    "UNDERSTUDY_USER, UNDERSTUDY_PASSWORD",
                    "What LOGIN uses when its line does not say; with _NAME at their ends for one "
                        + "server."),
                .item("NO_COLOR", "Without colours, when it is set and not empty."),
            ]),
        .init(
            "Files",
            [
                .item(
                    "~/.config/understudy/credentials",
                    "Lines of a machine, a user and a password, for LOGIN; mode 600."),
                .item(
                    "~/.local/state/understudy/history", "Lines of the prompt, without passwords."),
                .item("~/.editrc", "Keys of the prompt."),
            ]),
        .init(
            "Examples",
            [
                .lines([
                    "dtcl -c 'source alpha; repset list'", "dtcl nightly.dtcl vol1",
                    "dtcl -D folder=/srv/data protect.dtcl",
                    "dtcl --server alpha=unix:/tmp/alpha/control.sock -i", "dtcl check *.dtcl",
                    "dtcl help connect", "source <(dtcl completion bash)",
                ])
            ]),
        .init("See also", [.paragraph("`dtcl`(7), `understudyd`(8)")]),
    ]
}
