import CommandModel
import LuaKit
import Testing

@Suite struct ConversionTests {
    private struct Source {
        var generator: SplitMix

        mutating func value(_ depth: Int) -> CommandValue {
            switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &generator) {
            case 0: return .none
            case 1: return .boolean(Bool.random(using: &generator))
            case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
            case 3:
                let bits = UInt64.random(in: 0..<(0x7FF << 52), using: &generator)
                return .decimal(Double(bitPattern: bits))
            case 4: return .integer(Int64.random(in: -3...3, using: &generator))
            case 5: return .text(text())
            case 6:
                let count = Int.random(in: 0..<6, using: &generator)
                return .list((0..<count).map { _ in value(depth - 1) })
            default:
                var record = CommandRecord()
                for _ in 0..<Int.random(in: 0..<6, using: &generator) {
                    record[text()] = value(depth - 1)
                }
                return .record(record)
            }
        }

        mutating func text() -> String {
            let letters: [String] = ["a", "b", "ü", "€", "😀", "\0", "\n", "e\u{301}", "__index"]
            return (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
                letters.randomElement(using: &generator) ?? "a"
            }.joined()
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    @Test("Values come back from Lua as they went, alone, in events and as answers")
    func roundTrip() throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("conversions: seed \(seed)")
        var source = Source(generator: SplitMix(state: seed))
        var state = try LuaState(limits: .hook) { _, _ in }
        try state.setFunctions([["ask"]])
        let file = try state.load(
            """
            local value = ...
            local asked = dt.ask(value)
            if value == nil then return nil, asked, {one = dt.none} end
            return value, asked, {one = value}
            """, name: "round.lua")
        for _ in 0..<1000 {
            let value = source.value(4)
            let thread = try state.start(file, [value])
            #expect(
                try state.resume(thread) == .call(function: 0, arguments: [value]), "seed \(seed)")
            #expect(
                try state.resume(thread, with: .returning(value))
                    == .finished([value, value, .record(["one": value])]), "seed \(seed)")
        }
        let left = state.close()
        #expect(left == 0)
    }

    @Test("A record of ten thousand names keeps its order")
    func largeRecord() throws {
        let fields = (0..<10_000).map { number in
            CommandRecord.Field(
                name: "name \(number &* 7919 % 10_007)", value: .integer(Int64(number)))
        }
        let value = CommandValue.record(CommandRecord(fields: fields))
        var state = try LuaState(limits: .hook) { _, _ in }
        let thread = try state.start(try state.load("return ...", name: "large"), [value])
        #expect(try state.resume(thread) == .finished([value]))
    }

    @Test("A value that is nested too deeply is refused and the call waits on")
    func depth() throws {
        var deep = CommandValue.integer(1)
        for _ in 0..<64 { deep = .list([deep]) }
        var state = try LuaState(limits: .hook) { _, _ in }
        try state.setFunctions([["ask"]])
        let file = try state.load("return dt.ask(...)", name: "deep")
        let thread = try state.start(file, [deep])
        #expect(try state.resume(thread) == .call(function: 0, arguments: [deep]))
        #expect(throws: LuaError.self) {
            try state.resume(thread, with: .returning(.list([deep])))
        }
        #expect(try state.resume(thread, with: .returning(deep)) == .finished([deep]))
        #expect(throws: LuaError.self) { try state.start(file, [.list([deep])]) }
    }
}
