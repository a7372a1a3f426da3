import CommandTable
import ControlServer
import UnderstudyCommands

/// What each command needs of its caller, as its declaration says.
enum CommandPermissions {
    /// nil: there is no such command.
    static func needed(for command: String) -> ControlAccess? { table[command] }

    private static let table = Dictionary(
        UnderstudyCommands.table.declarations.filter(\.isAvailable)
            .map { ($0.id, access($0.permission)) },
        // Declarations may share an id; then the stricter one holds.
        uniquingKeysWith: { max($0, $1) })

    private static func access(_ permission: CommandDeclaration.Permission) -> ControlAccess {
        switch permission {
        case .none: .none
        case .monitor: .monitor
        case .full: .full
        }
    }
}
