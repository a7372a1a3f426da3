internal import SessionCore

/// What did not go on without a break when the daemon came back, and so cannot be vouched for.
struct Continuity: Sendable {
    /// In what state the queue was found.
    enum Finding: String, Sendable {
        case connected = "connected"
        case wentOn = "captures went on"
        case memoryFound = "journal memory found"
        case cleanStop = "clean stop: queue kept"
        case powerCut = "power cut: queue lost"
        case memoryLost = "journal memory gone: queue lost"
    }

    var finding = Finding.connected
    /// Mounts whose captures were not found alive: what changed in between was seen by nobody.
    var freshMounts: Set<String> = []
    /// Mounts with files that were, or are, open around them.
    var aroundMounts: Set<String> = []

    /// Changes that targets had not got were lost with the old queue.
    var isJournalNew: Bool { finding == .powerCut || finding == .memoryLost }

    /// What was believed of a connection's target, corrected by what is known of the time between.
    func corrected(
        _ data: SourceSession.Data, mounts: Set<String>, replicates: Bool, hasMarks: Bool
    ) -> SourceSession.Data {
        guard replicates else { return data }
        var session = SourceSession(data: data, replicates: true)
        if hasMarks { session.lose(.queueFull) }
        if !mounts.isDisjoint(with: aroundMounts) { session.lose(.openAround) }
        if !mounts.isDisjoint(with: freshMounts) { session.lose(.captureBroken) }
        if isJournalNew { session.lose(.queueLost) }
        return session.data
    }

    /// How the start found a connection, in stable words.
    func text(mounts: Set<String>) -> String {
        let unseen = mounts.intersection(freshMounts).sorted()
        let around = mounts.intersection(aroundMounts).sorted()
        guard unseen.isEmpty, around.isEmpty else {
            return finding.rawValue
                + (unseen.isEmpty
                    ? "" : "; not captured for some time: " + unseen.joined(separator: ", "))
                + (around.isEmpty
                    ? "" : "; files were open around the mount: " + around.joined(separator: ", "))
        }
        return switch finding {
        case .wentOn, .memoryFound, .cleanStop: finding.rawValue + ", nothing lost"
        case .connected, .powerCut, .memoryLost: finding.rawValue
        }
    }
}
