import CommandModel
import CommandTable

/// Connections of replication sets to targets.
enum ConnectionCommands {
    private static let group = "Connections"

    /// Where the paths of the set go on the target.
    static let mapping = Pattern.all(
        .word("MAP"),
        .either(
            .setting("EXACT", name: "map", value: .text("exact")),
            .all(
                .setting("BASE", name: "map", value: .text("base")), .value("base", .path)),
            .list(
                name: "map",
                of: .all(.value("from", .path), .word("TO"), .value("to", .path)))))

    /// What a difference mirror looks at beside size and time.
    static let comparisons: [Pattern] = [.flag("NEWer", "newer"), .flag("CHECKSUM", "checksum")]

    static let connectOptions: [Pattern] =
        [
            .either(
                .setting("NOMIRror", name: "mirror", value: .text("none")),
                .all(
                    .setting("MIRror", name: "mirror", value: .text("full")),
                    .maybe(
                        .either(
                            .setting("FULL", name: "mirror", value: .text("full")),
                            .setting("DIFFerent", name: "mirror", value: .text("different"))))))
        ] + comparisons + [
            .setting("NOREPLicate", name: "replicate", value: .boolean(false)),
            .flag("ORPHans", "orphans"),
        ]

    static let all: [CommandDeclaration] = [
        // Before CONNECT, which would take TDU for a machine.
        CommandDeclaration(
            "connect.simulated", "CONNect",
            .all(
                .value("set", .name), .word("TO"), .flag("TDU", "simulated"),
                .maybe(.value("file", .file)), mapping, .options(connectOptions)),
            changes: true, isAvailable: false, group: LaterCommands.group,
            summary: "simulates a connection: counts what would be sent",
            examples: [
                .init(
                    "connect Projects to TDU \"/var/tmp/tdu.sts\" map \"/srv\" to \"/mnt/copy\"")
            ]),
        CommandDeclaration(
            "connect", "CONNect",
            .all(
                .value("set", .name), .word("TO"), Shared.target, mapping,
                .options(connectOptions)),
            defaults: [
                "mirror": .text("full"), "replicate": .boolean(true),
                "orphans": .boolean(false),
            ],
            changes: true, group: group,
            summary: "connects a saved replication set to a target, mirrors it and replicates",
            details: """
                MAP EXACT keeps the paths; MAP "from" TO "to" puts each tree elsewhere; MAP BASE \
                "path" puts them beneath `/path/source/set`. NOMIRROR leaves the mirror for later, \
                NOREPLICATE only mirrors, ORPHANS removes what is on the target and not on the \
                source. Both servers are made known to each other when this program reaches both.
                """,
            answer: "the id of the connection",
            examples: [
                .init("connect newrep to 10.52.21.51 map exact"),
                .init("connect datafile to 10.52.21.57 map /srv/ to /copy/"),
                .init(
                    "connect docs to beta map \"/a\" to \"/copy/a\", \"/b\" to \"/copy/b\""),
                .init("connect docs to beta map base \"/copies\" nomirror, orphans"),
                .init("connect docs to beta map exact mirror different, checksum"),
            ]),
        CommandDeclaration(
            "disconnect", "DISConnect", Shared.connection, changes: true, group: group,
            summary: "ends a connection, or all with `*`; the target keeps what it has",
            examples: [.init("disconnect 1"), .init("disconnect *")]),
        CommandDeclaration(
            "connections", "CONNECTIons", permission: .monitor, group: group,
            summary: "lists the connections", answer: "a list of records",
            examples: [.init("connections")]),
        CommandDeclaration(
            "status", "STATus", permission: .monitor, group: group,
            summary: "shows how all connections are doing", answer: "a list of records",
            examples: [.init("status")]),
        CommandDeclaration(
            "status", "STATus CONnection", Shared.connection, permission: .monitor, group: group,
            summary: "shows how a connection is doing, or all of them",
            answer: "a record, a list of records for all",
            examples: [.init("status con 1"), .init("status connection *")]),
        CommandDeclaration(
            "sync", "SYNC", .all(Shared.connection, .anyOrder(Shared.timeout)), group: group,
            summary: "returns when everything written before it is on the target",
            examples: [.init("sync 1"), .init("sync * timeout 2 minutes")]),
    ]
}
