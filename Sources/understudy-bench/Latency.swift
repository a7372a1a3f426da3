/// What is written into a block: which write it was, counted from 1, and when it began.
struct Stamp {
    static let bytes = 16

    let number: UInt64
    let nanoseconds: UInt64

    init(number: UInt64, nanoseconds: UInt64) {
        self.number = number
        self.nanoseconds = nanoseconds
    }

    init(_ bytes: [UInt8]) {
        number = Self.word(bytes, at: 0)
        nanoseconds = Self.word(bytes, at: 8)
    }

    func put(into block: inout [UInt8]) {
        for index in 0..<8 {
            block[index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
            block[8 + index] = UInt8(truncatingIfNeeded: nanoseconds >> (8 * UInt64(index)))
        }
    }

    private static func word(_ bytes: [UInt8], at start: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
    }
}

/// Writes a stamped block at each of a row of fixed times, whether or not the one before was quick.
struct LatencyWriter: ~Copyable {
    private let file: OpenFile
    private let count: Int
    private let intervalNanoseconds: UInt64

    init(file: consuming OpenFile, count: Int, microseconds: Int) {
        self.file = file
        self.count = count
        intervalNanoseconds = UInt64(microseconds) * 1000
    }

    /// `latency-writer p50 p99 max`: microseconds that the writes themselves took.
    func run() throws(BenchError) -> String {
        var block = [UInt8](repeating: 0x6C, count: OpenFile.blockBytes)
        var took: [UInt64] = []
        took.reserveCapacity(count)
        let begun = Clock.nanoseconds + intervalNanoseconds
        for index in 0..<count {
            Clock.sleep(until: begun + UInt64(index) * intervalNanoseconds)
            let now = Clock.nanoseconds
            Stamp(number: UInt64(index) + 1, nanoseconds: now).put(into: &block)
            try file.write(block, at: index * OpenFile.blockBytes)
            took.append(Clock.nanoseconds - now)
        }
        return Quantiles(took).line("latency-writer")
    }
}

/// Looks at the place of the next write until its stamp is there, without a pause.
struct LatencyReader: ~Copyable {
    private let file: OpenFile
    private let count: Int
    private let silenceNanosecondsMax: UInt64

    init(file: consuming OpenFile, count: Int, silenceSecondsMax: Int) {
        self.file = file
        self.count = count
        silenceNanosecondsMax = UInt64(silenceSecondsMax) * 1_000_000_000
    }

    /// `latency-reader p50 p99 max`: microseconds from before a write until its stamp was seen.
    func run() throws(BenchError) -> String {
        var bytes = [UInt8](repeating: 0, count: Stamp.bytes)
        var delays: [UInt64] = []
        delays.reserveCapacity(count)
        var heard = Clock.nanoseconds
        while delays.count < count {
            let read = try file.read(&bytes, at: delays.count * OpenFile.blockBytes)
            let now = Clock.nanoseconds
            let stamp = Stamp(bytes)
            if read == Stamp.bytes, stamp.number == UInt64(delays.count) + 1 {
                delays.append(now - stamp.nanoseconds)
                heard = now
            } else if now - heard > silenceNanosecondsMax {
                throw .tooLate("write \(delays.count + 1) was not seen in '\(file.path)'")
            }
        }
        return Quantiles(delays).line("latency-reader")
    }
}

/// What a pile of times, in nanoseconds, looks like.
struct Quantiles {
    private let sorted: [UInt64]

    init(_ times: [UInt64]) {
        sorted = times.sorted()
    }

    /// `name p50 p99 max` in whole microseconds.
    func line(_ name: String) -> String {
        "\(name) \(microseconds(0.5)) \(microseconds(0.99)) \(microseconds(1))"
    }

    private func microseconds(_ part: Double) -> UInt64 {
        guard !sorted.isEmpty else { return 0 }
        return sorted[Int((Double(sorted.count - 1) * part).rounded())] / 1000
    }
}
