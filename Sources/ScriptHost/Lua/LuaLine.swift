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
    /// The facts of the batch's events, in their order.
    private var facts: [String] = []
    /// Where each of them stands in the batch; below zero for one that the event itself hides.
    private var places: [Int] = []
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
            if !fits(next.event) {
                guard items.isEmpty else { break }
                shape(for: next.event)
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
        for (place, field) in zip(places, event.record.fields) where place >= 0 {
            try batch.set(place, field.value)
        }
    }

    private func fits(_ event: RuntimeEvent) -> Bool {
        let fields = event.record.fields
        guard fields.count == facts.count, !batch.fields.isEmpty else { return false }
        for index in fields.indices where fields[index].name != facts[index] { return false }
        return true
    }

    private func shape(for event: RuntimeEvent) {
        facts = event.record.fields.map(\.name)
        var names = RuntimeEvent.ownNames
        places = facts.map { fact in
            guard !RuntimeEvent.ownNames.contains(fact) else { return -1 }
            names.append(fact)
            return names.count - 1
        }
        batch = LuaEventBatch(fields: names)
    }
}
