import CommandModel
import CommandTable
import DTCLSyntax
import ScriptHost
import Testing

@Suite struct RegistrationTests {
    private enum Water: HostCommand {
        static let declaration = CommandDeclaration(
            "water", "WATer",
            .all(.value("bed", .name), .maybe(.word("FOR"), .value("time", .duration))),
            group: "Garden", summary: "waters a bed", examples: [.init("water roses for 5m")])

        static func run(_ call: HostCall) async throws(CommandError) -> CommandResult {
            guard call.text("bed") != "cactus" else {
                throw CommandError(ErrorCode(rawValue: -2001), "a cactus is not watered")
            }
            call.progress("watering")
            return CommandResult(
                value: .decimal(call.seconds("time") ?? 60), lines: ["watered \(call.text("bed"))"])
        }
    }

    private func host(_ output: SampleOutput) throws -> ScriptHost {
        var host = ScriptHost(output: output)
        try host.register(Water.self)
        try host.registerStandardCommands()
        return host
    }

    @Test func `registered commands are bound, checked, run and helped with`() async throws {
        let output = SampleOutput()
        let host = try host(output)
        let text = "wat roses\n$t = water lilies for 5m\nwrite $t\nhelp water"
        #expect(await host.run(SourceText(text)).exitStatus == 0)
        #expect(
            output.lines.prefix(4)
                == ["… watering", "watered roses", "… watering", "300.0"])
        #expect(output.lines.contains("  Waters a bed."))
        #expect(await host.run(SourceText("watr roses")).exitStatus == 2)
        let failing = SourceText("$r = water cactus\nif $r == -2001 then exit 9 end")
        #expect(await host.run(failing).exitStatus == 9)
    }

    @Test func `a command that another could be mistaken for is not taken`() throws {
        var host = try host(SampleOutput())
        for words in ["WATer", "WATErfall"] {
            #expect(throws: CommandError.self) {
                try host.register(
                    CommandDeclaration("water", words, group: "", summary: "")
                ) { _ in CommandResult() }
            }
        }
    }

    @Test func `events have names, fields and a page`() throws {
        var host = try host(SampleOutput())
        let event = EventDeclaration(
            "bed.dry", summary: "a bed is dry", fields: [.init("bed", "its name")])
        try host.declare(event)
        #expect(throws: CommandError.self) { try host.declare(event) }
        #expect(throws: CommandError.self) {
            try host.declare(EventDeclaration("bed.*", summary: ""))
        }
        #expect(host.eventLines.suffix(2) == ["bed.dry - a bed is dry", "    bed: its name"])
    }
}
