import CommandModel
import CommandTable
import DTCLInterpreter
import ScriptHost
import Synchronization
import Testing

/// Hooks over a folder, a table of sample commands, and what they said.
final class HookSample: Sendable {
    let folder = TemporaryFolder()
    let service: HookService
    let host: ScriptHost
    let said: AsyncStream<String>
    private let lines = Mutex<[String]>([])

    init(definitions: [CommandRecord] = [], events: [EventDeclaration] = []) {
        let (said, tell) = AsyncStream<String>.makeStream()
        self.said = said
        var host = ScriptHost(output: NoOutput(), limits: .hook)
        do {
            try host.register(
                CommandDeclaration(
                    "say", "SAY", .value("text", .text), group: "Sample", summary: "says a text")
            ) { call throws(CommandError) in
                tell.yield(call.text("text"))
                return CommandResult(value: .text(call.text("text").uppercased()))
            }
            try host.register(
                CommandDeclaration("stay", "STAY", group: "Sample", summary: "never ends")
            ) { _ throws(CommandError) in
                tell.yield("staying")
                try? await Task.sleep(for: .seconds(3600))
                throw CommandError(.interrupted, "interrupted")
            }
            for event in events { try host.declare(event) }
        } catch {
            Issue.record("\(error)")
        }
        self.host = host
        let (log, logged) = AsyncStream<String>.makeStream()
        let store = Store()
        service = HookService(
            host, folder: folder.path, definitions: definitions,
            save: { records in store.records.withLock { $0 = records } },
            log: { _, line in logged.yield(line) })
        self.log = log
        self.store = store
    }

    final class Store: Sendable { let records = Mutex<[CommandRecord]>([]) }
    let store: Store
    /// What went to the log.
    let log: AsyncStream<String>

    func reload() async -> [String] {
        await service.reload().map { report in
            let name = report.path.split(separator: "/").last ?? ""
            return "\(name) \(report.outcome.rawValue) \(report.hookCount)"
        }
    }

    /// The next `count` texts that hooks said.
    func next(_ count: Int = 1) async -> [String] { await first(count, of: said) }

    func first(_ count: Int, of stream: AsyncStream<String>) async -> [String] {
        var found: [String] = []
        if count == 0 { return found }
        for await text in stream {
            found.append(text)
            if found.count == count { break }
        }
        return found
    }
}

@Suite struct HookServiceTests {
    private let sample = HookSample()
    private var service: HookService { sample.service }
    private var folder: TemporaryFolder { sample.folder }

    @Test func `a DTCL file of the folder runs at its events`() async {
        folder.write(
            "done.dtcl", """
                # on mirror.completed timeout=10s
                # on mirror.failed
                say "${event.name} of ${event.connection}"
                """)
        folder.write("library.dtcl", "procedure f() return 1 end")
        folder.write("ignored.txt", "nothing")
        #expect(await sample.reload() == ["done.dtcl loaded 2", "library.dtcl loaded 0"])
        for name in ["mirror.completed", "mirror.started", "mirror.failed"] {
            service.post(RuntimeEvent(name, ["connection": .integer(4)]))
        }
        let said = await sample.next(2)
        #expect(said.sorted() == ["mirror.completed of 4", "mirror.failed of 4"])
        #expect(service.events.events().map(\.name).count == 3)
        #expect(service.wants("mirror.failed") && !service.wants("mirror.started"))
    }

