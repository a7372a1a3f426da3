import CommandModel
import CommandTable

/// Scripts and programs that run by themselves: at points of a mirror, in the stream of changes, at
/// events.
enum ScriptCommands {
    static let all = [run] + hooks + [remote] + runs + connectionScripts + tasks + later

    private static let runFaults = [
        Faults.scriptFailed, Faults.scriptNotStarted, Faults.scriptsClosed, Faults.timedOut,
    ]

    /// Carried out by the script host itself.
    private static let run = CommandDeclaration(
        "run", "RUN",
        .all(.value("script", .file), .anyOrder(Shared.arguments, Shared.timeout)), to: .local,
        group: Group.scripts,
        summary: "runs another script on this machine: `.dtcl`, `.lua` or anything executable",
        details: """
            A relative path counts from the folder of the script. An executable gets no input; it \
            and what it started are ended when its time is over.
            """,
        answer: "a record with `run`, `outcome`, `status`, `seconds`, `output` and `value`",
        examples: [
            .init("run \"/opt/quiesce\""),
            .init("run \"/opt/snap.sh\" args \"vol1 keep7\" timeout 10 minutes"),
        ], faults: runFaults)

    private static let hooks = [
        CommandDeclaration(
            "hooks.list", "HOOKS LISt", permission: .monitor, group: Group.scripts,
            summary: "lists the hooks: their events, scripts, and how they are doing",
            answer: "a list of records with `id`, `event`, `script`, `priority` and what else is "
                + "known", examples: [.init("hooks list")]),
        CommandDeclaration(
            "hooks.reload", "HOOKS RELoad", changes: true, group: Group.scripts,
            summary: "reads the folder of the hooks again",
            details: "A file with an error is reported; what it held before stays in force.",
            answer: "a record with the files `loaded`, `kept`, `removed` and `broken`",
            examples: [.init("hooks reload")], faults: [Faults.scriptNotStarted],
            plan: "would read the folder of the hooks again"),
        CommandDeclaration(
            "hooks.test", "HOOKS TEST", .value("event", .event), group: Group.scripts,
            summary: "runs the hooks of an event as if it had happened",
            details: "The event's record holds `test` = TRUE.",
            answer: "a list of records with `hook` and `outcome`",
            examples: [.init("hooks test mirror.completed")], faults: [Faults.scriptFailed]),
        CommandDeclaration(
            "hook.add", "HOOK ADD",
            .all(
                .value("event", .event), Shared.script,
                .anyOrder(
                    Shared.arguments, Shared.timeout, Shared.delay,
                    .all(.word("PRIORITY"), .value("priority", .integer(-1_000...1_000))))),
            changes: true, group: Group.scripts, summary: "runs a script whenever an event happens",
            details: """
                The script is a path to `.dtcl`, `.lua` or anything executable, or `LUA:function` \
                of a loaded hook file. It must belong to root, and nobody else may write to it. \
                With DELAY what caused the event waits for it, where that can wait: `before.…`, \
                `target.mirror.…` and `server.stopping`. Of several hooks the one with the \
                highest PRIORITY comes first; it is 0 where none is given.
                """,
            answer: "the id of the hook",
            examples: [
                .init("hook add mirror.completed \"/opt/done.dtcl\""),
                .init("hook add mirror.* LUA:note timeout 10s nodelay"),
                .init("hook add before.failover \"/opt/ask.lua\" priority 10"),
            ], faults: [Faults.scriptNotStarted],
            plan: "would run {script} whenever {event} happens"
        ),
        CommandDeclaration(
            "hook.remove", "HOOK REMove", .value("id", .numbered(sort: Sort.hook)), changes: true,
            group: Group.scripts, summary: "takes away what HOOK ADD made",
            examples: [.init("hook remove 3")], faults: [Faults.noSuchHook],
            plan: "would remove hook {id}"),
        CommandDeclaration(
            "events", "EVENTs",
            .anyOrder(
                .all(
                    .word("SINCE"),
                    .either(
                        .all(
                            .maybe(.value("date", .date)),
                            .value("time", .timeOfDay, shown: "hh:mm")),
                        .value("ago", .duration, shown: "time"))), .flag("FOLLOW", "follow")),
            permission: .monitor, group: Group.scripts, summary: "shows what has happened",
            details:
                "SINCE takes a time such as `10m` before now, or a time of day. FOLLOW goes on "
                + "showing until it is interrupted.",
            answer: "a list of records with `name`, `sequence`, `time` and the facts",
            examples: [
                .init("events"), .init("events since 2 hours"),
                .init("events since 11/21/2026 08:00, follow"),
            ], faults: [Faults.interrupted]),
    ]

