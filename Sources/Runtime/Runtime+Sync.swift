internal import CommandModel
internal import Journal
internal import SessionCore

/// SYNC, and what VERIFY shares with it.
extension Runtime {
    /// Returns when everything written before it is applied at the target.
    func sync(
        _ arguments: Arguments, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        let deadline = Deadline(seconds: try arguments.seconds("timeout"))
        for id in try chosen(arguments) {
            guard let connection = connections[id] else { continue }
            try connection.requireFolders()
            guard connection.plan.replicates else {
                throw CommandError(
                    .mirrorRequired,
                    "connection \(id) does not replicate; a mirror brings its target up to date"
                )
            }
            let through = try await flushed(connection, deadline)
            // What is shown may be of before what was written, and of before changes got lost.
            let fence = connection.setFence()
            let snapshot = try await connection.wait(
                seconds: deadline.secondsLeft, for: "SYNC of connection \(id)", progress
            ) { snapshot in
                guard snapshot.fence >= fence else { return false }
                if case .mirrorRequired = snapshot.state { return true }
                return snapshot.state == .ok && snapshot.applied >= through
            }
            if case .mirrorRequired(let reason) = snapshot.state {
                throw CommandError(
                    .mirrorRequired,
                    "connection \(id) cannot be brought up to date: \(reason.rawValue); use "
                        + "MIRROR START \(id)")
            }
        }
        return CommandResult()
    }

    /// Brings the pages of shared mappings to the capture, then answers the newest change's
    /// sequence.
    ///
    /// - Throws: `timedOut` when a capture does not answer in time, or is not there.
    func flushed(
        _ connection: SourceConnection, _ deadline: Deadline = Deadline(seconds: nil)
    ) async throws(CommandError) -> UInt64 {
        for path in Set(connection.plan.roots.compactMap(\.mountPath)).sorted() {
            try await flush(path, deadline)
        }
        return try running().journal.newest
    }

    /// A capture that ended, or whose server was killed meanwhile, is asked again when it is back.
    private func flush(_ path: String, _ deadline: Deadline) async throws(CommandError) {
        let patience = Deadline(seconds: deadline.secondsLeft ?? Patience.captureSeconds)
        var problem = "the capture does not answer"
        repeat {
            if let process = await captures.processes[path] {
                // The flush ends in requests that the capture has to answer, so it may hang.
                let outcome = SnapshotBoard<FlushOutcome?>(nil)
                WorkerThread.start("flush") {
                    do throws(CommandError) {
                        try process.flush()
                        outcome.show(.done)
                    } catch {
                        outcome.show(.failed(error.message))
                    }
                }
                let found = try await outcome.wait(
                    seconds: deadline.secondsLeft ?? Patience.flushSeconds,
                    for: "the flush of '\(path)'"
                ) { $0 != nil }
                switch found {
                case .failed(let words): problem = words
                case .done, nil: return
                }
            } else {
                problem = captureFacts[path]?.problem ?? problem
            }
            try? await Task.sleep(nanoseconds: 50_000_000)
            if Task.isCancelled {
                throw CommandError(.interrupted, "interrupted while '\(path)' was flushed")
            }
        } while patience.secondsLeft ?? 0 > 0
        throw CommandError(.timedOut, "'\(path)' could not be flushed in time: \(problem)")
    }

    private enum FlushOutcome: Sendable { case done, failed(String) }
}

/// Until when a command may take.
struct Deadline: Sendable {
    /// Monotonic; nil: there is none.
    private let end: Int64?

    init(seconds: Double?) {
        end = seconds.map { Clock.monotonic + Int64(max(0, min($0, 1e9)) * 1e9) }
    }

    var secondsLeft: Double? { end.map { max(0, Double($0 - Clock.monotonic) / 1e9) } }
}
