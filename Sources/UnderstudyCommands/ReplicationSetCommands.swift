import CommandModel
import CommandTable

/// What is protected: named sets of rules, on the source.
enum ReplicationSetCommands {
    private static let group = "Replication sets"

    static let all: [CommandDeclaration] = [
        CommandDeclaration(
            "repset.create", "REPSet CREate", Shared.setName, changes: true, group: group,
            summary: "makes an empty replication set and selects it",
            details: "A name has none of the characters `. ? < > : \" \\ / * |`.",
            examples: [.init("repset create newrep")]),
        CommandDeclaration(
            "repset.delete", "REPSet DELete", Shared.setName, changes: true, group: group,
            summary: "deletes a replication set that is not connected",
            examples: [.init("repset delete newrep")]),
        CommandDeclaration(
            "repset.use", "REPSet USE", Shared.setName, group: group,
            summary: "selects the set that REPSET SAVE without a name saves",
            examples: [.init("repset use newrep")]),
        CommandDeclaration(
            "repset.display", "REPSet DISplay", Shared.setName, permission: .monitor,
            group: group, summary: "shows the rules of a replication set", answer: "a record",
            examples: [.init("repset display newrep")]),
        CommandDeclaration(
            "repset.list", "REPSet LISt", permission: .monitor, group: group,
            summary: "lists the replication sets", answer: "a list of records",
            examples: [.init("repset list")]),
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
            changes: true, group: group,
            summary: "adds a path to a replication set, or leaves it out of it",
            details: "The path may name what does not exist yet and may hold `*` and `?`.",
            examples: [
                .init("repset rule add \"/srv/data\" include to newrep"),
                .init("repset rule add \"/srv/data/cache\" exclude to newrep"),
                .init("repset rule add \"/srv/data/*.tmp\" exclude, nonrecursive to newrep"),
            ]),
        CommandDeclaration(
            "repset.rule.remove", "REPSet RULe REMove",
            .all(
                .value("path", .path), .maybe(.either(.word("INClude"), .word("EXClude"))),
                .maybe(.word("FROM"), Shared.setName)),
            changes: true, group: group, summary: "takes a rule out of a replication set",
            examples: [.init("repset rule remove \"/srv/data/cache\" from newrep")]),
        CommandDeclaration(
            "repset.save", "REPSet SAVe", .maybe(Shared.setName), changes: true, group: group,
            summary: "keeps the rules of a set, so that it can be connected",
            examples: [.init("repset save"), .init("repset save newrep")]),
    ]
}
