import CommandModel
import DTCLInterpreter
import ScriptHost
import Synchronization
import Testing

@Suite struct HookCommandsTests {
    private let sample = HookSample()

    private func run(
        _ command: String, _ arguments: CommandRecord = [:],
        progress: @escaping @Sendable (CommandProgress) -> Void = { _ in }
    ) async throws(CommandError) -> CommandResult? {
        var host = sample.host
        host.environment.now = { 1_795_260_000 }
        host.environment.utcOffsetSeconds = { _ in 3600 }
        return try await HookCommands(sample.service, host: host).execute(
            CommandRequest(command: command, arguments: arguments), progress: progress)
    }

    @Test func `a hook is added, run, listed and removed by commands`() async throws {
        let script = sample.folder.write("x.dtcl", "say ($event.name & \" \" & $1)")
        let added = try await run(
            "hook.add",
            [
                "event": .text("mirror.*"), "script": .text(script), "timeout": .decimal(3),
                "delay": .boolean(true), "arguments": .list([.text("a b")]),
            ])
        #expect(added?.value == .integer(1))
        _ = await sample.service.gate(RuntimeEvent("mirror.completed"))
        #expect(await sample.next() == ["mirror.completed a b"])
        let hook = try await run("hooks.list")?.value.list?.first?.record
        #expect(hook?["event"] == .text("mirror.*") && hook?["timeout"] == .decimal(3))
        let output = try await run("script.output", ["run": .integer(1)])
        #expect(output?.value == .text(""))
        #expect(try await run("script.history", ["count": .integer(5)])?.lines.count == 1)
        #expect(try await run("hook.remove", ["id": .integer(1)]) == CommandResult())
        for (command, arguments) in [
            ("hook.remove", ["id": .integer(1)] as CommandRecord),
            ("hook.add", ["event": .text("A b"), "script": .text(script)]),
            ("hook.add", ["event": .text("a"), "script": .text("/none")]),
            ("hooks.test", ["event": .text("mirror.*")]), ("script.output", ["run": .integer(9)]),
        ] {
            await #expect(throws: CommandError.self, "\(command)") {
                _ = try await self.run(command, arguments)
            }
        }
        #expect(try await run("connect") == nil)
        #expect(try await run("hooks.reload")?.value.record?["loaded"]?.list?.count == 1)
    }

    @Test func `a connection has a script a point`() async throws {
        let first = sample.folder.program("first", "true")
        let second = sample.folder.program("second", "true")
        for script in [first, second] {
            let added = try await run(
                "script.add",
                [
                    "connection": .integer(3), "mirrorcomplete": .text(script),
                    "arguments": .list([.text("1")]), "delay": .boolean(true),
                ])
            #expect(added?.lines == [])
        }
        #expect(
            try await run("script.list", ["connection": .integer(3)])?.lines
                == ["mirrorcomplete  \(second)  1  delay"])
        #expect(try await run("script.list", ["connection": .integer(4)])?.lines == [])
        let event = RuntimeEvent("mirror.completed", ["connection": .integer(3)])
        _ = await sample.service.gate(event)
        #expect(sample.service.history.reports.map(\.name) == [second])
        let point: CommandRecord = [
            "connection": .integer(3), "point": .text("mirrorcomplete"),
        ]
        _ = try await run("script.delete", point)
        await #expect(throws: CommandError.self) { _ = try await self.run("script.delete", point) }
    }

    @Test func `events are shown since a time and followed`() async throws {
        let service = sample.service
        // 2026-11-21 12:00 UTC is 13:00 there.
        service.post(RuntimeEvent("old", seconds: 1_795_262_400 - 60))
        service.post(RuntimeEvent("new", seconds: 1_795_262_400 + 60))
        let since: CommandRecord = ["date": .text("2026-11-21"), "time": .integer(13 * 3600)]
        #expect(try await run("events", since)?.lines == ["2  new"])
        #expect(try await run("events", ["ago": .decimal(-2430)])?.lines == ["2  new"])
        #expect(try await run("events")?.lines == ["1  old", "2  new"])
        let (seen, tell) = AsyncStream<String>.makeStream()
        let follower = Task {
            _ = try? await run("events", ["follow": .boolean(true), "ago": .decimal(0)]) {
                tell.yield($0.line)
            }
            tell.finish()
        }
        var lines: [String] = []
        for await line in seen {
            lines.append(line)
            if lines.count == 2 { service.post(RuntimeEvent("live", seconds: 5)) }
            if lines.count == 3 { follower.cancel() }
        }
        #expect(lines == ["1  old", "2  new", "3  live"])
    }
}
