import CommandModel
import CommandTable
import ControlClient
import ToolKit
import UnderstudyCommands

/// `dtcl help`.
enum HelpPage {
    static var reference: String {
        UnderstudyCommands.table.markdown(
            title: "Commands", statements: UnderstudyCommands.statements)
    }

    /// The exit status.
    static func show(_ words: [String], _ options: Options) -> Int {
        // Our own jobs before functions of the language of the same name.
        if words.count == 1, let subcommand = Subcommand(rawValue: words[0]),
            UnderstudyCommands.table.help(on: words).isEmpty
        {
            Terminal.write(subcommand.usage)
            return 0
        }
        do throws(CommandError) {
            let lines = try Client(options).commands.help(on: words)
            Terminal.write(lines.map { $0 + "\n" }.joined())
            return 0
        } catch {
            Terminal.write("dtcl: \(error.message)\n", to: .error)
            return 2
        }
    }
}
