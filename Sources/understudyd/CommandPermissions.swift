import ControlServer

/// What each command of this server needs of its caller.
enum CommandPermissions {
    /// nil: there is no such command.
    static func needed(for command: String) -> ControlAccess? { table[command] }

    private static let table: [String: ControlAccess] = [
        "connect": .full,
        "connections": .monitor,
        "disconnect": .full,
        "dtfs.list": .monitor,
        "dtfs.mount": .full,
        "dtfs.unmount": .full,
        "mirror.start": .full,
        "mirror.stop": .full,
        "pair": .full,
        "repset.create": .full,
        "repset.delete": .full,
        "repset.display": .monitor,
        "repset.list": .monitor,
        "repset.rule.add": .full,
        "repset.rule.remove": .full,
        "repset.save": .full,
        "repset.use": .full,
        "status": .monitor,
        "sync": .monitor,
        "verify": .full,
        "waitonmirror": .monitor,
    ]
}
