import CommandModel
import CommandTable
import DTCLInterpreter
import ScriptHost
import Testing

@Suite struct LuaHookTests {
    private let sample = HookSample()
    private var service: HookService { sample.service }
    private var folder: TemporaryFolder { sample.folder }

    private func load(_ lua: String) async {
        folder.write("hooks.lua", lua)
        let reports = await service.reload()
        for report in reports where report.outcome == .broken { Issue.record("\(report.message)") }
    }

    @Test func `a function gets its event and uses commands`() async {
        await load(
            """
            dt.on("mirror.*", function(event)
              local deep = event.facts.deep[2]
              local answer = dt.say(event.name .. " " .. event.connection .. " " .. deep)
              dt.say{text = answer}
            end)
            """)
        service.post(
            RuntimeEvent(
                "mirror.completed",
                [
                    "connection": .integer(3),
                    "facts": .record(["deep": .list([.integer(1), .text("two")])]),
                ]))
        #expect(
            await sample.next(2) == ["mirror.completed 3 two", "MIRROR.COMPLETED 3 TWO"])
    }

    @Test func `what every event has hides facts by those names`() async {
        await load(
            "dt.on('*', {delay = false}, function(e) dt.say(e.name .. e.sequence .. e.x) end)")
        let facts: CommandRecord = ["name": .text("fact"), "x": .text("y")]
        service.post(RuntimeEvent("event", facts))
        #expect(await service.gate(RuntimeEvent("before.event", facts)) == .proceed)
        #expect(await sample.next(2) == ["event1y", "before.event2y"])
    }

    @Test func `gates answer with words`() async {
        await load(
            """
            dt.on("before.failover", {priority = 2}, function(event)
              if event.source == "alpha" then return "veto", "alpha is well" end
              if event.source == "beta" then return "hold" end
            end)
            """)
        for (source, decision) in [
            ("alpha", HookDecision.veto(reason: "alpha is well")), ("beta", .hold),
            ("gamma", .proceed),
        ] {
            let event = RuntimeEvent("before.failover", ["source": .text(source)])
            #expect(await service.gate(event) == decision)
        }
    }

    @Test func `a hook says what its failure means`() async {
        for (failure, isOpen) in [("ignore", true), ("report", true), ("stop", false)] {
            await load("dt.on('before.mirror', {failure = '\(failure)'}, error)")
            let decision = await service.gate(RuntimeEvent("before.mirror"))
            #expect((decision == .proceed) == isOpen, "\(failure): \(decision)")
        }
        folder.write("hooks.lua", "dt.on('before.mirror', {failure = 'panic'}, error)")
        #expect(await sample.reload() == ["hooks.lua broken 1"])
    }

    @Test func `a hook that waits for a command holds up neither gates nor other hooks`() async {
        await load(
            """
            dt.on("slow", function() dt.stay() end)
            dt.on("busy", {timeout = 0.2}, function() while true do end end)
            dt.on("quick", function() dt.say("quick") end)
            dt.on("before.failback", function() return "hold" end)
            """)
        service.post(RuntimeEvent("slow"))
        #expect(await sample.next() == ["staying"])
        service.post(RuntimeEvent("busy"))
        service.post(RuntimeEvent("quick"))
        #expect(await service.gate(RuntimeEvent("before.failback")) == .hold)
        #expect(await sample.next() == ["quick"])
    }

    @Test func `the time of a hook is over in a loop and in a command`() async throws {
        await load(
            """
            dt.on("loop", {timeout = 0.1}, function() while true do pcall(error) end end)
            dt.on("command", {timeout = 0.1}, function() pcall(dt.stay) end)
            dt.on("wait", {timeout = 0.1}, function() dt.wait(3600) end)
            """)
        for name in ["loop", "command", "wait"] {
            let result = try await service.test(name)
            let outcome = result.value.list?.first?.record?["outcome"]?.text ?? ""
            #expect(outcome.hasPrefix("failed: "), "\(name): \(outcome)")
        }
    }

    @Test func `errors have a place and are told to other hooks`() async {
        await load(
            """
            dt.on("a", function(event)
              dt.say{txet = "x"}
            end)
            """)
        folder.write("watch.dtcl", "# on hook.failed\nsay $event.reason")
        _ = await service.reload()
        service.post(RuntimeEvent("a"))
        let said = await sample.next()
        #expect(said.first?.hasPrefix("hooks.lua:2: ") == true, "\(said)")
        #expect(said.first?.contains("did you mean 'text'?") == true, "\(said)")
    }

    @Test func `print goes to the log with the script's name`() async {
        await load("dt.on('a', function(event) print('hello', 5) end)")
        service.post(RuntimeEvent("a"))
        #expect(await sample.first(1, of: sample.log) == ["hooks.lua: hello\t5"])
    }

    @Test func `a broken new version leaves the one before in force with its variables`() async {
        await load("n = 0\ndt.on('a', function() n = n + 1 dt.say('n' .. n) end)")
        service.post(RuntimeEvent("a"))
        #expect(await sample.next() == ["n1"])
        for broken in [
            "dt.on('a', function() dt.say('new') end) error('half way')", "dt.on('a'",
            "dt.on('A b', function() end)", "dt.say('at the top')", "while true do end",
        ] where broken != "while true do end" {
            folder.write("hooks.lua", broken)
            #expect(await sample.reload() == ["hooks.lua broken 1"], "\(broken)")
        }
        service.post(RuntimeEvent("a"))
        #expect(await sample.next() == ["n2"])
        await load("dt.on('a', function() dt.say('new') end)")
        service.post(RuntimeEvent("a"))
        #expect(await sample.next() == ["new"])
    }

    @Test func `a file requires others of the folder only`() async {
        folder.write("words.lua", "return {greeting = 'good evening'}")
        await load(
            """
            local words = require "words"
            dt.on("a", function() dt.say(words.greeting) end)
            """)
        service.post(RuntimeEvent("a"))
        #expect(await sample.next() == ["good evening"])
        folder.write("words.lua", "return {greeting = 'good night'}")
        #expect(await sample.reload() == ["hooks.lua loaded 1", "words.lua loaded 0"])
        service.post(RuntimeEvent("a"))
        #expect(await sample.next() == ["good night"])
        folder.write("hooks.lua", "require '/etc/passwd'")
        #expect(await sample.reload().first == "hooks.lua broken 1")
    }

    @Test func `a Lua script of its own gets event and arguments`() async throws {
        let path = folder.write(
            "once.lua", "#!/usr/bin/lua\nprint(event.name, arg[1])\nreturn dt.say('x'), 7")
        var object = try ScriptObject.named(path)
        object.arguments = ["first"]
        let host = sample.host
        let report = await ScriptRunner(host).run(object, event: RuntimeEvent("a.b"))
        #expect(report.outcome == .succeeded, "\(report.message)")
        #expect(report.lines == ["a.b\tfirst"])
        #expect(report.value == .list([.text("X"), .integer(7)]))
        let failed = await ScriptRunner(host).run(
            ScriptObject(.lua, text: "\nerror('no')", name: "bad.lua"))
        #expect(failed.message.hasPrefix("bad.lua:2: no"))
        var endless = ScriptObject(.lua, text: "while true do end", name: "endless.lua")
        endless.timeoutSeconds = 0.1
        #expect(await ScriptRunner(host).run(endless).outcome == .timedOut)
    }

    @Test func `a function of a loaded file is a script of its own`() async throws {
        await load(
            """
            local count = 0
            function note(event, word)
              count = count + 1
              dt.say(word .. " " .. event.name .. " " .. count)
              return "hold"
            end
            function bad() error("no") end
            return 1
            """)
        var definition = HookDefinition(.prefix("before."), try ScriptObject.named("LUA:note"))
        definition.object.arguments = ["seen"]
        try await service.add(definition)
        #expect(await service.gate(RuntimeEvent("before.mirror")) == .hold)
        #expect(await service.gate(RuntimeEvent("before.failover")) == .hold)
        #expect(await sample.next(2) == ["seen before.mirror 1", "seen before.failover 2"])
        for (name, reason) in [("bad", "hooks.lua:7: no"), ("none", "no loaded hook file has")] {
            try await service.add(
                HookDefinition(.exact("try.\(name)"), try ScriptObject.named("LUA:\(name)")))
            let answer = try await service.test("try.\(name)")
            let outcome = answer.value.list?.first?.record?["outcome"]?.text ?? ""
            #expect(outcome.hasPrefix("failed: \(reason)"), "\(outcome)")
        }
    }

    @Test func `many events reach their function in order, whatever becomes of some`() async {
        await load(
            """
            local last = 0
            dt.on('tick', function(e)
              local before = last
              last = e.n
              assert(e.n == before + 1 and e.name == 'tick' and e.list[2] == 'b')
              if e.n % 100 == 0 then error('a hundred') end
              if e.n == 5000 - 1 then dt.say('end') end
            end)
            """)
        for number in 1...5000 {
            let list = CommandValue.list([.text("a"), .text("b")])
            var facts: CommandRecord = ["n": .integer(Int64(number)), "list": list]
            // Another shape now and then.
            if number % 700 == 0 { facts["more"] = .boolean(true) }
            service.post(RuntimeEvent("tick", facts))
        }
        #expect(await sample.next() == ["end"])
        _ = await service.gate(RuntimeEvent("tick", ["n": .integer(0)]))
        let record = service.list().value.list?.first?.record
        #expect(record?["dropped"] == .integer(0))
        let failures = record?["failures"]?.integer ?? 0
        // The last of the fifty and the one of the gate may still be under way.
        #expect((49...51).contains(failures), "\(String(describing: record))")
    }
}
