import CommandModel
import CommandTable

/// Mirrors, verification, replication by hand.
enum MirrorCommands {
    static let all = available + later

    private static let kinds = Pattern.either(
        .setting("FULL", name: "kind", value: .text("full")),
        .setting("DIFFerent", name: "kind", value: .text("different")))

    private static let available = [
        CommandDeclaration(
            "mirror.start", "MIRror STArt",
            .all(
                Shared.connection,
                .options([kinds] + Shared.comparisons + [.flag("ORPHans", "orphans")])),
            defaults: ["kind": .text("full"), "orphans": .boolean(false)],
            changes: true, group: Group.mirrors,
            summary: "sends the files of the set: all, or those that differ in size or time",
            details: """
                NEWER sends those that are newer on the source only, CHECKSUM compares what they \
                hold, ORPHANS removes what is on the target and not on the source.
                """,
            examples: [
                .init("mirror start 1"), .init("mirror start 1 different, checksum, orphans"),
                .init("mirror start * different"),
            ], faults: [Faults.noSuchConnection, Faults.mirrorActive, Faults.targetUnreachable],
            plan: "would start a {kind} mirror of {connection}"
                + "[ and remove orphans{?orphans}]"),
        CommandDeclaration(
            "mirror.stop", "MIRror STOp", Shared.connection, changes: true, group: Group.mirrors,
            summary: "stops a mirror; the next one begins from the start",
            examples: [.init("mirror stop 1")],
            faults: [Faults.noSuchConnection, Faults.mirrorNotRunning],
            plan: "would stop the mirror of {connection}"),
        CommandDeclaration(
            "waitonmirror", "WAITONMIRror", .all(Shared.connection, .anyOrder(Shared.timeout)),
            permission: .monitor, group: Group.mirrors,
            summary: "returns when the mirror is complete",
            details: "Without TIMEOUT it waits as long as it takes.",
            examples: [.init("waitonmirror 1"), .init("waitonmirror 1 timeout 10 minutes")],
            faults: [Faults.noSuchConnection, Faults.mirrorRequired, Faults.timedOut]),
        CommandDeclaration(
            "verify", "VERIfy", .all(Shared.connection, .anyOrder(.word("NOW"))),
            group: Group.mirrors, summary: "compares source and target by checksum",
            answer: "the number of files that differ",
            examples: [.init("verify 1"), .init("verify 1 now")],
            faults: [Faults.noSuchConnection, Faults.targetUnreachable, Faults.timedOut]),
    ]

    private static let later = [
        CommandDeclaration(
            "verify.schedule", "VERIfy",
            .all(
                Shared.connection,
                .options([
                    .either(.word("NOW"), Shared.moment), Shared.interval,
                    .all(.flag("REMIRror", "remirror"), .options(Shared.comparisons)),
                ])), changes: true, group: Group.mirrors,
            summary: "compares at a time or again and again, and may send what differs",
            answer: "the number of files that differ",
            examples: [
                .init("verify 1 at 12/31/2026 23:30 every 1 day remirror, checksum"),
                .init("verify * remirror"),
            ], faults: [Faults.noSuchConnection, Faults.targetUnreachable],
            plan: "would verify {connection}[ at {date}][ every {interval} seconds]"
                + "[ and mirror what differs{?remirror}]"),
        CommandDeclaration(
            "verify.stop", "VERIfy STOp", Shared.connection, changes: true, group: Group.mirrors,
            summary: "stops a verification and ends its schedule",
            examples: [.init("verify stop 1")], faults: [Faults.noSuchConnection],
            plan: "would stop verifying {connection}"),
        CommandDeclaration(
            "mirror.pause", "MIRror PAUse", Shared.connection, changes: true,
            group: Group.mirrors, summary: "holds a mirror where it is",
            examples: [.init("mirror pause 1")],
            faults: [Faults.noSuchConnection, Faults.mirrorNotRunning],
            plan: "would hold the mirror of {connection}"),
        CommandDeclaration(
            "mirror.resume", "MIRror RESume", Shared.connection, changes: true,
            group: Group.mirrors, summary: "goes on with a mirror that is held",
            examples: [.init("mirror resume 1")],
            faults: [Faults.noSuchConnection, Faults.mirrorNotRunning],
            plan: "would go on with the mirror of {connection}"),
        CommandDeclaration(
            "replication.start", "REPLICAtion STArt", Shared.connection, changes: true,
            group: Group.mirrors, summary: "replicates changes from now on",
            examples: [.init("replication start 1")],
            faults: [Faults.noSuchConnection, Faults.targetUnreachable],
            plan: "would start replication of {connection}"),
        CommandDeclaration(
            "replication.stop", "REPLICAtion STOp", Shared.connection, changes: true,
            group: Group.mirrors,
            summary: "replicates no more; the target is behind until the next mirror",
            examples: [.init("replication stop *")], faults: [Faults.noSuchConnection],
            plan: "would stop replication of {connection}"),
    ].map(\.later)
}
