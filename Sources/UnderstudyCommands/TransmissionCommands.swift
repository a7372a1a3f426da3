import CommandModel
import CommandTable

/// When, how fast and how what is sent travels.
enum TransmissionCommands {
    static let all = (transmission + target + bandwidth + schedule + compression).map(\.later)

    private static let transmission = [
        transmission(
            "start", "STArt", "lets the data of a connection flow again",
            plan: "would start transmission of {connection}"),
        transmission(
            "stop", "STOp", "sends no more; what is queued stays queued",
            plan: "would stop transmission of {connection}"),
        transmission(
            "pause", "PAUse", "holds the data of a connection",
            plan: "would hold transmission of {connection}"),
        transmission(
            "resume", "RESume", "goes on sending what was held",
            plan: "would go on with transmission of {connection}"),
    ]

    private static func transmission(
        _ id: String, _ word: String, _ summary: String, plan: String
    ) -> CommandDeclaration {
        CommandDeclaration(
            "transmission.\(id)", "TRANSMISsion \(word)", Shared.connection, changes: true,
            group: Group.transmission, summary: summary,
            examples: [.init("transmission \(id) 1")], faults: [Faults.noSuchConnection],
            plan: plan)
    }

    private static let target = [
        target("target.pause", "TARget PAUse"), target("target.resume", "TARget RESume"),
        target("target.pause", "PAUse TARget"), target("target.resume", "RESume TARget"),
    ]

    private static func target(_ id: String, _ words: String) -> CommandDeclaration {
        let isPause = id == "target.pause"
        return CommandDeclaration(
            id, words, Shared.target, to: .machine(argument: "target"), changes: true,
            group: Group.transmission,
            summary: isPause
                ? "lets a target keep what comes in and not apply it" : "lets a target apply again",
            examples: [.init("\(words.lowercased()) beta")], faults: [Faults.noSuchServer],
            plan: isPause
                ? "would hold what comes in at {target}" : "would go on applying at {target}")
    }

    private static let bandwidth = [
        CommandDeclaration(
            "bandwidth.limit", "LIMIT BANDwidth",
            .all(
                .value("rate", Shared.bytes, shown: "bytes"),
                .maybe(.sign(.comma), .value("seconds", .integer(1...86_400))),
                .word("TO"), Shared.target,
                .maybe(
                    .word("FROM"), .value("begins", .timeOfDay, shown: "hh:mm"), .word("TO"),
                    .value("ends", .timeOfDay, shown: "hh:mm"),
                    .maybe(.word("ON"), .value("days", .weekdays)))),
            changes: true, group: Group.transmission,
            summary: "limits how fast is sent to a target",
            details: """
                With two numbers so many bytes are sent in a burst, then nothing until so many \
                seconds have passed since it began; with one it is bytes a second. FROM … TO … ON \
                limits at certain times only.
                """,
            examples: [
                .init("limit bandwidth 19300, 5 to beta"),
                .init("limit bandwidth 10MB to beta from 08:00 to 18:00 on mon-fri"),
            ], faults: [Faults.noSuchServer],
            plan: "would send at most {rate} bytes[ in {seconds} seconds] to {target}"
                + "[ on {days}]"),
        CommandDeclaration(
            "bandwidth.unlimit", "UNLIMIT BANDwidth", .all(.word("TO"), Shared.target),
            changes: true, group: Group.transmission,
            summary: "sends to a target as fast as possible",
            examples: [.init("unlimit bandwidth to beta")], faults: [Faults.noSuchServer],
            plan: "would send to {target} without a limit"),
    ]

    private static let threshold = Pattern.all(
        .word("IF"), .word("QUEue"), .sign(.greater),
        .either(
            .value("queuePercent", .percent, shown: "percent"),
            .value("queueBytes", Shared.bytes, shown: "bytes")))

    private static let schedule = [
        CommandDeclaration(
            "schedule.start", "SCHEDule STArt",
            .all(Shared.connection, .anyOrder(Shared.moment, Shared.interval, threshold)),
            changes: true, group: Group.transmission,
            summary: "sends at a time, again and again, or when much is queued",
            examples: [
                .init("schedule start 1 at 23:00 every 1 day"),
                .init("schedule start * if queue > 10MB"),
                .init("schedule start 1 at 12/31/2026 23:00 if queue > 80%"),
            ], faults: [Faults.noSuchConnection],
            plan: "would schedule when transmission of {connection} starts"),
        CommandDeclaration(
            "schedule.stop", "SCHEDule STOp",
            .all(
                Shared.connection,
                .anyOrder(
                    .all(.word("AFTER"), .value("after", .duration, shown: "time")),
                    .all(
                        .word("IF"), .word("BYTes"), .sign(.greater),
                        .value("bytes", Shared.bytes)))),
            changes: true, group: Group.transmission,
            summary: "stops sending after a time, or when so much has been sent",
            examples: [
                .init("schedule stop 1 after 2 hours"), .init("schedule stop 1 if bytes > 1GB"),
            ], faults: [Faults.noSuchConnection],
            plan: "would schedule when transmission of {connection} stops"),
        CommandDeclaration(
            "schedule.window", "SCHEDule WINdow",
            .all(
                Shared.connection, .value("begins", .timeOfDay, shown: "hh:mm"), .word("TO"),
                .value("ends", .timeOfDay, shown: "hh:mm")),
            changes: true, group: Group.transmission,
            summary: "sends between two times of day only",
            examples: [.init("schedule window 1 22:00 to 06:00")],
            faults: [Faults.noSuchConnection],
            plan: "would let {connection} send at certain times of day only"),
        schedule(
            "clear", "CLEar", "ends the schedules of a connection",
            plan: "would end the schedules of {connection}"),
        schedule(
            "enable", "ENAble", "lets the schedules of a connection count again",
            plan: "would let the schedules of {connection} count again"),
        schedule(
            "disable", "DISAble", "keeps the schedules of a connection and does not look at them",
            plan: "would let the schedules of {connection} not count"),
    ]

    private static func schedule(
        _ id: String, _ word: String, _ summary: String, plan: String
    ) -> CommandDeclaration {
        CommandDeclaration(
            "schedule.\(id)", "SCHEDule \(word)", Shared.connection, changes: true,
            group: Group.transmission, summary: summary, examples: [.init("schedule \(id) 1")],
            faults: [Faults.noSuchConnection], plan: plan)
    }

    private static let compression = [
        CommandDeclaration(
            "compression.set", "COMPRESSion SET",
            .all(
                .value("level", .integer(0...22)), .maybe(Shared.choice("method", "ZLIB", "ZSTD")),
                .word("TO"), Shared.target),
            changes: true, group: Group.transmission,
            summary: "compresses what is sent to a target",
            examples: [
                .init("compression set 3 to beta"), .init("compression set 6 zlib to beta"),
            ], faults: [Faults.noSuchServer],
            plan: "would compress what is sent to {target}, level {level}"),
        CommandDeclaration(
            "compression.off", "COMPRESSion OFF", .all(.word("TO"), Shared.target), changes: true,
            group: Group.transmission, summary: "sends to a target without compression",
            examples: [.init("compression off to beta")], faults: [Faults.noSuchServer],
            plan: "would send to {target} without compression"),
        CommandDeclaration(
            "compression.list", "COMPRESSion LISt", permission: .monitor,
            group: Group.transmission, summary: "lists the compression of the targets",
            answer: "a list of records", examples: [.init("compression list")]),
    ]
}
