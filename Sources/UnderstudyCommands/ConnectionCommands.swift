import CommandModel
import CommandTable

/// Connections of replication sets to targets.
enum ConnectionCommands {
    static let all = connect + others + later

    /// Where the paths of the set go on the target.
    private static let mapping = Pattern.all(
        .word("MAP"),
        .either(
            .setting("EXACT", name: "map", value: .text("exact")),
            .all(
                .setting("BASE", name: "map", value: .text("base")),
                .value("base", .path, shown: "\"path\"")), pairs))

    static let pairs = Pattern.list(
        name: "map", of: .all(.value("from", .path), .word("TO"), .value("to", .path)))

    private static let options: [Pattern] =
        [
            .either(
                .setting("NOMIRror", name: "mirror", value: .text("none")),
                .all(
                    .setting("MIRror", name: "mirror", value: .text("full")),
                    .maybe(
                        .either(
                            .setting("FULL", name: "mirror", value: .text("full")),
                            .setting("DIFFerent", name: "mirror", value: .text("different"))))))
        ] + Shared.comparisons + [
            .setting("NOREPLicate", name: "replicate", value: .boolean(false)),
            .flag("ORPHans", "orphans"),
        ]

    private static let laterOptions: [Pattern] = [
        .all(.word("COMPRESS"), .value("compress", .integer(0...22), shown: "level")),
        .all(.word("VIA"), .value("via", .machine, shown: "address")),
        .flag("CALCulate", "calculate"),
    ]

    private static let defaults: CommandRecord = [
        "mirror": .text("full"), "replicate": .boolean(true), "orphans": .boolean(false),
    ]
    private static let faults = [
        Faults.noSuchSet, Faults.setNotSaved, Faults.connectionExists, Faults.noSuchServer,
        Faults.serverNotResponding, Faults.connectionFailed, Faults.notCaptured,
        Faults.pathsOverlap, Faults.invalidSourcePath, Faults.invalidTargetPath,
    ]
    private static let plan =
        "would connect replication set '{set}' to {target}, paths: {map}[ {base}], mirror: {mirror}"
        + "[, removing orphans{?orphans}]"

    private static let connect = [
        // Before CONNECT, which would take TDU for a machine.
        CommandDeclaration(
            "connect.simulated", "CONNect",
            .all(
                Shared.set, .word("TO"), .flag("TDU", "simulated"), .maybe(.value("file", .file)),
                mapping, .options(options)),
            changes: true, isAvailable: false, group: Group.connections,
            summary: "simulates a connection: counts what would be sent",
            details: "Statistics are written to the file; nothing is sent anywhere.",
            answer: "the id of the connection",
            examples: [
                .init(
                    "connect Projects to TDU \"/var/tmp/tdu.sts\" map \"/srv\" to \"/mnt/copy\"")
            ], faults: [Faults.noSuchSet, Faults.setNotSaved],
            plan: "would simulate a connection of replication set '{set}', paths: {map}[ {base}]"),
        CommandDeclaration(
            "connect", "CONNect",
            .all(Shared.set, .word("TO"), Shared.target, mapping, .options(options)),
            defaults: defaults, changes: true, group: Group.connections,
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
            ], faults: faults, plan: plan),
        CommandDeclaration(
            "connect", "CONNect",
            .all(Shared.set, .word("TO"), Shared.target, mapping, .options(options + laterOptions)),
            defaults: defaults, changes: true, isAvailable: false, group: Group.connections,
            summary: "the same with compression, by another address, or counting the files first",
            answer: "the id of the connection",
            examples: [
                .init("connect docs to beta map exact compress 3, via 192.168.7.2"),
                .init("connect docs to beta map exact calculate"),
            ], faults: faults, plan: plan),
    ]

    private static let others = [
        CommandDeclaration(
            "disconnect", "DISConnect", Shared.connection, changes: true,
            group: Group.connections,
            summary: "ends a connection, or all with `*`; the target keeps what it has",
            examples: [.init("disconnect 1"), .init("disconnect *")],
            faults: [Faults.noSuchConnection], plan: "would end {connection}"),
        CommandDeclaration(
            "connections", "CONNECTIons", permission: .monitor, group: Group.connections,
            summary: "lists the connections", answer: "a list of records",
            examples: [.init("connections")]),
        CommandDeclaration(
            "status", "STATus", permission: .monitor, group: Group.connections,
            summary: "shows how all connections are doing", answer: "a list of records",
            examples: [.init("status")]),
        CommandDeclaration(
            "status", "STATus CONnection", Shared.connection, permission: .monitor,
            group: Group.connections,
            summary: "shows how a connection is doing, or all with `*`",
            answer: "a record with `mirrorState`, `replicationState`, `targetState` and what else "
                + "the lines show; a list of records for `*`",
            examples: [.init("status con 1"), .init("status connection *")],
            faults: [Faults.noSuchConnection]),
        CommandDeclaration(
            "status.target", "STATus TARget", permission: .monitor, group: Group.connections,
            summary: "shows how the server is doing as a target",
            details: """
                For each connection that ends here, whether its source lives or not: OK means that \
                the copy is a state that the source had. After a server that was killed the state \
                is Retrying until the source has said again what it was making.
                """,
            answer: "a record with `connections`, a list of records with `state`, `reason`, "
                + "`mayBeInPart`, `linked` and what else the lines show",
            examples: [.init("status target")]),
        CommandDeclaration(
            "sync", "SYNC", .all(Shared.connection, .anyOrder(Shared.timeout)),
            group: Group.connections,
            summary: "returns when everything written before it is on the target",
            details: "Without TIMEOUT it waits as long as it takes.",
            examples: [.init("sync 1"), .init("sync * timeout 2 minutes")],
            faults: [Faults.noSuchConnection, Faults.mirrorRequired, Faults.timedOut]),
    ]

    private static let later = [
        CommandDeclaration(
            "status.source", "STATus SOUrce", permission: .monitor, group: Group.connections,
            summary: "shows how the server is doing as a source", answer: "a record",
            examples: [.init("status source")]),
        CommandDeclaration(
            "status.queue", "STATus QUEue", permission: .monitor, group: Group.connections,
            summary: "shows what waits in memory and on disk", answer: "a record",
            examples: [.init("status queue")]),
        CommandDeclaration(
            "connection.id", "CONID", .all(Shared.set, .sign(.comma), Shared.target),
            permission: .monitor, group: Group.connections,
            summary: "finds the id of a set's connection to a target",
            answer: "the id of the connection", examples: [.init("conid newrep, beta")],
            faults: [Faults.noSuchConnection]),
    ].map(\.later)
}
