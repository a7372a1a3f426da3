import CommandModel
import LuaKit

/// The events that wait for one Lua hook, and those that are on their way through it.
final class LuaLine {
    /// Events that are handed over at a time.
    static let batchMax = 1000

    let hook: Hook
    private var waiting = Fifo<HookItem>()
    /// Being worked on, in the order of the batch.
    private(set) var items: [HookItem] = []
    private(set) var batch = LuaEventBatch(fields: [])
    /// Where the batch goes on after an event that failed; nil when it is over.
    var next: Int?
    /// While a call of it is under way.
    var isBusy = false
    /// Whether it stands in its loop's list of lines with work.
    var isListed = false
    /// How many events the next batch may hold. A command in one of them makes the others wait, so
    /// that it falls to 1 then, and doubles with every batch that used none.
    private var countMax = LuaLine.batchMax

    init(_ hook: Hook) { self.hook = hook }

    var isEmpty: Bool { waiting.isEmpty && next == nil }

    func add(_ item: HookItem) {
        waiting.append(item)
        if waiting.count > LuaWorld.waitingMax {
            _ = waiting.popFirst()
            hook.countDropped()
        }
    }

    /// Takes events with the same fields as the first one into the batch.
    /// - Throws: what an event holds that Lua cannot have; it is in `items` then.
    func fill() throws(LuaError) {
        items.removeAll(keepingCapacity: true)
        batch.removeAll()
        while items.count < countMax, let next = waiting.first {
            if items.isEmpty {
                if !LuaLine.fits(next.event, batch.fields) {
                    batch = LuaEventBatch(fields: LuaLine.fields(of: next.event))
                }
            } else if !LuaLine.fits(next.event, batch.fields) {
                break
            }
            _ = waiting.popFirst()
            items.append(next)
            try add(next.event)
        }
    }

    /// A command was used.
    func shorten() { countMax = 1 }

    /// A batch has ended without.
    func lengthen() { countMax = min(countMax * 2, LuaLine.batchMax) }

    private func add(_ event: RuntimeEvent) throws(LuaError) {
        batch.append()
        batch.set(0, event.name)
        batch.set(1, event.sequence)
        batch.set(2, event.seconds)
        var index = 3
        for field in event.record.fields {
            try batch.set(index, field.value)
            index += 1
        }
    }

    /// The facts come after the three names that every event has; a fact of such a name is hidden.
    private static func fields(of event: RuntimeEvent) -> [String] {
        ["name", "sequence", "time"] + event.record.fields.map(\.name)
    }

    private static func fits(_ event: RuntimeEvent, _ fields: [String]) -> Bool {
        let facts = event.record.fields
        guard fields.count == facts.count + 3 else { return false }
        for index in facts.indices where facts[index].name != fields[index + 3] { return false }
        return true
    }
}
