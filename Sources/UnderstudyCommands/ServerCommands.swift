import CommandModel
import CommandTable

/// Which servers there are, who asks, and help.
enum ServerCommands {
    static let all = access + session + control + settings

    private static let access = [
        CommandDeclaration(
            "login", "LOGIn|LOGON",
            .all(
                Shared.machine,
                .maybe(
                    .value("user", .text),
                    .maybe(.value("password", .secret), .maybe(.value("domain", .text))))),
            permission: .none, to: .client, group: Group.servers,
            summary: "logs in to a server and says what may be done there",
            details: "A server reached through its socket knows who asks, so that no password is "
                + "needed. A password is taken as it stands: a `$` in it is a dollar.",
            answer: "0 no access, 1 monitor access, 2 full access",
            examples: [
                .init("login alpha"),
                .init("logon 10.52.21.51 admin \"secret\"", "a machine by its address"),
            ], faults: [Faults.noSuchServer, Faults.serverNotResponding]),
        CommandDeclaration(
            "logout", "LOGOUt", .maybe(Shared.machine), permission: .none, to: .client,
            group: Group.servers, summary: "ends what LOGIN began, on one machine or on all",
            examples: [.init("logout alpha")]),
        CommandDeclaration(
            "source", "SOUrce", Shared.machine, permission: .none, to: .client,
            group: Group.servers,
            summary: "names the machine that the commands after it are about",
            examples: [.init("source alpha")], faults: [Faults.noSuchServer]),
        CommandDeclaration(
            "target", "TARget", Shared.machine, permission: .none, to: .client,
            group: Group.servers, summary: "names the current target machine",
            examples: [.init("target 10.52.21.57")], faults: [Faults.noSuchServer]),
        CommandDeclaration(
            "ping", "PING", Shared.machine, permission: .none, to: .client, group: Group.servers,
            summary: "asks whether a server runs on a machine",
            details: "Works without any access.", answer: "1 when it runs; fails otherwise",
            examples: [.init("ping beta")],
            faults: [Faults.noSuchServer, Faults.serverNotResponding]),
        CommandDeclaration(
            "servers", "SERVers", permission: .none, to: .client, group: Group.servers,
            summary: "lists the known servers: reachable or not, access, version",
            answer: "a list of records", examples: [.init("servers")]),
        CommandDeclaration(
            "version", "VERSion", .maybe(Shared.machine), permission: .none, to: .client,
            group: Group.servers, summary: "says the version of this program or of a server",
            answer: "the version as text", examples: [.init("version"), .init("version alpha")],
            faults: [Faults.noSuchServer, Faults.serverNotResponding]),
        CommandDeclaration(
            "pair", "PAIR",
            .all(
                .value("source", .machine), .word("WITH"), .value("target", .machine)),
            to: .client, changes: true, group: Group.servers,
            summary: "makes two servers known to each other: names, addresses, certificates",
            details: "CONNECT does it by itself when both servers are reachable.",
            examples: [.init("pair alpha with beta")],
            faults: [Faults.noSuchServer, Faults.serverNotResponding],
            plan: "would make {source} and {target} known to each other"),
    ]

    private static let session = [
        CommandDeclaration(
            "help", "HELP", .rest(name: "topic", shown: "words"), permission: .none,
            to: .local, group: Group.servers,
            summary: "lists the commands, or explains those that begin with the words after it",
            examples: [.init("help"), .init("help repset rule")]),
        CommandDeclaration(
            "quit", "QUIT", permission: .none, to: .local, group: Group.servers,
            summary: "ends the session; EXIT does too, with a status if one is wanted",
            examples: [.init("quit")]),
        CommandDeclaration(
            "history", "HISTORY", .maybe(.value("count", .integer(1...100_000))),
            permission: .none, to: .local, group: Group.servers,
            summary: "shows what was typed at the prompt, the last lines or all",
            examples: [.init("history"), .init("history 20")]),
    ]

    private static let modules = Shared.choice("module", "SOUrce", "TARget")

    private static let control = [
        CommandDeclaration(
            "module.load", "LOAD", .all(modules, .maybe(Shared.onMachine)),
            to: .machine(argument: "machine"), changes: true, group: Group.servers,
            summary: "makes a server work as a source or as a target again",
            examples: [.init("load source on alpha")], faults: [Faults.noSuchServer],
            plan: "would load the {module} module[ of {machine}]"),
        CommandDeclaration(
            "module.unload", "UNLOAD", .all(modules, .maybe(Shared.onMachine)),
            to: .machine(argument: "machine"), changes: true, group: Group.servers,
            summary: "makes a server work as a source or as a target no more",
            examples: [.init("unload target on beta")], faults: [Faults.noSuchServer],
            plan: "would unload the {module} module[ of {machine}]"),
        CommandDeclaration(
            "shutdown", "SHUTdown", Shared.machine, to: .machine(argument: "machine"),
            changes: true, group: Group.servers, summary: "stops a server",
            examples: [.init("shutdown beta")],
            faults: [Faults.noSuchServer, Faults.serverNotResponding],
            plan: "would stop the server on {machine}"),
    ].map(\.later)

    private static let settings = [
        CommandDeclaration(
            "setting.get", "GET", .all(Shared.setting, .maybe(Shared.onMachine)),
            permission: .monitor, to: .machine(argument: "machine"), group: Group.settings,
            summary: "reads a setting of a server", answer: "the setting's value",
            examples: [.init("get queueDiskMB"), .init("get journalMemoryMB on beta")],
            faults: [Faults.noSuchServer, Faults.noSourceNamed]),
        CommandDeclaration(
            "setting.set", "SET",
            .all(
                Shared.setting, .sign(.equals), .value("value", .text), .maybe(Shared.onMachine)),
            to: .machine(argument: "machine"), changes: true, group: Group.settings,
            summary: "changes a setting of a server",
            details: "What the server reads at its start (its configuration file) is refused.",
            examples: [.init("set enableTaskCmdProcessing = 1 on beta")],
            faults: [Faults.noSuchServer, Faults.noSourceNamed],
            plan: "would set {name} to {value}[ on {machine}]"),
        CommandDeclaration(
            "settings", "SETTings",
            .maybe(
                .either(
                    Shared.onMachine,
                    .all(.value("pattern", .text), .maybe(Shared.onMachine)))),
            permission: .monitor, to: .machine(argument: "machine"), group: Group.settings,
            summary: "lists the settings of a server, or those whose names match a pattern",
            answer: "a record", examples: [.init("settings"), .init("settings queue* on beta")],
            faults: [Faults.noSuchServer, Faults.noSourceNamed]),
    ]
}