    @Test func `the decisions of a gate are proceed, hold and veto`() async throws {
        let gate = RuntimeEvent("before.failover", ["source": .text("alpha")])
        #expect(await service.gate(gate) == .proceed)
        let cases: [(String, HookDecision)] = [
            ("write \"fine\"", .proceed), ("return \"hold\"", .hold),
            ("return \"veto: not ${event.source}\"", .veto(reason: "not alpha")),
            ("return [\"veto\", \"no\"]", .veto(reason: "no")), ("return false", .veto(reason: "")),
            // A failure has its declared effect.
            ("return 7", .proceed), ("$x = 1 / 0", .proceed), ("exit 3", .proceed),
        ]
        for (text, decision) in cases {
            folder.write("gate.dtcl", "# on before.*\n\(text)\n")
            _ = await service.reload()
            #expect(await service.gate(gate) == decision, "\(text)")
        }
        folder.write("gate.dtcl", "# on before.* failure=stop timeout=100ms\nwait 1h")
        _ = await service.reload()
        guard case .veto(let reason) = await service.gate(gate) else {
            Issue.record("the gate is open")
            return
        }
        #expect(reason.contains("took longer than 0.1 seconds"))
        #expect(HookDecision.veto(reason: reason).error?.code == ErrorCode.vetoed.rawValue)
    }

    @Test func `the exit status of an executable decides`() async throws {
        for (status, decision) in [
            (0, HookDecision.proceed), (75, .hold), (1, .veto(reason: "the disk is red")),
        ] {
            let path = folder.program("gate.sh", "echo the disk is red", "exit \(status)")
            let id = try await service.add(
                HookDefinition(.exact("before.failover"), ScriptObject.named(path)))
            #expect(await service.gate(RuntimeEvent("before.failover")) == decision)
            try await service.remove(id)
        }
        #expect(service.list().lines == ["There are no hooks."])
    }

    @Test func `one hook's no beats another's wait, and nobody waits for NODELAY`() async {
        folder.write("a.dtcl", "# on before.mirror priority=1\nreturn \"hold\"")
        folder.write("b.dtcl", "# on before.mirror\nreturn \"veto: b\"")
        folder.write("c.dtcl", "# on before.mirror priority=9 nodelay\nstay")
        _ = await service.reload()
        #expect(await service.gate(RuntimeEvent("before.mirror")) == .veto(reason: "b"))
        #expect(await sample.next() == ["staying"])
        let order = service.list().value.list?.compactMap { $0.record?["priority"]?.integer }
        #expect(order == [9, 1, 0])
    }

    @Test func `a gate ends in time even when its hook does not`() async {
        folder.write("gate.dtcl", "# on before.* failure=stop\nstay")
        _ = await service.reload()
        let decision = await service.gate(RuntimeEvent("before.failback"), secondsMax: 0.1)
        guard case .veto(let reason) = decision else {
            Issue.record("the gate is open")
            return
        }
        #expect(reason.hasSuffix("did not answer in time"))
    }

    @Test func `an operation waits for a hook with DELAY at any event`() async {
        folder.write("slow.dtcl", "# on mirror.started delay\nwait 50ms\nsay done")
        _ = await service.reload()
        #expect(await service.gate(RuntimeEvent("mirror.started")) == .proceed)
        let record = service.list().value.list?.first?.record
        #expect(record?["runs"] == .integer(1))
        #expect(await sample.next() == ["done"])
    }

    @Test func `a broken new version leaves the one before in force`() async {
        folder.write("hook.dtcl", "# on a\nsay one")
        #expect(await sample.reload() == ["hook.dtcl loaded 1"])
        #expect(await sample.reload() == ["hook.dtcl unchanged 1"])
        for broken in [
            "# on a\nehco", "# on A b\nsay two", "# on a timeout=soon\nsay two",
            "# on a\ninclude \"missing.dtcl\"",
        ] {
            folder.write("hook.dtcl", broken)
            #expect(await sample.reload() == ["hook.dtcl broken 1"])
            service.post(RuntimeEvent("a"))
            #expect(await sample.next() == ["one"])
        }
        folder.write("hook.dtcl", "# on a\ninclude \"lib.dtcl\"\nsay $word")
        folder.write("lib.dtcl", "$word = \"two\"")
        #expect(await sample.reload() == ["hook.dtcl loaded 1", "lib.dtcl loaded 0"])
        service.post(RuntimeEvent("a"))
        #expect(await sample.next() == ["two"])
        // A file that it includes counts, too.
        folder.write("lib.dtcl", "$word = \"three\"")
        #expect(await sample.reload() == ["hook.dtcl loaded 1", "lib.dtcl loaded 0"])
        service.post(RuntimeEvent("a"))
        #expect(await sample.next() == ["three"])
        folder.remove("hook.dtcl")
        #expect(await sample.reload() == ["lib.dtcl unchanged 0", "hook.dtcl removed 0"])
        #expect(!service.wants("a"))
    }