    private static let remote = CommandDeclaration(
        "run.remote", "RUN",
        .all(
            .value("script", .file),
            .options([Shared.arguments, Shared.onMachine, Shared.timeout])),
        to: .machine(argument: "machine"), group: Group.scripts,
        summary: "runs a script or program on a server that allows it",
        details: """
            The server runs it with its own rights and keeps its outcome (SCRIPT HISTORY there). \
            What it prints is shown as it comes. An interrupted command ends it, with all that it \
            started. TASKCMD ENABLE allows it there. Without TIMEOUT it has ten minutes. What a \
            function of a hook file prints goes to the server's log; what it returns is `value`.
            """,
        answer: "a record with `run`, `outcome`, `status`, `seconds`, `output` and `value`",
        examples: [
            .init("run \"/opt/snap.sh\" args \"vol1\" on beta"),
            .init("run LUA:tidy on beta timeout 30 seconds"),
        ],
        faults: runFaults + [Faults.noSuchServer, Faults.serverNotResponding])

    private static let runs = [
        CommandDeclaration(
            "script.history", "SCRIPT HIStory",
            .maybe(.value("count", .integer(1...100_000))), permission: .monitor,
            group: Group.scripts, summary: "lists the runs of scripts, the last first",
            answer: "a list of records with `run`, `script`, `event`, `time`, `seconds`, "
                + "`outcome` and `output`",
            examples: [.init("script history"), .init("script history 20")]),
        CommandDeclaration(
            "script.output", "SCRIPT OUTput", .value("run", .numbered(sort: Sort.run)),
            permission: .monitor, group: Group.scripts, summary: "shows what a run printed",
            answer: "the output as text", examples: [.init("script output 17")]),
    ]

    /// `ONQUEUE = task [args]`
    private static func task(_ word: CommandWord, _ name: String) -> Pattern {
        .assignment(
            word, .value(name, .script, shown: "task"),
            .maybe(.value("\(name)Arguments", .programArguments, shown: "\"…\"")))
    }

    private static func point(_ word: CommandWord, _ name: String) -> Pattern {
        .assignment(word, .value(name, .script, shown: "script"))
    }

    /// The target of a connection keeps its scripts.
    private static let onTarget = Pattern.maybe(.word("ON"), Shared.target)
    private static let connectionFaults = [
        Faults.noSuchConnection, Faults.noSuchServer, Faults.serverNotResponding,
        Faults.noSourceNamed,
    ]

    private static let connectionScripts = [
        CommandDeclaration(
            "script.add", "SCRIPT ADD",
            .all(
                Shared.oneConnection, onTarget,
                .anyOrder(
                    point("MIRRORSTART", "mirrorstart"), point("MIRRORSTOP", "mirrorstop"),
                    point("MIRRORCOMPLETE", "mirrorcomplete"),
                    .assignment("ARGs", .value("arguments", .programArguments, shown: "\"…\"")),
                    Shared.timeout, Shared.delay, Shared.interaction)),
            changes: true, group: Group.scripts,
            summary: "runs a script on the target at a point of a connection's mirrors",
            details: """
                MIRRORSTART is when the target gets the beginning of a mirror, MIRRORCOMPLETE when \
                everything has been applied there, MIRRORSTOP when a mirror ends before that. With \
                DELAY the mirror waits for the script, at most for TIMEOUT (10 minutes). The \
                target is asked directly and must allow the script, see TASKCMD ENABLE. A point \
                has one script: another takes its place. INTERACT has no effect on Linux.
                """,
            examples: [
                .init(
                    "script add 1 on beta mirrorcomplete=\"/usr/bin/sh\" args=\"/opt/done.sh 1\" "
                        + "nodelay nointeract"),
                .init("script add 1 mirrorstart = \"/opt/stop-app.sh\" delay timeout 2 minutes"),
            ],
            faults: connectionFaults + [Faults.scriptNotStarted, Faults.scriptsClosed],
            plan: "would add a script to {connection}"),
        CommandDeclaration(
            "script.delete", "SCRIPT DELete",
            .all(
                Shared.oneConnection, onTarget,
                Shared.choice("point", "MIRRORSTART", "MIRRORSTOP", "MIRRORCOMPLETE")),
            changes: true, group: Group.scripts, summary: "takes away what SCRIPT ADD made",
            examples: [.init("script delete 1 mirrorcomplete")],
            faults: connectionFaults + [Faults.noSuchHook],
            plan: "would remove the {point} script of {connection}"),
        CommandDeclaration(
            "script.list", "SCRIPT LISt", .all(Shared.oneConnection, onTarget),
            permission: .monitor, group: Group.scripts,
            summary: "lists the scripts of a connection, as its target keeps them",
            answer: "a list of records with `point`, `script`, `arguments`, `delay`, `timeout`, "
                + "`runs`, `failures` and `lastFailure`",
            examples: [.init("script list 1"), .init("script list 1 on beta")],
            faults: connectionFaults),
    ]

