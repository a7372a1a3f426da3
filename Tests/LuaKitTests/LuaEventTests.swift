import CommandModel
import LuaKit
import Testing

@Suite struct LuaEventTests {
    private func loaded(_ state: inout LuaState) throws -> LuaReference {
        try state.setFunctions([["size"]])
        let file = try state.load(
            """
            local bytes, names, kept, first = 0, "", nil, nil
            dt.on("*", function(event)
                if event.kind == "stop" then error("stopped") end
                if event.kind == "ask" then bytes = bytes + dt.size(event.path) end
                if event.kind == "keep" then kept = dt.copy(event) end
                if event.kind == "write" then event.size = 3 end
                first = first or event
                bytes = bytes + (event.size or 0)
                names = names .. event.path
            end)
            dt.on("tell", function() return bytes, names, kept end)
            dt.on("late", function() return first.path end)
            """, name: "events.lua")
        let thread = try state.start(file)
        _ = try state.resume(thread)
        return file
    }

    private func batch(_ events: [(String, String, Int64?)]) -> LuaEventBatch {
        var batch = LuaEventBatch(fields: ["kind", "path", "size"], capacity: events.count)
        for (kind, path, size) in events {
            batch.append()
            batch.set(0, kind)
            batch.set(1, path)
            if let size { batch.set(2, size) }
        }
        return batch
    }

    @Test("A batch calls the hook with each event, and a command suspends it")
    func delivery() throws {
        var state = try LuaState(limits: .hook) { _, _ in }
        _ = try loaded(&state)
        let hooks = state.takeHooks()
        let events = batch([
            ("change", "a", 1), ("ask", "b", nil), ("keep", "c", 4), ("change", "ü", 100),
        ])
        let thread = try state.deliver(events, to: hooks[0].function)
        #expect(try state.resume(thread) == .call(function: 0, arguments: [.text("b")]))
        #expect(try state.resume(thread, with: .returning(.integer(1000))) == .finished([]))
        let tell = try state.start(hooks[1].function)
        #expect(
            try state.resume(tell)
                == .finished([
                    .integer(1105), .text("abcü"),
                    .record(["kind": .text("keep"), "path": .text("c"), "size": .integer(4)]),
                ]))
        let late = try state.start(hooks[2].function)
        #expect {
            try state.resume(late)
        } throws: {
            ($0 as? LuaError)?.message.contains("the event is over") == true
        }
        #expect(state.close() == 0)
    }

    @Test("An error ends a batch and says at which event; the rest can follow")
    func failure() throws {
        var state = try LuaState(limits: .hook) { _, _ in }
        _ = try loaded(&state)
        let hooks = state.takeHooks()
        let events = batch([
            ("change", "a", 1), ("stop", "b", 1), ("change", "c", 1), ("write", "d", 1),
        ])
        #expect {
            try state.resume(try state.deliver(events, to: hooks[0].function))
        } throws: {
            let error = $0 as? LuaError
            return error?.event == 1 && error?.message == "events.lua:3: stopped"
        }
        #expect {
            try state.resume(try state.deliver(events, from: 2, to: hooks[0].function))
        } throws: {
            let error = $0 as? LuaError
            return error?.event == 3 && error?.message.contains("cannot be changed") == true
        }
        #expect(state.close() == 0)
    }

    @Test("A batch without events or fields ends at once")
    func nothing() throws {
        var state = try LuaState(limits: .hook) { _, _ in }
        _ = try loaded(&state)
        let hooks = state.takeHooks()
        let empty = try state.deliver(LuaEventBatch(fields: []), to: hooks[1].function)
        #expect(try state.resume(empty) == .finished([]))
        var bare = LuaEventBatch(fields: [])
        bare.append()
        let thread = try state.deliver(bare, to: hooks[1].function)
        #expect(try state.resume(thread) == .finished([]))
        #expect(state.close() == 0)
    }
}