    @Test func `a file that others may write is not loaded`() async {
        folder.write("hook.dtcl", "# on a\nsay one", mode: 0o666)
        folder.allowWritingByAll("hook.dtcl")
        #expect(await sample.reload() == ["hook.dtcl broken 0"])
    }

    @Test func `a failing hook is an event for all but itself`() async {
        folder.write("bad.dtcl", "# on a\n# on hook.failed\n$x = 1 / 0")
        folder.write(
            "watch.dtcl", "# on hook.failed\nsay \"${event.event}: ${event.reason}\"\n$x = 1 / 0")
        _ = await service.reload()
        service.post(RuntimeEvent("a"))
        let said = await sample.next()
        #expect(said.first?.hasPrefix("a: ") == true, "\(said)")
        #expect(said.first?.contains("bad.dtcl:3: ") == true)
        // `watch` has failed as well, which is no event again.
        _ = await service.gate(RuntimeEvent("end"))
        #expect(service.events.events().filter { $0.name == "hook.failed" }.count == 1)
    }

    @Test func `a slow hook loses its oldest events and they are counted`() async {
        folder.write("slow.dtcl", "# on tick\nsay $event.n\nstay")
        _ = await service.reload()
        for number in 0..<1100 {
            service.post(RuntimeEvent("tick", ["n": .integer(Int64(number))]))
            if number == 0 { _ = await sample.next(2) }
        }
        let record = service.list().value.list?.first?.record
        #expect(record?["dropped"] == .integer(99))
        #expect(record?["runs"] == .integer(1))
    }

