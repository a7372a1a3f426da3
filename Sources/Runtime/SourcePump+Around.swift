internal import SessionCore

/// What a pump does about files that are open around a capture.
extension SourcePump {
    /// What a capture says of itself, as far as it concerns the connection.
    func heard(_ facts: CaptureFacts, of mount: String) {
        var facts = facts
        facts.openAround.removeAll { !$0.path.isEmpty && !plan.covers($0.path) }
        shown.captures[mount] = facts
    }

    /// What is compared because of them is named file by file, and how often that happens is
    /// decided by whoever watches them: no need to wait.
    func loseAround(_ reason: ResyncReason) {
        if reason == .openAround, mirror == nil { nextOwnMirror = 0 }
        lose(reason)
    }
}
