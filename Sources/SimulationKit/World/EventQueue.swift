/// What is to happen, by time; what was asked for first comes first where times are equal.
struct EventQueue {
    private struct Event {
        let time: Int64
        let order: UInt64
        let run: () -> Void

        func isBefore(_ other: Event) -> Bool {
            time != other.time ? time < other.time : order < other.order
        }
    }

    /// A heap, the first event first.
    private var events: [Event] = []
    private var order: UInt64 = 0

    var isEmpty: Bool { events.isEmpty }

    mutating func add(_ time: Int64, _ run: @escaping () -> Void) {
        order += 1
        events.append(Event(time: time, order: order, run: run))
        var place = events.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard events[place].isBefore(events[parent]) else { break }
            events.swapAt(place, parent)
            place = parent
        }
    }

    mutating func next() -> (time: Int64, run: () -> Void)? {
        guard let first = events.first else { return nil }
        let last = events.removeLast()
        if !events.isEmpty {
            events[0] = last
            sink()
        }
        return (first.time, first.run)
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < events.count && events[child].isBefore(events[least]) {
                least = child
            }
            guard least != place else { return }
            events.swapAt(place, least)
            place = least
        }
    }

    mutating func removeAll() { events.removeAll() }
}