    @Test func `added hooks are stored, found by their conditions and removed`() async throws {
        folder.write("outside.txt", "")
        let script = folder.program("x.sh", #"echo "$1 $UNDERSTUDY_CONNECTION""#)
        var definition = HookDefinition(.exact("mirror.completed"), try ScriptObject.named(script))
        definition.object.arguments = ["done"]
        definition.object.timeoutSeconds = 5
        definition.conditions = ["connection": .integer(2)]
        definition.waits = true
        let id = try await service.add(definition)
        for connection in [1, 2] {
            let event = RuntimeEvent(
                "mirror.completed", ["connection": .integer(Int64(connection))])
            #expect(await service.gate(event) == .proceed)
        }
        #expect(service.history.reports.map(\.lines) == [["done 2"]])
        #expect(await service.definitions(where: ["connection": .integer(2)]).map(\.id) == [id])
        #expect(await service.definitions(where: ["connection": .integer(1)]).isEmpty)
        let stored = sample.store.records.withLock { $0 }
        #expect(stored.count == 1)

        let again = HookSample(definitions: stored)
        _ = await again.service.reload()
        #expect(await again.service.definitions() == [try HookDefinition(record: stored[0])])
        #expect(try HookDefinition(record: stored[0]).record == stored[0])
        let event = RuntimeEvent("mirror.completed", ["connection": .integer(2)])
        #expect(await again.service.gate(event) == .proceed)
        #expect(again.service.history.reports.map(\.lines) == [["done 2"]])
        let next = try await again.service.add(definition)
        #expect(next > id)

        try await service.remove(id)
        #expect(sample.store.records.withLock { $0 }.isEmpty)
        await #expect(throws: CommandError.self) { try await self.service.remove(id) }
    }

    @Test func `HOOKS TEST runs the hooks and says what they did`() async throws {
        folder.write(
            "gate.dtcl", "# on before.failover\nif $event.test then return \"veto: test\" end")
        folder.write("note.dtcl", "# on before.* nodelay\n$x = 1 / 0")
        _ = await service.reload()
        let result = try await service.test("before.failover")
        let outcomes = result.value.list?.compactMap { $0.record?["outcome"]?.text } ?? []
        #expect(outcomes.count == 2)
        #expect(outcomes.first == "veto: test")
        #expect(outcomes.last?.hasPrefix("failed: ") == true)
        #expect(try await service.test("nothing").lines == ["No hook asks for 'nothing'."])
        await #expect(throws: CommandError.self) { try await self.service.test("No Event") }
    }

    @Test func `a hook for an event that nobody tells of is warned about`() async {
        let sample = HookSample(events: [
            EventDeclaration("mirror.completed", summary: "a mirror is complete")
        ])
        sample.folder.write("hook.dtcl", "# on mirror.complete\nsay x")
        _ = await sample.service.reload()
        let log = await sample.first(1, of: sample.log)
        #expect(log.first?.contains("did you mean 'mirror.completed'?") == true)
    }

    @Test func `stopping ends what runs, within a second`() async throws {
        let program = folder.program("run.sh", "echo $$", "trap '' TERM", "sleep 1000")
        try await service.add(HookDefinition(.exact("a"), ScriptObject.named(program)))
        folder.write("stay.dtcl", "# on a\nstay")
        folder.write("wait.lua", "dt.on('a', function() dt.stay() end)")
        folder.write("loop.lua", "dt.on('a', function() dt.say('x') while true do end end)")
        _ = await service.reload()
        service.post(RuntimeEvent("a"))
        #expect(await sample.next(3).sorted() == ["staying", "staying", "x"])
        #expect(await sample.first(1, of: sample.log).first?.hasPrefix("run.sh: ") == true)
        let clock = ContinuousClock()
        let start = clock.now
        await service.stop()
        // A second of it, and room for a machine that does ten other things.
        #expect(clock.now - start < .seconds(30))
        let outcomes = service.history.reports.map(\.outcome)
        #expect(outcomes == [.interrupted, .interrupted])
        #expect(await service.gate(RuntimeEvent("a")) == .proceed)
    }

    @Test func `events can be listed and followed`() async {
        let follower = service.events.follow()
        service.post(RuntimeEvent("one", ["n": .integer(1)], seconds: 10))
        service.post(RuntimeEvent("two", seconds: 20))
        var names: [String] = []
        for await event in follower {
            names.append("\(event.sequence) \(event.name)")
            if names.count == 2 { break }
        }
        #expect(names == ["1 one", "2 two"])
        #expect(service.eventsAnswer().lines == [
                "1  1970-01-01 00:00:10  one  n=1", "2  1970-01-01 00:00:20  two",
            ])
        #expect(service.eventsAnswer(since: 15).value.list?.count == 1)
        for _ in 0..<2000 { service.post(RuntimeEvent("many")) }
        #expect(service.events.events().map(\.sequence) == Array(1003...2002))
    }
}

@Suite struct HookPatternTests {
    @Test func `patterns are exact names, beginnings or everything`() {
        #expect(HookPattern("mirror.completed") == .exact("mirror.completed"))
        #expect(HookPattern("mirror.*") == .prefix("mirror."))
        #expect(HookPattern("*") == .all)
        for wrong in ["", ".", "a.", ".a", "A", "a b", "*.a", "a*", "a.*.b", "a..b", "ä"] {
            #expect(HookPattern(wrong) == nil, "\(wrong)")
        }
        #expect(HookPattern("mirror.*")?.matches("mirror.completed") == true)
        #expect(HookPattern("mirror.*")?.matches("mirror") == false)
        #expect(HookPattern("mirror.*")?.matches("mirrors.a") == false)
    }
}
