/// The last lines of what a script says, within limits, and a count of what was dropped.
struct LineKeeper: Sendable {
    static let linesMax = 200
    static let bytesMax = 64 << 10
    /// Longer lines are cut in pieces.
    static let lineBytesMax = 4096

    private(set) var lines: [String] = []
    private(set) var droppedCount = 0
    private var byteCount = 0

    mutating func keep(_ line: String) {
        lines.append(line)
        byteCount += line.utf8.count
        // Half at a time, so that every line is moved about once.
        guard lines.count >= 2 * LineKeeper.linesMax || byteCount > 2 * LineKeeper.bytesMax else {
            return
        }
        trim()
    }

    /// Keeps to the limits; before the lines are shown.
    mutating func trim() {
        var first = 0
        while lines.count - first > LineKeeper.linesMax
            || (byteCount > LineKeeper.bytesMax && first < lines.count - 1)
        {
            byteCount -= lines[first].utf8.count
            first += 1
        }
        lines.removeFirst(first)
        droppedCount += first
    }
}

/// Cuts what a program writes into lines.
struct LineSplitter {
    private var rest: [UInt8] = []

    mutating func add(_ bytes: UnsafeRawBufferPointer, _ tell: (String) -> Void) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                end(tell)
            } else {
                rest.append(byte)
                if rest.count >= LineKeeper.lineBytesMax { end(tell) }
            }
        }
    }

    /// What stands after the last line end is a line, too.
    mutating func finish(_ tell: (String) -> Void) {
        if !rest.isEmpty { end(tell) }
    }

    private mutating func end(_ tell: (String) -> Void) {
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        tell(String(decoding: rest, as: UTF8.self))
        rest.removeAll(keepingCapacity: true)
    }
}
