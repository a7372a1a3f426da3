internal import FileSystemAccess
internal import Journal

/// Looks at the machine's clock, so that one that is set back hides no change: what is looked at
/// after a break of the captures is found by its change time.
struct ClockKeeper {
    private var steps: ClockSteps?
    /// Uptime of the last reading that was written down.
    private var written: Int64?
    /// Told last, so that it is told once.
    private var knownProblem: Errno?

    private static let writeSeconds: Int64 = 60

    /// What a look found.
    struct Found {
        /// By how many nanoseconds the clock was set back; nil: it was not.
        var step: Int64?
        /// The notes could not be read, or not be written; nil where that is known already.
        var problem: Errno?
    }

    /// To be called every second or so.
    ///
    /// - Parameter folder: of the hot groups.
    mutating func look(at now: ClockReading, folder: BytePath) -> Found {
        var found = Found()
        var known: ClockSteps
        if let steps { known = steps } else {
            do throws(Errno) { known = try ClockSteps.read(folder: folder) } catch {
                // Nothing can be said of the time before.
                found.problem = error
                known = .unknown(at: now)
            }
        }
        found.step = known.look(at: now)
        steps = known
        let isDue = written.map { now.uptime - $0 > Self.writeSeconds * Clock.second } ?? true
        guard isDue || found.step != nil else { return found }
        do throws(Errno) {
            try known.write(folder: folder)
            written = now.uptime
            knownProblem = nil
        } catch {
            if error != knownProblem { found.problem = error }
            knownProblem = error
        }
        return found
    }
}
