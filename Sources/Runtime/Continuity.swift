internal import SessionCore

/// What did not go on without a break when the daemon came back, and so cannot be vouched for.
struct Continuity: Sendable {
    /// Changes that targets had not got were lost with the old queue.
    var isJournalNew = false
    /// Mounts whose captures were not found alive: what changed in between was seen by nobody.
    var freshMounts: Set<String> = []
    /// Those of them that are not captured yet.
    var heldMounts: Set<String> = []

    /// What was believed of a connection's target, corrected by what is known of the time between.
    func corrected(
        _ data: SourceSession.Data, mounts: Set<String>, replicates: Bool, hasMarks: Bool
    ) -> SourceSession.Data {
        guard replicates else { return data }
        var session = SourceSession(data: data, replicates: true)
        if hasMarks { session.lose(.queueFull) }
        if !mounts.isDisjoint(with: freshMounts) { session.lose(.captureBroken) }
        if isJournalNew { session.lose(.queueLost) }
        return session.data
    }
}
