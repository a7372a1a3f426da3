import CommandModel
import CommandTable
import ScriptHost

/// WATER bed [FOR time]
enum Water: HostCommand {
    static let declaration = CommandDeclaration(
        "water", "WATer",
        .all(.value("bed", .name), .maybe(.word("FOR"), .value("time", .duration))),
        changes: true, group: "Garden", summary: "waters a bed",
        answer: "the litres that were used",
        examples: [.init("water roses for 5m")], plan: "would water {bed}")

    static func run(_ call: HostCall) async throws(CommandError) -> CommandResult {
        let bed = call.text("bed")
        guard Garden.beds.contains(bed) else {
            throw CommandError(.invalidParameter, "there is no bed '\(bed)'")
        }
        let litres = Int64((call.seconds("time") ?? 60) / 6)
        return CommandResult(
            value: .integer(litres), lines: ["\(bed) got \(litres) litres"])
    }
}

/// BEDS
enum Beds: HostCommand {
    static let declaration = CommandDeclaration(
        "beds", "BEDS", permission: .monitor, group: "Garden", summary: "lists the beds",
        answer: "a list of names", examples: [.init("beds")])

    static func run(_ call: HostCall) async throws(CommandError) -> CommandResult {
        CommandResult(value: .list(Garden.beds.map { .text($0) }), lines: Garden.beds)
    }
}
