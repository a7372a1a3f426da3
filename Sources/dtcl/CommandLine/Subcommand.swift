import CommandTable
import UnderstudyCommands

/// The jobs of the tool beside running scripts.
enum Subcommand: String, CaseIterable {
    case check
    case format
    case help
    case lsp
    case completion
    case man

    /// What the manual says of it, too.
    private var job: ToolDescription.Job? {
        DtclTool.description.jobs.first { $0.name == rawValue }
    }

    /// What follows it.
    var arguments: String {
        switch self {
        case .man: ManualPages.names.joined(separator: "|")
        default: job?.usage ?? ""
        }
    }

    var summary: String {
        String((job?.summary ?? "").map { $0 == "`" ? "'" : $0 })
    }

    var options: [ToolDescription.Option] { job?.options ?? [] }

    var details: String {
        switch self {
        case .check:
            """
            Mistakes come on standard error, each with its line and a mark
            below it; the status is 2 when there is one, and 0 when there are only warnings.

            With --json each is one line on standard output:
              {"file":"a.dtcl","line":1,"column":7,"endLine":1,"endColumn":8,
               "id":"argument-missing","severity":"error","message":"...","notes":["..."]}
            Lines and columns count from 1, columns in characters; the end is behind the text.
            """
        case .format:
            """
            A file is replaced at once or stays as it is, with its mode and owner. A script with a
            mistake is left alone and reported, with status 2. '-' is standard input, which goes to
            standard output. Texts, comments and the words of commands stay as they are.
            """
        case .help: "Without words it lists all commands, and the statements of the language."
        case .lsp:
            """
            Editors start it: diagnostics, completion, explanations, places of procedures and
            variables, and layout, by the Language Server Protocol.
            """
        case .completion: ""
        case .man: ""
        }
    }

    var examples: [String] {
        switch self {
        case .check: ["dtcl check nightly.dtcl", "dtcl check --json scripts/*.dtcl"]
        case .format:
            ["dtcl format nightly.dtcl", "dtcl format --check scripts/*.dtcl", "dtcl format - < a"]
        case .help: ["dtcl help", "dtcl help connect", "dtcl help repset rule"]
        case .lsp: ["vim.lsp.start({ name = 'dtcl', cmd = { 'dtcl', 'lsp' } })   in Neovim"]
        case .completion:
            [
                "dtcl completion bash > /etc/bash_completion.d/dtcl",
                "source <(dtcl completion zsh)",
                "dtcl completion fish > ~/.config/fish/completions/dtcl.fish",
            ]
        case .man:
            ["dtcl man dtcl.1 | man -l -", "dtcl man dtcl.7 > /usr/local/share/man/man7/dtcl.7"]
        }
    }

    var usage: String {
        let words = ["dtcl", rawValue, arguments].filter { !$0.isEmpty }.joined(separator: " ")
        var text = "\(words) - \(summary)\n"
        if !details.isEmpty { text += "\n\(details)\n" }
        let help = ToolDescription.Option("--help", says: "shows this")
        text += "\nOptions:\n" + Usage.lines(options + [help])
        return text + "\nExamples:\n" + examples.map { "  \($0)\n" }.joined()
    }
}
