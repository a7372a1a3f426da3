import CommandModel
import CommandTable

/// What a target has and its source has not, and the way back to a source.
enum OrphanCommands {
    static let all = [
        CommandDeclaration(
            "orphans.start", "ORPHans STArt", Shared.connection, changes: true,
            group: Group.orphans, summary: "looks for files that the source does not have",
            examples: [.init("orphans start 1")],
            faults: [Faults.noSuchConnection, Faults.targetUnreachable],
            plan: "would look for orphans of {connection}"),
        CommandDeclaration(
            "orphans.stop", "ORPHans STOp", Shared.connection, changes: true,
            group: Group.orphans, summary: "stops looking for orphans",
            examples: [.init("orphans stop 1")], faults: [Faults.noSuchConnection],
            plan: "would stop looking for orphans of {connection}"),
        CommandDeclaration(
            "orphans.enable", "ORPHans ENAble", .all(Shared.target, .options(options)),
            defaults: ["action": .text("delete")], changes: true, group: Group.orphans,
            summary: "says what happens to orphans on a target",
            examples: [
                .init("orphans enable beta delete older 2 days log"),
                .init("orphans enable beta move \"/srv/orphans\""),
            ], faults: [Faults.noSuchServer],
            plan: "would have orphans on {target} treated by: {action}[ to {folder}]"),
        CommandDeclaration(
            "orphans.disable", "ORPHans DISAble", Shared.target, changes: true,
            group: Group.orphans, summary: "leaves orphans on a target alone",
            examples: [.init("orphans disable beta")], faults: [Faults.noSuchServer],
            plan: "would leave orphans on {target} alone"),
        CommandDeclaration(
            "restore", "RESTore",
            .all(
                .value("set", .existing(sort: Sort.replicationSet)), .word("FROM"), Shared.target,
                .word("TO"), .value("source", .machine),
                .anyOrder(
                    .all(.word("ORIGINAL"), .value("original", .machine, shown: "source")),
                    .all(
                        .word("MAP"),
                        .either(
                            .setting("EXACT", name: "map", value: .text("exact")),
                            ConnectionCommands.pairs)),
                    .flag("OVERWRite", "overwrite"), .flag("NEWer", "newer"),
                    .flag("CHECKSUM", "checksum"), .flag("ORPHans", "orphans"),
                    .all(.flag("USE", "useTargetCopy"), .word("TARget"), .word("COPY")))),
            changes: true, group: Group.orphans,
            summary: "sends a set's data from its target back to a source",
            details: """
                Files that are newer on the source stay unless OVERWRITE is given. ORIGINAL names \
                the source that the copy was made of, when it goes to another machine. USE TARGET \
                COPY takes the rules that the target kept.
                """,
            examples: [
                .init("restore docs from beta to alpha"),
                .init("restore docs from beta to gamma original alpha map /srv to /new overwrite"),
                .init("restore docs from beta to alpha overwrite, checksum use target copy"),
            ],
            faults: [
                Faults.noSuchSet, Faults.noSuchServer, Faults.serverNotResponding,
                Faults.pathsOverlap,
            ],
            plan: "would restore replication set '{set}' from {target} to {source}"
                + "[ over what is there{?overwrite}]"),
        CommandDeclaration(
            "waitonrestore", "WAITONRESTore", .all(Shared.connection, .anyOrder(Shared.timeout)),
            permission: .monitor, group: Group.orphans,
            summary: "returns when a restore is complete",
            examples: [.init("waitonrestore 1"), .init("waitonrestore 1 timeout 2 hours")],
            faults: [Faults.noSuchConnection, Faults.timedOut]),
    ].map(\.later)

    private static let options: [Pattern] = [
        .either(
            .setting("DELete", name: "action", value: .text("delete")),
            .all(
                .setting("MOVE", name: "action", value: .text("move")),
                .value("folder", .path, shown: "\"path\""))),
        .all(.word("OLDer"), .value("older", .duration, shown: "age")),
        .flag("LOG", "log"),
    ]
}
