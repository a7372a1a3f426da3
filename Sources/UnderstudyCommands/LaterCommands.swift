import CommandModel
import CommandTable

/// Commands that are part of the language and not built yet. Scripts that hold them are read and
/// checked; running one says that it is not available.
enum LaterCommands {
    static let group = "Not available yet"

    private static let rate = Pattern.value("rate", .integer(1...Int64.max), shown: "bytes")

    /// `ONQUEUE = task [args]`
    private static func task(_ word: CommandWord, _ name: String) -> Pattern {
        .assignment(
            word, .value(name, .file, shown: "task"),
            .maybe(.value("\(name)Arguments", .programArguments, shown: "\"arguments\"")))
    }

    private static let yesOrNoDelay = Pattern.either(
        .setting("DELAY", name: "delay", value: .boolean(true)),
        .setting("NODELAY", name: "delay", value: .boolean(false)))
    private static let interaction = Pattern.either(
        .setting("INTERACT", name: "interact", value: .boolean(true)),
        .setting("NOINTERACT", name: "interact", value: .boolean(false)))

    static let all: [CommandDeclaration] = transmission + tasks + connections + sets + servers

    private static func later(
        _ id: String, _ words: String, _ pattern: Pattern, _ summary: String,
        examples: [CommandDeclaration.Example] = []
    ) -> CommandDeclaration {
        CommandDeclaration(
            id, words, pattern, changes: true, isAvailable: false, group: group,
            summary: summary, examples: examples)
    }

    private static let transmission = [
        later(
            "bandwidth.limit", "LIMIT BANDwidth",
            .all(
                rate, .maybe(.sign(.comma), .value("seconds", .integer(1...86_400))),
                .word("TO"), Shared.target),
            "limits how fast is sent to a target",
            examples: [.init("limit bandwidth 19300, 5 to beta")]),
        later(
            "bandwidth.unlimit", "UNLIMIT BANDwidth", .all(.word("TO"), Shared.target),
            "sends to a target as fast as possible"),
        later(
            "transmission.start", "TRANSMISsion STArt", Shared.connection, "sends again"),
        later("transmission.stop", "TRANSMISsion STOp", Shared.connection, "sends no more"),
        later("transmission.pause", "TRANSMISsion PAUse", Shared.connection, "holds the data"),
        later("transmission.resume", "TRANSMISsion RESume", Shared.connection, "goes on sending"),
        later("target.pause", "TARget PAUse", Shared.target, "lets a target queue and not apply"),
        later("target.resume", "TARget RESume", Shared.target, "lets a target apply again"),
        later("target.pause", "PAUse TARget", Shared.target, "lets a target queue and not apply"),
        later("target.resume", "RESume TARget", Shared.target, "lets a target apply again"),
        later(
            "compression.off", "COMPRESSion OFF", .all(.word("TO"), Shared.target),
            "sends to a target without compression"),
        later("compression.list", "COMPRESSion LISt", .nothing, "lists the compression of targets"),
        later(
            "compression.set", "COMPRESSion SET",
            .all(
                .value("level", .integer(0...22)),
                .maybe(.either(.word("ZLIB"), .word("ZSTD"))), .word("TO"), Shared.target),
            "compresses what is sent to a target"),
    ]

    private static let tasks = [
        later(
            "queuetask", "QUEUETASK|QTASK",
            .all(
                .value("job", .name), .word("TO"), Shared.target,
                .anyOrder(
                    task("ONQueue", "onqueue"), task("ONTRANSmit", "ontransmit"),
                    task("ONRECeive", "onreceive"), task("ONEXECute", "onexecute"),
                    .assignment("TIMEout", .value("timeout", .duration, shown: "time")),
                    interaction)),
            "runs programs at a known point of the stream of changes",
            examples: [
                .init(
                    "queuetask nightly1 to beta onqueue = \"/opt/quiesce\" \"start\" onexecute = "
                        + "\"/opt/snap\" \"vol1 keep7\" timeout = 10 minutes nointeract")
            ]),
        later(
            "script.add", "SCRIPT ADD",
            .all(
                Shared.oneConnection, .maybe(.word("ON"), Shared.target),
                .anyOrder(
                    .assignment("MIRRORSTART", .value("mirrorstart", .file)),
                    .assignment("MIRRORSTOP", .value("mirrorstop", .file)),
                    .assignment("MIRRORCOMPLETE", .value("mirrorcomplete", .file)),
                    .assignment("ARGs", .value("arguments", .programArguments)),
                    yesOrNoDelay, interaction)),
            "runs a script at a point of a mirror",
            examples: [
                .init(
                    "script add 1 on beta mirrorcomplete=\"/usr/bin/sh\" args=\"/opt/done.sh 1\" "
                        + "nodelay nointeract")
            ]),
        later(
            "script.list", "SCRIPT LISt", Shared.oneConnection, "lists a connection's scripts"),
        later("taskcmd.enable", "TASKCMD ENAble", .nothing, "lets servers run tasks"),
        later("taskcmd.disable", "TASKCMD DISAble", .nothing, "lets servers run no tasks"),
    ]

    private static let connections = [
        later("mirror.pause", "MIRror PAUse", Shared.connection, "holds a mirror"),
        later("mirror.resume", "MIRror RESume", Shared.connection, "goes on with a mirror"),
        later("replication.start", "REPLICAtion STArt", Shared.connection, "replicates again"),
        later("replication.stop", "REPLICAtion STOp", Shared.connection, "replicates no more"),
        later("orphans.start", "ORPHans STArt", Shared.connection, "looks for orphans"),
        later("orphans.stop", "ORPHans STOp", Shared.connection, "stops looking for orphans"),
        later("verify.stop", "VERIfy STOp", Shared.connection, "stops a verification"),
        later("waitonrestore", "WAITONRESTore", Shared.connection, "waits for a restore"),
        later(
            "connection.id", "CONID",
            .all(.value("set", .name), .sign(.comma), Shared.target), "finds a connection's id"),
    ]

    private static let sets = [
        later(
            "repset.rename", "REPSet REName",
            .all(Shared.setName, .word("TO"), .value("new", .name)), "renames a replication set"),
        later(
            "repset.copy", "REPSet COPy",
            .all(Shared.setName, .word("TO"), .value("new", .name)), "copies a replication set"),
        later(
            "repset.calculate", "REPSet CALCulate", .value("name", .name),
            "counts files and bytes of a replication set"),
        later(
            "repset.export", "REPSet EXPort",
            .all(Shared.setName, .word("TO"), .value("file", .file)),
            "writes a replication set to a file"),
        later(
            "repset.import", "REPSet IMPort",
            .all(.value("file", .file), .maybe(.word("AS"), Shared.setName)),
            "reads a replication set from a file"),
    ]

    private static let servers = [
        later(
            "setting.get", "GET", .all(Shared.setName, .maybe(.word("ON"), Shared.machine)),
            "reads a setting of a server"),
        later(
            "setting.set", "SET",
            .all(
                Shared.setName, .sign(.equals), .value("value", .text),
                .maybe(.word("ON"), Shared.machine)), "changes a setting of a server"),
        later("settings", "SETTings", .maybe(.value("pattern", .text)), "lists the settings"),
        later("shutdown", "SHUTdown", Shared.machine, "stops a server"),
        later("statistics", "STATISTics", .maybe(Shared.connection), "shows counters"),
        later("hooks.list", "HOOKs LISt", .nothing, "lists the hooks"),
        later("hooks.reload", "HOOKs RELoad", .nothing, "reads the hooks again"),
        later("monitor.list", "MONitor LISt", .nothing, "lists the failover monitors"),
    ]
}
