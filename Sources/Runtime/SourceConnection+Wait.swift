internal import CommandModel
internal import SessionCore
internal import StateStore

/// How long commands are patient where nobody says.
enum Patience {
    /// A target that is not reached for so long will not be reached while a person waits.
    static let unlinkedSeconds = 60.0
    /// For a capture that ended to be back.
    static let captureSeconds = 60.0
    /// For a mount's answer; the flush of much dirty memory to a slow disk takes long.
    static let flushSeconds = 600.0
}

extension SourceConnection {
    /// The first snapshot for which `isGood` holds, with progress told meanwhile.
    ///
    /// - Parameter seconds: how long at most; nil: as long as the target is reached now and then.
    /// - Throws: `timedOut`, `interrupted`, `connectionFailed` when the target refuses the
    ///   connection, `targetUnreachable` when it is not reached for `Patience.unlinkedSeconds` and
    ///   no time was given, `noSuchConnection` when it ends meanwhile.
    func wait(
        seconds: Double?, for what: String,
        _ progress: @escaping @Sendable (CommandProgress) -> Void,
        _ isGood: @escaping @Sendable (ConnectionSnapshot) -> Bool
    ) async throws(CommandError) -> ConnectionSnapshot {
        let teller = ProgressTeller(self, progress)
        defer { teller.stop() }
        let isPatient = seconds != nil
        let snapshot = try await board.wait(seconds: seconds, for: what) { snapshot in
            if snapshot.isOver { return true }
            if case .refused = snapshot.state { return true }
            return !isPatient && Self.isGivenUp(snapshot) || isGood(snapshot)
        }
        if isGood(snapshot) { return snapshot }
        if snapshot.isOver {
            throw CommandError(
                .noSuchConnection, "connection \(plan.id), or its server, ended meanwhile")
        }
        if case .refused(let reason) = snapshot.state {
            throw CommandError(.connectionFailed, reason)
        }
        throw CommandError(
            .targetUnreachable,
            "'\(plan.peer.name)' has not been reached for \(Int(Patience.unlinkedSeconds)) seconds"
                + (snapshot.lastLinkProblem.isEmpty ? "" : ": \(snapshot.lastLinkProblem)")
                + "; with TIMEOUT the command waits as long as it says")
    }

    private static func isGivenUp(_ snapshot: ConnectionSnapshot) -> Bool {
        guard let since = snapshot.unlinkedSince else { return false }
        return Double(Clock.monotonic - since) / 1e9 > Patience.unlinkedSeconds
    }
}

/// Tells the caller of a long command how far it is, twice a second.
private struct ProgressTeller {
    private let task: Task<Void, Never>

    init(
        _ connection: SourceConnection, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) {
        task = Task {
            while !Task.isCancelled {
                let text = StatusText(plan: connection.plan, snapshot: connection.snapshot)
                progress(CommandProgress(line: text.progressLine, data: text.value))
                try? await Task.sleep(nanoseconds: 500_000_000)
            }
        }
    }

    func stop() { task.cancel() }
}
