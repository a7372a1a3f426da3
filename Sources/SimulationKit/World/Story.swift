/// What happened, in lines for people; costs nothing when nobody reads it.
struct Story {
    let isTold: Bool
    private(set) var lines: [String] = []
    /// Nanoseconds since the beginning.
    var time: Int64 = 0

    init(isTold: Bool) { self.isTold = isTold }

    mutating func tell(_ line: @autoclosure () -> String) {
        guard isTold else { return }
        let (seconds, rest) = (time / 1_000_000_000, time % 1_000_000_000 / 1000)
        let digits = String(1_000_000 + rest).dropFirst()
        lines.append("\(seconds).\(digits)  \(line())")
    }
}
