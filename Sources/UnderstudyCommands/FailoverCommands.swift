import CommandModel
import CommandTable

/// Watching a source and standing in for it; carried out by the target.
enum FailoverCommands {
    static let all = (monitors + settings + failover).map(\.later)

    private static func monitor(
        _ id: String, _ words: String, _ pattern: Pattern,
        permission: CommandDeclaration.Permission = .full, _ summary: String,
        details: String = "", answer: String = "", examples: [CommandDeclaration.Example],
        faults: [CommandFault] = [], plan: String = ""
    ) -> CommandDeclaration {
        CommandDeclaration(
            id, words, pattern, permission: permission, to: .target, changes: !plan.isEmpty,
            group: Group.failover, summary: summary, details: details, answer: answer,
            examples: examples, faults: faults, plan: plan)
    }

    /// About one monitor.
    private static func monitor(
        _ id: String, _ words: String, permission: CommandDeclaration.Permission = .full,
        _ summary: String, details: String = "", answer: String = "",
        examples: [CommandDeclaration.Example], faults: [CommandFault] = [], plan: String = ""
    ) -> CommandDeclaration {
        monitor(
            id, words, Shared.monitor, permission: permission, summary, details: details,
            answer: answer, examples: examples, faults: faults, plan: plan)
    }

    private static let monitors = [
        monitor(
            "monitor.create", "MONitor CREate",
            .all(Shared.newName, .word("FOR"), .value("source", .machine)),
            "makes a monitor that watches a source",
            examples: [.init("monitor create web for alpha")], faults: [Faults.noSuchServer],
            plan: "would make the failover monitor '{name}' for {source}"),
        monitor(
            "monitor.delete", "MONitor DELete", "deletes a monitor that is not started",
            examples: [.init("monitor delete web")],
            plan: "would delete the failover monitor '{name}'"),
        monitor(
            "monitor.use", "MONitor USE", "selects a monitor", examples: [.init("monitor use web")]
        ),
        monitor(
            "monitor.list", "MONitor LISt", .nothing, permission: .monitor, "lists the monitors",
            answer: "a list of records", examples: [.init("monitor list")]),
        monitor(
            "monitor.display", "MONitor DISplay", permission: .monitor,
            "shows what a monitor watches and what it would do", answer: "a record",
            examples: [.init("monitor display web")]),
        monitor(
            "monitor.status", "MONitor STATus", permission: .monitor,
            "shows how long a source has been silent and what is about to happen",
            answer: "a record", examples: [.init("monitor status web")]),
        monitor(
            "monitor.start", "MONitor STArt", "watches from now on",
            examples: [.init("monitor start web")], plan: "would start to watch with '{name}'"),
        monitor(
            "monitor.stop", "MONitor STOp", "watches no more",
            examples: [.init("monitor stop web")], plan: "would stop watching with '{name}'"),
    ]

    private static let options: [Pattern] = [
        .assignment("INTerval", .value("interval", .duration, shown: "time")),
        .assignment("MISsed", .value("missed", .integer(1...65_535))),
        .assignment("METhod", Shared.choice("method", "PING", "SERVICE", "BOTH")),
        .assignment("TRIGger", Shared.choice("trigger", "ALL", "ANY")),
        .assignment("ADDresses", Shared.choice("addresses", "MONITORED", "ALL", "NONE")),
        .assignment(
            "INTERVENtion",
            .either(
                .setting("ON", name: "intervention", value: .boolean(true)),
                .setting("OFF", name: "intervention", value: .boolean(false)))),
        .assignment("DATAstate", Shared.choice("datastate", "APPLY", "DISCARD")),
    ]

    private static let settings = [
        monitor(
            "monitor.move", "MONitor MOVE",
            .all(
                .value("address", .machine), .word("TO"), .value("interface", .text), .word("ON"),
                Shared.monitor),
            "says which interface of the target takes an address of the source",
            examples: [.init("monitor move 10.0.0.7 to eth0 on web")],
            plan: "would put {address} on {interface} when '{name}' fails over"),
        monitor(
            "monitor.option", "MONitor OPTion", .all(Shared.monitor, .options(options)),
            "changes how a monitor watches and what it does",
            details: """
                INTERVAL and MISSED say how often it asks and how many answers may be missing; \
                METHOD how it asks; TRIGGER whether all addresses must be silent or any; ADDRESSES \
                which it takes over; INTERVENTION whether a person must agree; DATASTATE what \
                happens to data that has come in and is not applied.
                """,
            examples: [
                .init("monitor option web interval = 3s, missed = 5, method = both"),
                .init("monitor option web trigger = any, intervention = on"),
            ], plan: "would change options of '{name}'"),
        monitor(
            "monitor.script", "MONitor SCRIPT",
            .all(
                Shared.monitor,
                Shared.choice(
                    "point", "PREFAILOVER", "POSTFAILOVER", "PREFAILBACK", "POSTFAILBACK",
                    "SOURCEPOSTFAILBACK"), Shared.script,
                .anyOrder(Shared.arguments, Shared.delay, Shared.timeout)),
            "runs a script before or after a failover or failback",
            examples: [
                .init("monitor script web postfailover \"/opt/up.dtcl\" args \"web\" delay"),
                .init("monitor script web prefailback LUA:down timeout 30s"),
            ], plan: "would run {script} at {point} of '{name}'"),
    ]

    private static let failover = [
        monitor(
            "failover", "FAILOVer",
            .all(
                .maybe(.word("MONitor")), Shared.monitor,
                .anyOrder(.flag("NOW", "now"), .flag("TEST", "test"), .flag("FORCE", "force"))),
            "lets the target stand in for the source",
            details: """
                NOW does not wait for what is still on its way. TEST goes through the steps and \
                takes nothing over. FORCE goes on although the target's data is not consistent.
                """,
            examples: [.init("failover web"), .init("failover monitor web now")],
            faults: [Faults.mirrorRequired, Faults.vetoed],
            plan: "would fail over what '{name}' watches to this target"),
        monitor(
            "failover.accept", "FAILOVer ACCEPT", "agrees to a failover that waits for a person",
            examples: [.init("failover accept web")],
            plan: "would agree to the failover of '{name}'"),
        monitor(
            "failover.cancel", "FAILOVer CANcel", "ends a failover that waits for a person",
            examples: [.init("failover cancel web")], plan: "would end the failover of '{name}'"),
        monitor(
            "failback", "FAILBack",
            .all(
                .maybe(.word("MONitor")), Shared.monitor,
                .anyOrder(
                    .either(
                        .setting("CONTinue", name: "after", value: .text("continue")),
                        .setting("STOp", name: "after", value: .text("stop"))),
                    .flag("RESTore", "restore"))),
            "gives the source's place back to it",
            details: "CONTINUE watches again afterwards, STOP does not. RESTORE sends the data "
                + "back first.",
            examples: [.init("failback web"), .init("failback web continue, restore")],
            faults: [Faults.vetoed], plan: "would give the source's place back in '{name}'"),
        monitor(
            "reverse", "REVerse", "swaps source and target as planned, without loss",
            examples: [.init("reverse web")], faults: [Faults.mirrorRequired, Faults.vetoed],
            plan: "would swap source and target of '{name}'"),
    ]
}
