/// One link between the servers: bytes arrive in order, late, and in pieces; when it breaks, what
/// is on the way arrives in part, and each side hears of the end in its own time.
final class SimulatedLink {
    enum End: Int {
        case source
        case target

        var other: End { self == .source ? .target : .source }
    }

    let number: Int
    private unowned let world: World
    /// Until it breaks.
    private(set) var isOpen = true
    /// When the last piece on its way to each end arrives.
    private var lastArrivals: [Int64] = [0, 0]
    /// Pieces that still arrive at each end after the link broke.
    private var lastPieces = [0, 0]
    private var isOver = [false, false]
    private var readers = [FrameReader(), FrameReader()]

    init(number: Int, world: World) {
        self.number = number
        self.world = world
    }

    /// Sends a frame from one end to the other.
    func send(_ frame: [UInt8], from end: End) {
        guard isOpen, !world.isStopped(end) else { return }
        let to = end.other
        let place = frame.count > 1 && world.numbers.oneIn(4) ? world.numbers.below(frame.count) : 0
        if place > 0 { carry(Array(frame[..<place]), to) }
        carry(place > 0 ? Array(frame[place...]) : frame, to)
    }

    private func carry(_ bytes: [UInt8], _ end: End) {
        let late = world.scenario.delay(&world.numbers)
        let time = max(lastArrivals[end.rawValue], world.now + late)
        lastArrivals[end.rawValue] = time
        world.at(time) { [self] in arrive(bytes, end) }
    }

    private func arrive(_ bytes: [UInt8], _ end: End) {
        guard !isOver[end.rawValue] else { return }
        if !isOpen {
            guard lastPieces[end.rawValue] > 0 else { return }
            lastPieces[end.rawValue] -= 1
        }
        readers[end.rawValue].append(bytes)
        do {
            while !isOver[end.rawValue], let frame = try readers[end.rawValue].next() {
                world.deliver(frame, self, end)
            }
        } catch {
            world.fail("a frame cannot be read: \(error)")
        }
    }

    /// Breaks: each end hears of it within ten seconds, which is how long it would wait in silence.
    func breakUp(_ why: String) {
        guard isOpen else { return }
        isOpen = false
        world.figures.linkBreaks[why, default: 0] += 1
        world.story.tell("link \(number) breaks: \(why)")
        lastPieces = [world.numbers.below(4), world.numbers.below(4)]
        for end in [End.source, .target] {
            let isSilent = world.numbers.oneIn(3)
            let wait = isSilent ? 10_000_000_000 : Int64(world.numbers.below(50_000_000))
            world.at(max(world.now + wait, lastArrivals[end.rawValue])) { [self] in close(end) }
        }
    }

    /// An end does not listen any more; the other one hears of it soon.
    func close(from end: End) {
        isOver[end.rawValue] = true
        guard isOpen else { return }
        isOpen = false
        lastPieces = [Int.max, Int.max]
        let wait = Int64(world.numbers.below(5_000_000))
        world.at(max(world.now + wait, lastArrivals[end.other.rawValue])) { [self] in
            close(end.other)
        }
    }

    private func close(_ end: End) {
        guard !isOver[end.rawValue] else { return }
        isOver[end.rawValue] = true
        world.closed(self, end)
    }
}
