import CommandModel
import CommandTable

/// Mirrors and verification.
enum MirrorCommands {
    private static let group = "Mirror and verification"

    static let all: [CommandDeclaration] = [
        CommandDeclaration(
            "mirror.start", "MIRror STArt",
            .all(
                Shared.connection,
                .options(
                    [
                        .either(
                            .setting("FULL", name: "kind", value: .text("full")),
                            .setting("DIFFerent", name: "kind", value: .text("different")))
                    ] + ConnectionCommands.comparisons + [.flag("ORPHans", "orphans")])),
            defaults: ["kind": .text("full"), "orphans": .boolean(false)],
            changes: true, group: group,
            summary: "sends the files of the set: all, or those that differ in size or time",
            examples: [
                .init("mirror start 1"), .init("mirror start 1 different, checksum, orphans"),
                .init("mirror start * different"),
            ]),
        CommandDeclaration(
            "mirror.stop", "MIRror STOp", Shared.connection, changes: true, group: group,
            summary: "stops a mirror; the next one begins from the start",
            examples: [.init("mirror stop 1")]),
        CommandDeclaration(
            "waitonmirror", "WAITONMIRror", .all(Shared.connection, .anyOrder(Shared.timeout)),
            permission: .monitor, group: group,
            summary: "returns when the mirror is complete",
            examples: [.init("waitonmirror 1"), .init("waitonmirror 1 timeout 10 minutes")]),
        CommandDeclaration(
            "verify", "VERIfy", .all(Shared.connection, .anyOrder(.word("NOW"))), group: group,
            summary: "compares source and target by checksum",
            answer: "the number of files that differ", examples: [.init("verify 1")]),
    ]
}
