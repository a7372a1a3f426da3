internal import SessionCore

extension LinkTimes {
    /// After a capture came back, lest one that ends all the time lets a resync begin each time.
    static let afterCapture = 2 * Clock.second
}

/// What a pump does about files that are open around a capture.
extension SourcePump {
    /// What a capture says of itself, as far as it concerns the connection.
    func heard(_ facts: CaptureFacts, of mount: String) {
        var facts = facts
        facts.openAround.removeAll { !$0.path.isEmpty && !plan.covers($0.path) }
        shown.captures[mount] = facts
    }

    /// A mount's changes are seen again, so a look at it proves something. What made the last one
    /// vain is over.
    func captureIsBack(_ mount: String) {
        heldMounts.remove(mount)
        shown.captures[mount]?.problem = ""
        nextOwnMirror = min(nextOwnMirror, Clock.monotonic + LinkTimes.afterCapture)
    }

    /// What is compared because of them is named file by file, and how often that happens is
    /// decided by whoever watches them: no need to wait.
    func loseAround(_ reason: ResyncReason) {
        if reason == .openAround, mirror == nil { nextOwnMirror = 0 }
        lose(reason)
    }
}
