import CommandModel
import DTCLInterpreter
import Glibc
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

    @Test func `who asks for an event that nobody tells of is told so`() async throws {
        let sample = HookSample(events: [
            EventDeclaration("mirror.completed", summary: "a mirror is complete")
        ])
        let commands = HookCommands(sample.service, host: sample.host)
        let script = sample.folder.write("x.dtcl", "# on mirror.complete\nWRITE 1")
        let arguments: CommandRecord = ["event": .text("miror.*"), "script": .text(script)]
        let added = try await commands.execute(
            CommandRequest(command: "hook.add", arguments: arguments), progress: { _ in })
        #expect(added?.lines.count == 2)
        #expect(added?.lines.last?.hasPrefix("no event is called 'miror.*'") == true)
        let reloaded = try await commands.execute(
            CommandRequest(command: "hooks.reload", arguments: [:]), progress: { _ in })
        let hint = "no event is called 'mirror.complete', did you mean 'mirror.completed'?"
        #expect(reloaded?.lines.first == "\(script): loaded, 1 hook")
        #expect(reloaded?.lines.contains("\(script): \(hint)") == true, "\(reloaded?.lines ?? [])")
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

    @Test func `a script is run for somebody else as far as it is allowed`() async throws {
        let script = sample.folder.program("task", "echo one; echo two >&2; exit ${1:-0}")
        let (seen, tell) = AsyncStream<CommandProgress>.makeStream()
        let result = try await run("run.remote", ["script": .text(script)]) { tell.yield($0) }
        tell.finish()
        #expect(result?.value.record?["outcome"] == .text("succeeded"))
        #expect(Set(await seen.reduce(into: []) { $0.append($1.line) }) == ["one", "two"])
        await #expect(throws: CommandError.self) {
            let failing: CommandRecord = [
                "script": .text(script), "arguments": .list([.text("3")]),
            ]
            _ = try await self.run("run.remote", failing)
        }
        #expect(sample.service.history.reports.map(\.outcome) == [.succeeded, .failed])
        await #expect(throws: CommandError(.scriptNotStarted, "got 'task', expected a path from "
            + "the root of the server, or LUA:function")) {
            _ = try await self.run("run.remote", ["script": .text("task")])
        }
        var host = sample.host
        host.taskObjection = { _ in CommandError(.scriptsClosed, "closed") }
        let closed = HookCommands(sample.service, host: host)
        let request = CommandRequest(command: "run.remote", arguments: ["script": .text(script)])
        await #expect(throws: CommandError(.scriptsClosed, "closed")) {
            _ = try await closed.execute(request) { _ in }
        }
    }

    @Test func `a script that others can change is no hook`() async throws {
        let script = sample.folder.program("open", "true")
        chmod(script, 0o777)
        let request: CommandRecord = ["event": .text("a"), "script": .text(script)]
        do {
            _ = try await run("hook.add", request)
            Issue.record("it was added")
        } catch {
            #expect(error.message.contains("can be changed by others"), "\(error)")
        }
        chmod(script, 0o755)
        #expect(ScriptTrust.problem(of: script) == nil)
        let link = script + ".link"
        symlink(script, link)
        #expect(ScriptTrust.problem(of: link) == nil)
        #expect(ScriptTrust.problem(of: script + "/below")?.contains("is no folder") == true)
        #expect(ScriptTrust.problem(of: script + ".none")?.contains("cannot be looked at") == true)
    }

    @Test func `events are shown since a time and followed`() async throws {
        let service = sample.service
        // 2026-11-21 12:00 UTC is 13:00 there.
        service.post(RuntimeEvent("old", seconds: 1_795_262_400 - 60))
        service.post(RuntimeEvent("new", seconds: 1_795_262_400 + 60))
        let since: CommandRecord = ["date": .text("2026-11-21"), "time": .integer(13 * 3600)]
        #expect(try await run("events", since)?.lines == ["2  2026-11-21 13:01:00  new"])
        #expect(try await run("events", ["ago": .decimal(-2430)])?.lines == ["2  2026-11-21 13:01:00  new"])
        #expect(try await run("events")?.lines == [
                "1  2026-11-21 12:59:00  old", "2  2026-11-21 13:01:00  new",
            ])
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
        let rows = ["1  2026-11-21 12:59:00  old", "2  2026-11-21 13:01:00  new"]
        #expect(lines == rows + ["3  1970-01-01 01:00:05  live"])
    }
}