    private static let tasks = [
        CommandDeclaration(
            "taskcmd.enable", "TASKCMD ENAble",
            .anyOrder(
                .all(.word("ALLOW"), .value("allow", .path, shown: "\"path\"")), Shared.onMachine),
            to: .machine(argument: "machine"), changes: true, group: Group.scripts,
            summary: "lets a server run scripts of connections and of RUN ... ON",
            details: """
                It is off until then, and stays as it is said across restarts. ALLOW names a \
                script, or a folder whose scripts may run; said again it adds another. Without it \
                all may that belong to root. Whatever may run must belong to root, and so must \
                every folder on its way; nobody else may write there. What a file is, is looked at \
                before each run.
                """,
            answer: "a record with `enabled` and the paths in `allowed`",
            examples: [
                .init("taskcmd enable allow \"/opt/tasks\" on beta"), .init("taskcmd enable"),
            ], faults: [Faults.noSuchServer, Faults.noSourceNamed],
            plan: "would let the server run tasks[ below {allow}]"),
        CommandDeclaration(
            "taskcmd.disable", "TASKCMD DISAble", .anyOrder(Shared.onMachine),
            to: .machine(argument: "machine"), changes: true, group: Group.scripts,
            summary: "lets a server run no scripts of connections and of RUN ... ON",
            details: "What ALLOW named is forgotten. What runs already is not ended.",
            examples: [.init("taskcmd disable on beta")],
            faults: [Faults.noSuchServer, Faults.noSourceNamed],
            plan: "would let the server run no tasks"),
        CommandDeclaration(
            "taskcmd.list", "TASKCMD LISt", .anyOrder(Shared.onMachine), permission: .monitor,
            to: .machine(argument: "machine"), group: Group.scripts,
            summary: "says what TASKCMD ENABLE lets a server run",
            answer: "a record with `enabled` and the paths in `allowed`",
            examples: [.init("taskcmd list on beta")],
            faults: [Faults.noSuchServer, Faults.noSourceNamed]),
    ]

    private static let later = [
        CommandDeclaration(
            "queuetask", "QUEUETASK|QTASK",
            .all(
                .value("job", .name), .word("TO"), Shared.target,
                .anyOrder(
                    task("ONQueue", "onqueue"), task("ONTRANSmit", "ontransmit"),
                    task("ONRECeive", "onreceive"), task("ONEXECute", "onexecute"),
                    .assignment("TIMEout", .value("timeout", .duration, shown: "time")),
                    Shared.interaction)),
            changes: true, group: Group.scripts,
            summary: "runs programs at a known point of the stream of changes",
            details: """
                ONQUEUE and ONTRANSMIT run on the source, when the task is queued and just before \
                it is sent; ONRECEIVE and ONEXECUTE on the target, when it is received and when \
                everything before it is applied.
                """,
            examples: [
                .init(
                    "queuetask nightly1 to beta onqueue = \"/opt/quiesce\" \"start\" onexecute = "
                        + "\"/opt/snap\" \"vol1 keep7\" timeout = 10 minutes nointeract")
            ], faults: [Faults.noSuchServer, Faults.scriptsClosed, Faults.targetUnreachable],
            plan: "would queue the task '{job}' to {target}"),
    ].map(\.later)
}
