import CommandModel
import CommandTable

/// What is protected: named sets of rules, on the source.
enum ReplicationSetCommands {
    static let all = sets + rules + later

    private static let sets = [
        CommandDeclaration(
            "repset.create", "REPSet CREate", Shared.newName, changes: true, group: Group.sets,
            summary: "makes an empty replication set and selects it",
            details: "A name has none of the characters `. ? < > : \" \\ / * |`.",
            examples: [.init("repset create newrep"), .init("repset create newrep plan")],
            faults: [Faults.setExists], plan: "would create replication set '{name}'"),
        CommandDeclaration(
            "repset.delete", "REPSet DELete", Shared.setName, changes: true, group: Group.sets,
            summary: "deletes a replication set that is not connected",
            examples: [.init("repset delete newrep")],
            faults: [Faults.noSuchSet, Faults.setInUse],
            plan: "would delete replication set '{name}' and its rules"),
        CommandDeclaration(
            "repset.use", "REPSet USE", Shared.setName, group: Group.sets,
            summary: "selects the set that REPSET SAVE without a name saves",
            examples: [.init("repset use newrep")], faults: [Faults.noSuchSet]),
        CommandDeclaration(
            "repset.display", "REPSet DISplay", Shared.setName, permission: .monitor,
            group: Group.sets, summary: "shows the rules of a replication set",
            answer: "a record with `name`, `saved`, `generation` and `rules`",
            examples: [.init("repset display newrep")], faults: [Faults.noSuchSet]),
        CommandDeclaration(
            "repset.list", "REPSet LISt", permission: .monitor, group: Group.sets,
            summary: "lists the replication sets",
            answer: "a list of records with `name`, `enabled`, `saved` and `rules`",
            examples: [.init("repset list")]),
    ]

    private static let rules = [
        CommandDeclaration(
            "repset.rule.add", "REPSet RULe ADD",
            .all(
                .value("path", .path),
                .anyOrder(
                    .either(
                        .setting("INClude", name: "include", value: .boolean(true)),
                        .setting("EXClude", name: "include", value: .boolean(false))),
                    Shared.recursion),
                .maybe(.word("TO"), Shared.setName)),
            defaults: ["include": .boolean(true), "recursive": .boolean(true)],
            changes: true, group: Group.sets,
            summary: "adds a path to a replication set, or leaves it out of it",
            details: """
                The path may name what does not exist yet and may hold `*` and `?`. A recursive \
                rule holds for everything below the path. Without TO the set selected last is meant.
                """,
            examples: [
                .init("repset rule add \"/srv/data\" include to newrep"),
                .init("repset rule add \"/srv/data/cache\" exclude to newrep"),
                .init("repset rule add \"/srv/data/*.tmp\" exclude, nonrecursive to newrep"),
            ],
            faults: [Faults.noSuchSet, Faults.noSetSelected, Faults.invalidSourcePath],
            plan: "would add a rule for {path}[ to replication set '{name}']"),
        CommandDeclaration(
            "repset.rule.remove", "REPSet RULe REMove",
            .all(
                .value("path", .path), .maybe(.either(.word("INClude"), .word("EXClude"))),
                .maybe(.word("FROM"), Shared.setName)),
            changes: true, group: Group.sets, summary: "takes a rule out of a replication set",
            examples: [.init("repset rule remove \"/srv/data/cache\" from newrep")],
            faults: [Faults.noSuchSet, Faults.noSetSelected, Faults.noSuchRule],
            plan: "would remove the rule for {path}[ from replication set '{name}']"),
        CommandDeclaration(
            "repset.save", "REPSet SAVe", .maybe(Shared.setName), changes: true,
            group: Group.sets,
            summary: "keeps the rules of a set, so that it can be connected",
            examples: [.init("repset save"), .init("repset save newrep")],
            faults: [Faults.noSuchSet, Faults.noSetSelected],
            plan: "would save the replication set[ '{name}']"),
    ]

    private static let later = [
        CommandDeclaration(
            "repset.rename", "REPSet REName",
            .all(Shared.setName, .word("TO"), .value("new", .name)), changes: true,
            group: Group.sets, summary: "gives a replication set another name",
            examples: [.init("repset rename newrep to projects")],
            faults: [Faults.noSuchSet, Faults.setExists],
            plan: "would rename replication set '{name}' to '{new}'"),
        CommandDeclaration(
            "repset.copy", "REPSet COPy",
            .all(Shared.setName, .word("TO"), .value("new", .name)), changes: true,
            group: Group.sets, summary: "makes a set with the same rules under another name",
            examples: [.init("repset copy newrep to second")],
            faults: [Faults.noSuchSet, Faults.setExists],
            plan: "would copy replication set '{name}' to '{new}'"),
        CommandDeclaration(
            "repset.calculate", "REPSet CALCulate",
            .either(Shared.oneConnection, Shared.setName), permission: .monitor,
            group: Group.sets,
            summary: "counts the files and bytes of a replication set, or of a connection's",
            answer: "a record with `files` and `bytes`",
            examples: [.init("repset calculate newrep"), .init("repset calculate 1")],
            faults: [Faults.noSuchSet, Faults.noSuchConnection]),
        CommandDeclaration(
            "repset.export", "REPSet EXPort",
            .all(Shared.setName, .word("TO"), .value("file", .file)), permission: .monitor,
            group: Group.sets,
            summary: "writes a replication set to a file of this machine",
            examples: [.init("repset export newrep to \"newrep.repset\"")],
            faults: [Faults.noSuchSet]),
        CommandDeclaration(
            "repset.import", "REPSet IMPort",
            .all(.value("file", .file), .maybe(.word("AS"), .value("name", .name))),
            changes: true, group: Group.sets,
            summary: "makes a replication set from a file of this machine",
            examples: [.init("repset import \"newrep.repset\" as second")],
            faults: [Faults.setExists],
            plan: "would make a replication set[ '{name}'] from {file}"),
        CommandDeclaration(
            "repset.test", "REPSet TEST",
            .all(Shared.setName, .word("PATH"), .value("path", .path)), permission: .monitor,
            group: Group.sets,
            summary: "says whether a path belongs to a set, and by which rule",
            answer: "a record with `included` and `rule`",
            examples: [.init("repset test newrep path \"/srv/data/x\"")],
            faults: [Faults.noSuchSet]),
    ].map(\.later)
}
