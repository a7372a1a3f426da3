internal import CPosix
package import FileSystemAccess
internal import Glibc

/// What two clocks of the machine show at one moment.
package struct ClockReading: Hashable, Sendable {
    /// Of the machine's run.
    package var boot: BootID
    /// Nanoseconds since 1970-01-01 UTC; people and other machines set it.
    package var wall: Int64
    /// Nanoseconds since the machine started; nobody sets it.
    package var uptime: Int64

    package init(boot: BootID, wall: Int64, uptime: Int64) {
        self.boot = boot
        self.wall = wall
        self.uptime = uptime
    }

    package static var current: ClockReading {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return ClockReading(
            boot: .current, wall: cposix_realtime(),
            uptime: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// Notes when the machine's clock was set back, so that a look for what changed since some time
/// does not miss what was written after it under an earlier time. Kept in the folder of the hot
/// groups, whose starts are those times.
package struct ClockSteps: Hashable, Sendable {
    /// From some moment on, when the clock showed at most `before`, times may be as early as
    /// `floor`.
    package struct Step: Hashable, Sendable {
        package var before: Int64
        package var floor: Int64
    }

    package private(set) var steps: [Step] = []
    package private(set) var last: ClockReading?

    /// Clocks that are slewed differ by less.
    private static let toleranceNanoseconds: Int64 = 1_000_000_000
    /// How much older than the real end of a boot the last reading of it may be.
    private static let readingAgeMax: Int64 = 120_000_000_000
    private static let stepsMax = 16

    package init() {}

    /// Where the notes are lost: times of before now say nothing.
    package static func unknown(at now: ClockReading) -> ClockSteps {
        var steps = ClockSteps()
        steps.last = now
        steps.note(Step(before: now.wall, floor: 0))
        return steps
    }

    /// Looks at the clocks; to be done often, because a step is known no better than that.
    ///
    /// - Returns: by how many nanoseconds the clock was set back since the last look, if it was.
    package mutating func look(at now: ClockReading) -> Int64? {
        defer { last = now }
        guard let last else { return nil }
        let isSameBoot = last.boot == now.boot
        // What the clock would show, had nobody set it; for an earlier boot, at least.
        let started = now.wall - now.uptime
        let expected = isSameBoot ? last.wall + (now.uptime - last.uptime) : last.wall + now.uptime
        let size = expected - now.wall
        guard size > Self.toleranceNanoseconds else { return nil }
        note(
            Step(
                before: expected + (isSameBoot ? 0 : Self.readingAgeMax),
                // It was set at any moment since the last look.
                floor: isSameBoot ? now.wall - (now.uptime - last.uptime) : started))
        return size
    }

    /// The time from which on change times have to be looked at, so that nothing is missed that was
    /// written after `start`.
    package func earliest(since start: Int64) -> Int64 {
        // Of the steps after the first that may have come after it, all did.
        let first = steps.firstIndex { $0.before >= start } ?? steps.endIndex
        return steps[first...].reduce(start) { min($0, $1.floor) }
    }

    private mutating func note(_ step: Step) {
        steps.append(step)
        guard steps.count > Self.stepsMax else { return }
        let both = steps.prefix(2)
        let merged = Step(
            before: both.map(\.before).max() ?? 0, floor: both.map(\.floor).min() ?? 0)
        steps.replaceSubrange(..<2, with: [merged])
    }

    // MARK: On the disk

    private static let name = "clock"

    /// What a folder keeps; nothing where there is no such file.
    ///
    /// - Throws: where it cannot be read or is no such file: then no time can be relied on.
    package static func read(folder: BytePath) throws(Errno) -> ClockSteps {
        let directory: CInt
        do throws(Errno) { directory = try DirectoryTree.open(folder) } catch {
            if error == .noSuchFile { return ClockSteps() }
            throw error
        }
        defer { SystemCall.close(directory) }
        guard let bytes = try AtomicFile.read(name, in: directory, bytesMax: 1 << 16) else {
            return ClockSteps()
        }
        guard let steps = ClockSteps(text: String(decoding: bytes, as: UTF8.self)) else {
            throw .invalid
        }
        return steps
    }

    /// Durably.
    package func write(folder: BytePath) throws(Errno) {
        let directory = try DirectoryTree.open(folder, creating: 0o700)
        defer { SystemCall.close(directory) }
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(Errno) in
                try AtomicFile.write(bytes, to: Self.name, in: directory)
            }
        }
        try result.get()
    }

    /// Lines of words: `last HIGH LOW WALL UPTIME`, `step BEFORE FLOOR`, and `end` as the last.
    private var text: String {
        var text = ""
        if let last {
            text += "last \(last.boot.high) \(last.boot.low) \(last.wall) \(last.uptime)\n"
        }
        for step in steps { text += "step \(step.before) \(step.floor)\n" }
        return text + "end\n"
    }

    private init?(text: String) {
        var hasEnd = false
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int64($0) }
            switch (words.first, words.count) {
            case ("last", 5):
                guard let high = UInt64(words[1]), let low = UInt64(words[2]),
                    let wall = Int64(words[3]), let uptime = Int64(words[4])
                else { return nil }
                last = ClockReading(
                    boot: BootID(high: high, low: low), wall: wall, uptime: uptime)
            case ("step", 3):
                guard numbers.count == 2 else { return nil }
                steps.append(Step(before: numbers[0], floor: numbers[1]))
            case ("end", 1): hasEnd = true
            default: return nil
            }
        }
        if !hasEnd { return nil }
    }
}
