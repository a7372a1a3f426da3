import CommandModel
import CommandTable

/// Counters and logs.
enum StatisticsCommands {
    static let all = [
        CommandDeclaration(
            "statistics", "STATISTics", .maybe(Shared.connection), permission: .monitor,
            group: Group.statistics, summary: "shows the counters of a server or a connection",
            answer: "a record", examples: [.init("statistics"), .init("statistics 1")],
            faults: [Faults.noSuchConnection]),
        CommandDeclaration(
            "statfile.start", "STATFILE STArt",
            .all(.value("file", .path), .maybe(Shared.interval)), changes: true,
            group: Group.statistics, summary: "writes the counters to a file of the server",
            examples: [.init("statfile start \"/var/log/dt.sts\" every 5 minutes")],
            plan: "would write the counters to {file}"),
        CommandDeclaration(
            "statfile.stop", "STATFILE STOp", changes: true, group: Group.statistics,
            summary: "writes the counters no more", examples: [.init("statfile stop")],
            plan: "would write the counters no more"),
        CommandDeclaration(
            "statistics.all", "GETALLSTATS", permission: .monitor, group: Group.statistics,
            summary: "gives every counter of the server", answer: "a record",
            examples: [.init("getallstats")]),
        CommandDeclaration(
            "log", "LOG",
            .anyOrder(
                .flag("FOLLOW", "follow"), .all(.word("LEVEL"), .value("level", .integer(0...5)))),
            permission: .monitor, group: Group.statistics, summary: "shows the log of a server",
            examples: [.init("log"), .init("log follow, level 3")], faults: [Faults.interrupted]),
    ].map(\.later)
}
