import CommandModel
import CommandTable

/// Where changes are captured.
enum MountCommands {
    static let all: [CommandDeclaration] = [
        CommandDeclaration(
            "dtfs.mount", "DTFS MOUNT",
            .all(.value("path", .path), .anyOrder(.flag("FORCE", "force"))),
            defaults: ["force": .boolean(false)], changes: true, group: Group.captures,
            summary: "captures the changes below a folder from now on, and after every start",
            details: """
                Nobody may write to files in the folder, or work in it. FORCE mounts over it all \
                the same: files that are open then are shown by STATUS and compared until they \
                are closed.
                """,
            examples: [.init("dtfs mount \"/srv/data\""), .init("dtfs mount /srv/data force")],
            faults: [Faults.cannotMount], plan: "would capture the changes below {path}"),
        CommandDeclaration(
            "dtfs.unmount", "DTFS UNMount", .value("path", .path), changes: true,
            group: Group.captures, summary: "stops capturing the changes below a folder",
            examples: [.init("dtfs unmount \"/srv/data\"")],
            faults: [Faults.notMounted, Faults.setInUse],
            plan: "would stop capturing the changes below {path}"),
        CommandDeclaration(
            "dtfs.list", "DTFS LISt", permission: .monitor, group: Group.captures,
            summary: "lists the captured folders", answer: "a list of records",
            examples: [.init("dtfs list")]),
    ]
}
