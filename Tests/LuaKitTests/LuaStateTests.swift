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
}
