import CommandModel
import LuaKit
import Testing

@Suite struct LuaStateTests {
    @Test("A file runs, registers a hook, and the hook's commands suspend it")
    func firstLife() throws {
        var state = try LuaState(limits: .hook) { _, _ in }
        try state.setFunctions([["repset", "create"], ["status"], ["status", "connection"]])
        let file = try state.load(
            """
            dt.on("mirror.*", {priority = 3}, function(event)
                local id = dt.repset.create(event.name, {force = true})
                local ok, problem = pcall(dt.status.connection, id)
                return "veto", tostring(problem), problem.code, dt.status()
            end)
            """, name: "first.lua")
        var thread = try state.start(file)
        #expect(try state.resume(thread) == .finished([]))
        let hook = try #require(state.takeHooks().first)
        #expect(hook.pattern == "mirror.*" && hook.priority == 3)
        thread = try state.start(hook.function, [.record(["name": .text("a")])])
        #expect(
            try state.resume(thread)
                == .call(
                    function: 0, arguments: [.text("a"), .record(["force": .boolean(true)])]))
        #expect(
            try state.resume(thread, with: .returning(.integer(7)))
                == .call(function: 2, arguments: [.integer(7)]))
        #expect(
            try state.resume(thread, with: .failing(code: -107, message: "no such connection"))
                == .call(function: 1, arguments: []))
        #expect(
            try state.resume(thread, with: .returning(.none))
                == .finished([
                    .text("veto"),
                    .text("status.connection: no such connection (-107)"), .integer(-107), .none,
                ]))
        #expect(state.close() == 0)
    }

    @Test("After each kind of error the state works on")
    func worksOn() throws {
        var limits = LuaLimits.hook
        limits.memoryBytesMax = 1 << 20
        limits.instructionsMax = 100_000
        limits.coroutineDepthMax = 8
        var state = try LuaState(limits: limits) { _, _ in }
        let attacks: [(LuaError.Kind, String)] = [
            (.instructions, "while true do end"), (.memory, "return ('x'):rep(2e6)"),
            (.runtime, "error()"),
            (.depth, "local function f() coroutine.wrap(f)() end f()"),
            (.wallTime, "local s = ('ä'):rep(1e5) while true do utf8.len(s) end"),
        ]
        for _ in 0..<20 {
            for (kind, text) in attacks {
                let file = try state.load(text, name: "attack")
                let wall = kind == .wallTime ? 0.05 : 60
                let thread = try state.start(file, wallSecondsMax: wall)
                do throws(LuaError) {
                    _ = try state.resume(thread)
                    Issue.record("\(kind) did not end it")
                } catch {
                    #expect(error.kind == kind, "\(error)")
                    #expect(error.isLimit == ![.runtime, .depth].contains(kind))
                }
                state.release(file)
                let good = try state.load(
                    "local t = {} for i = 1, 100 do t[i] = {} end return #t", name: "good")
                #expect(try state.resume(try state.start(good)) == .finished([.integer(100)]))
                state.release(good)
            }
            #expect(throws: LuaError.self) { try state.load("x =", name: "syntax") }
        }
        let left = state.close()
        #expect(left == 0)
    }

    @Test("A call is cancelled from another thread, even where it cannot pause")
    func cancelled() async throws {
        let interrupt = LuaInterrupt()
        let (started, starting) = AsyncStream.makeStream(of: Void.self)
        // Not to be used up before the word to stop comes, however busy the machine is.
        var limits = LuaLimits.hook
        limits.instructionsMax = Int64.max
        let boundless = limits
        let running = Task.detached {
            var state = try LuaState(limits: boundless, interrupt: interrupt) { _, _ in
                starting.yield()
            }
            let text = """
                ('x'):gsub('x', function() print('runs') while true do pcall(error) end end)
                """
            let thread = try state.start(try state.load(text, name: "endless"))
            var pause = try state.resume(thread)
            while pause == .outOfSlice { pause = try state.resume(thread) }
        }
        for await _ in started.prefix(1) { interrupt.cancel() }
        let result = await running.result
        #expect {
            try result.get()
        } throws: {
            ($0 as? LuaError)?.kind == .cancelled
        }
    }

    @Test("A thread that is over cannot be resumed, a dropped one neither")
    func over() throws {
        var state = try LuaState(limits: .hook) { _, _ in }
        try state.setFunctions([["ask"]])
        let file = try state.load("dt.ask() return 1", name: "over")
        let first = try state.start(file)
        let second = try state.start(file)
        _ = try state.resume(first)
        _ = try state.resume(second)
        #expect(try state.resume(first, with: .returning(.none)) == .finished([.integer(1)]))
        state.drop(second)
        for thread in [first, second] {
            do throws(LuaError) {
                _ = try state.resume(thread)
                Issue.record("it was resumed")
            } catch {
                #expect(error.kind == .closed)
            }
        }
        // One that waits for a command is given back with the state.
        _ = try state.resume(try state.start(file))
        let left = state.close()
        #expect(left == 0)
    }

    @Test("Scripts that meddle with each other's calls harm nobody but themselves")
    func meddling() throws {
        var state = try LuaState(limits: .hook) { _, _ in }
        try state.setFunctions([["ask"]])
        let victim = try state.load(
            "string.victim = coroutine.running() return dt.ask(1)", name: "victim")
        for attack in [
            "return coroutine.resume(string.victim, 5)", "return coroutine.close(string.victim)",
            "return coroutine.status(string.victim)",
        ] {
            let first = try state.start(victim)
            #expect(try state.resume(first) == .call(function: 0, arguments: [.integer(1)]))
            let second = try state.start(try state.load(attack, name: "attack"))
            guard case .finished = try state.resume(second) else {
                Issue.record("the attack waits")
                continue
            }
            _ = try? state.resume(first, with: .returning(.integer(2)))
        }
        let left = state.close()
        #expect(left == 0)
    }

    @Test("Options of a hook are read, wrong ones named")
    func options() throws {
        var state = try LuaState(limits: .hook) { _, _ in }
        let good = try state.load(
            "dt.on('a.*', {timeout = 2.5, delay = false, priority = -1}, print) dt.on('b', print)",
            name: "good")
        _ = try state.resume(try state.start(good))
        let hooks = state.takeHooks()
        #expect(hooks.map(\.pattern) == ["a.*", "b"])
        #expect(hooks[0].timeoutSeconds == 2.5 && hooks[0].isDelaying == false)
        #expect(hooks[0].priority == -1 && hooks[1].priority == 0)
        #expect(hooks[1].timeoutSeconds == nil && hooks[1].isDelaying == nil)
        #expect(state.takeHooks().isEmpty)
        for (text, message) in [
            ("dt.on('a', {timeout = 0}, print)", "'timeout' is a positive number of seconds"),
            ("dt.on('a', {delay = 1}, print)", "'delay' is true or false"),
            ("dt.on('a', {priority = 1.5}, print)", "'priority' is a whole number"),
            (
                "dt.on('a', {prio = 1}, print)",
                "unknown option 'prio', expected timeout, delay or priority"
            ),
            ("dt.on('a', {})", "function expected, got no value"), ("dt.on({})", "string expected"),
        ] {
            let bad = try state.load(text, name: "bad")
            do throws(LuaError) {
                _ = try state.resume(try state.start(bad))
                Issue.record("\(text) was accepted")
            } catch {
                #expect(error.message.contains(message), "\(error.message)")
            }
        }
        #expect(state.takeHooks().isEmpty)
    }

    @Test("Too little memory for Lua is an error, not a crash", arguments: [0, 100, 5000, 20_000])
    func smallMemory(_ bytes: Int) throws {
        var limits = LuaLimits.hook
        limits.memoryBytesMax = bytes
        do throws(LuaError) {
            let state = try LuaState(limits: limits) { _, _ in }
            let left = state.close()
            #expect(left == 0)
        } catch {
            #expect(error.kind == .memory)
        }
    }

    @Test("Wherever memory ends, the error is one of memory and everything comes back")
    func everyAllocation() throws {
        let text = """
            local t = dt.record("a", 1)
            for i = 1, 20 do t["n" .. i] = {i, {x = i}} end
            local co = coroutine.wrap(function() coroutine.yield(("x"):rep(500):gsub("x", "yy")) end)
            co()
            local f = load("return 1")
            table.sort({3, 2, 1}, function(a, b) return a < b end)
            dt.on("x", {priority = 1}, function() end)
            pcall(error, {})
            return t, string.format("%s", t.n1), f()
            """
        let clean = ScriptRun(text)
        #expect(clean.error == nil)
        for bytes in stride(from: 15_000, to: clean.bytesPeak + 2000, by: 97) {
            var limits = ScriptRun.quick
            limits.memoryBytesMax = bytes
            let run = ScriptRun(text, limits: limits)
            #expect(
                run.error == nil || run.error?.kind == .memory,
                "\(bytes): \(String(describing: run.error))")
        }
    }

    @Test("Large texts and lists are not taken for tables with too many names")
    func largeValues() {
        let run = ScriptRun(
            """
            local s = ("x"):rep(3 << 20):upper()
            s = s:sub(1, 3 << 20) .. s
            local list, names = {}, {}
            for i = 1, 300000 do list[i] = i end
            for i = 1, 60000 do names["n" .. i] = i end
            return #s, #list, select(2, pcall(function() for i = 1, 10000 do names[-i] = i end end))
            """, limits: .hook)
        let message = "a table has more than 65536 keys that are no places in a list"
        #expect(run.error?.kind == .memory && run.error?.message.contains(message) == true)
        #expect(run.error?.message.hasPrefix("test.lua:") == true)
    }
}
