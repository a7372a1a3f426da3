import CommandModel
import CommandTable

/// Which servers there are, who asks, and help.
enum ServerCommands {
    private static let group = "Servers and access"

    static let all: [CommandDeclaration] = [
        CommandDeclaration(
            "login", "LOGIn|LOGON",
            .all(
                Shared.machine,
                .maybe(
                    .value("user", .text),
                    .maybe(.value("password", .secret), .maybe(.value("domain", .text))))),
            permission: .none, to: .client, group: group,
            summary: "logs in to a server and says what may be done there",
            details: "A server reached through its socket knows who asks, so that no password is "
                + "needed. A password is taken as it stands: a `$` in it is a dollar.",
            answer: "0 no access, 1 monitor access, 2 full access",
            examples: [
                .init("login alpha"),
                .init("logon 10.52.21.51 admin \"secret\"", "a machine by its address"),
            ]),
        CommandDeclaration(
            "logout", "LOGOUt", .maybe(Shared.machine), permission: .none, to: .client,
            group: group, summary: "ends what LOGIN began, on one machine or on all",
            examples: [.init("logout alpha")]),
        CommandDeclaration(
            "source", "SOUrce", Shared.machine, permission: .none, to: .client, group: group,
            summary: "names the machine that the commands after it are about",
            examples: [.init("source alpha")]),
        CommandDeclaration(
            "target", "TARget", Shared.machine, permission: .none, to: .client, group: group,
            summary: "names the current target machine",
            examples: [.init("target 10.52.21.57")]),
        CommandDeclaration(
            "ping", "PING", Shared.machine, permission: .none, to: .client, group: group,
            summary: "asks whether a server runs on a machine",
            details: "Works without any access.", answer: "1 when it runs; fails otherwise",
            examples: [.init("ping beta")]),
        CommandDeclaration(
            "servers", "SERVers", permission: .none, to: .client, group: group,
            summary: "lists the known servers: reachable or not, access, version",
            answer: "a list of records", examples: [.init("servers")]),
        CommandDeclaration(
            "version", "VERSion", .maybe(Shared.machine), permission: .none, to: .client,
            group: group, summary: "says the version of this program or of a server",
            answer: "the version as text", examples: [.init("version"), .init("version alpha")]),
        CommandDeclaration(
            "pair", "PAIR",
            .all(
                .value("source", .machine), .word("WITH"), .value("target", .machine)),
            to: .client, changes: true, group: group,
            summary: "makes two servers known to each other: names, addresses, certificates",
            details: "CONNECT does it by itself when both servers are reachable.",
            examples: [.init("pair alpha with beta")]),
        CommandDeclaration(
            "help", "HELP", .rest(name: "topic", shown: "words"), permission: .none,
            to: .local, group: group,
            summary: "lists the commands, or explains those that begin with the words after it",
            examples: [.init("help"), .init("help repset rule")]),
        CommandDeclaration(
            "quit", "QUIT", permission: .none, to: .local, group: group,
            summary: "ends the session; EXIT does too, with a status if one is wanted",
            examples: [.init("quit")]),
    ]
}
