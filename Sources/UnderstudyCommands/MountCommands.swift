import CommandModel
import CommandTable

/// Where changes are captured.
enum MountCommands {
    private static let group = "Captured folders"

    static let all: [CommandDeclaration] = [
        CommandDeclaration(
            "dtfs.mount", "DTFS MOUNT",
            .all(.value("path", .path), .anyOrder(.flag("FORCE", "force"))),
            defaults: ["force": .boolean(false)], changes: true, group: group,
            summary: "captures the changes below a folder from now on, and after every start",
            details: "The folder must not be in use; FORCE mounts over it all the same.",
            examples: [.init("dtfs mount \"/srv/data\""), .init("dtfs mount /srv/data force")]),
        CommandDeclaration(
            "dtfs.unmount", "DTFS UNMount", .value("path", .path), changes: true, group: group,
            summary: "stops capturing the changes below a folder",
            examples: [.init("dtfs unmount \"/srv/data\"")]),
        CommandDeclaration(
            "dtfs.list", "DTFS LISt", permission: .monitor, group: group,
            summary: "lists the captured folders", answer: "a list of records",
            examples: [.init("dtfs list")]),
    ]
}
