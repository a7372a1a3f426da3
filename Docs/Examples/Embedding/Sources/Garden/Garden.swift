import CommandModel
import DTCLSyntax
import ScriptHost

/// A program with scripts of its own: two commands, three events, no server.
@main
enum Garden {
    static let beds = ["roses", "herbs"]

    static func main() async throws {
        let host = try makeHost()
        if CommandLine.arguments.last == "--editor" { Editor.serve(host) }
        let folder = try folder()

        show("-- a script")
        let evening = try ScriptObject.named("Scripts/evening.dtcl", in: folder)
        let report = await ScriptRunner(host, history: host.history).run(evening)
        show("evening: \(report.outcome.rawValue), \(report.value)")

        show("-- hooks")
        let hooks = try await makeHooks(host, folder)
        try await tellEvents(hooks)

        show("-- help")
        _ = await host.run(SourceText("help water", name: "-"))

        show("-- editing")
        Editor.showCompletion(host)
        Editor.showLayout()

        show("-- history")
        for report in hooks.history.reports {
            let name = report.name.split(separator: "/").last ?? ""
            show("\(report.number) \(name) \(report.outcome.rawValue)")
        }
    }

    /// What scripts find: our commands, HELP and RUN, and the events that we tell of.
    static func makeHost() throws -> ScriptHost {
        var host = ScriptHost(output: TerminalOutput(), limits: .hook)
        try host.register(Water.self)
        try host.register(Beds.self)
        try host.registerStandardCommands()
        try host.declare(
            EventDeclaration(
                "bed.dry", summary: "a bed needs water",
                fields: [.init("bed", "its name"), .init("moisture", "in percent")]))
        try host.declare(EventDeclaration("bed.watered", summary: "a bed has got water"))
        try host.declare(EventDeclaration("before.frost", summary: "may the pipes be emptied"))
        host.environmentPrefix = "GARDEN"
        return host
    }

    /// The hooks of the folder, and an executable for one of the events.
    static func makeHooks(_ host: ScriptHost, _ folder: String) async throws -> HookService {
        let hooks = HookService(host, folder: "\(folder)/Hooks") { level, line in
            show("\(level.rawValue): \(line)")
        }
        for file in await hooks.reload() where file.outcome == .broken { show(file.message) }

        var notify = try ScriptObject.named("Scripts/notify.sh", in: folder)
        notify.arguments = ["the gardener"]
        notify.timeoutSeconds = 10
        var definition = HookDefinition(.exact("bed.watered"), notify)
        definition.waits = true
        definition.conditions = ["bed": .text("roses")]
        try await hooks.add(definition)
        return hooks
    }

    static func tellEvents(_ hooks: HookService) async throws {
        // Who waits for an event waits for the hooks with DELAY.
        _ = await hooks.gate(
            RuntimeEvent("bed.dry", ["bed": .text("roses"), "moisture": .integer(12)]))
        _ = await hooks.gate(
            RuntimeEvent("bed.watered", ["bed": .text("roses"), "litres": .integer(20)]))

        // A gate asks: proceed, hold or veto.
        for degrees: Int64 in [-30, -5, 4] {
            let decision = await hooks.gate(
                RuntimeEvent("before.frost", ["degrees": .integer(degrees)]))
            show("\(degrees) degrees: \(decision)")
        }
    }
}
