import CommandTable
import ToolKit
import UnderstudyCommands

/// `dtcl help`.
enum HelpPage {
    static var reference: String {
        UnderstudyCommands.table.markdown(
            title: "Commands", statements: UnderstudyCommands.statements)
    }

    static func show(_ words: [String]) -> Int {
        let table = UnderstudyCommands.table
        guard let first = words.first else {
            print(lines: table.overview())
            return 0
        }
        let lines = table.help(on: words)
        guard lines.isEmpty else {
            print(lines: lines)
            return 0
        }
        let hint = table.nearestCommand(to: first).map { ", did you mean '\($0)'?" } ?? ""
        Terminal.write("dtcl: there is no command '\(first)'\(hint)\n", to: .error)
        return 2
    }

    private static func print(lines: [String]) {
        Terminal.write(lines.map { $0 + "\n" }.joined())
    }
}
