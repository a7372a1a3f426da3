internal import CommandModel
internal import SessionCore
internal import StateStore

/// How a connection is shown: as lines for people and as a record for scripts, from one snapshot.
struct StatusText {
    let plan: ConnectionPlan
    let snapshot: ConnectionSnapshot

    /// The layout that existing scripts read (labels in 34 columns), then our own lines.
    var lines: [String] {
        var lines = ["- Status for connection \(plan.id) -"]
        func add(_ label: String, _ value: String) {
            lines.append((label + ":").padded(to: 34) + value)
        }
        add("Time established", Clock.text(plan.established))
        add("Replication set", plan.setName)
        add("Target machine", plan.peer.address)
        add("Target state", stateWord)
        add("Mirror bytes transferred", "\(snapshot.mirrorBytesSent)")
        add("Mirror bytes transmitted", "\(snapshot.mirrorBytesSent)")
        add("Mirror bytes in queue", "\(snapshot.mirrorBytesInQueue)")
        add("Replication bytes transferred", "\(snapshot.replicationBytesSent)")
        add("Replication bytes transmitted", "\(snapshot.replicationBytesSent)")
        add("Replication bytes in queue", "\(snapshot.replicationBytesInQueue)")
        if let reason { add("Reason", reason) }
        add("Continuity", snapshot.continuityText)
        if snapshot.continuity.startedAt > 0 {
            let report = snapshot.continuity
            add("Last start", "\(Clock.text(report.startedAt)): \(report.start)")
        }
        if let resync = snapshot.continuity.resync { add("Last resync", resync.text) }
        for line in captureLines { add("Capture", line) }
        add("Mirror state", mirrorText)
        add("Replication state", replicationWord)
        add("Transmit mode", transmitWord)
        add("Operations sent", "\(snapshot.operationsSent)")
        add("Operations in queue", "\(snapshot.operationsInQueue)")
        add("Lag", Self.seconds(lagSeconds))
        add("Skipped at the target", "\(snapshot.skippedCount)")
        if snapshot.problemCount > 0 || !snapshot.lastTargetProblem.isEmpty {
            add(
                "Problems at the target", "\(snapshot.problemCount) (\(snapshot.lastTargetProblem))"
            )
        }
        if snapshot.unreadableCount > 0 { add("Unreadable files", "\(snapshot.unreadableCount)") }
        for mapping in plan.mappings { add("Mapping", "\(mapping.source) -> \(mapping.target)") }
        return lines
    }

    var value: CommandRecord {
        var record: CommandRecord = [
            "connection": .integer(Int64(plan.id)), "replicationSet": .text(plan.setName),
            "target": .text(plan.peer.name), "targetAddress": .text(plan.peer.address),
            "established": .text(Clock.text(plan.established)),
            "targetState": .text(stateWord), "reason": .text(reason ?? ""),
            "mirrorState": .text(mirrorWord),
            "mirrorPercent": snapshot.mirrorPercent.map { .integer(Int64($0)) } ?? .none,
            "replicationState": .text(replicationWord), "transmitMode": .text(transmitWord),
            "mirrorBytesTransferred": .integer(snapshot.mirrorBytesSent),
            "mirrorBytesTransmitted": .integer(snapshot.mirrorBytesSent),
            "mirrorBytesInQueue": .integer(snapshot.mirrorBytesInQueue),
            "replicationBytesTransferred": .integer(snapshot.replicationBytesSent),
            "replicationBytesTransmitted": .integer(snapshot.replicationBytesSent),
            "replicationBytesInQueue": .integer(snapshot.replicationBytesInQueue),
        ]
        addContinuity(to: &record)
        record["settled"] = .boolean(snapshot.isVouched && !snapshot.isOpenAround)
        record["filesMirrored"] = .integer(snapshot.mirrorObjectsDone)
        record["operationsSent"] = .integer(snapshot.operationsSent)
        record["operationsInQueue"] = .integer(snapshot.operationsInQueue)
        record["lagSeconds"] = .decimal(lagSeconds)
        record["newestSequence"] = .integer(Int64(clamping: snapshot.newest))
        record["appliedSequence"] = .integer(Int64(clamping: snapshot.applied))
        record["durableSequence"] = .integer(Int64(clamping: snapshot.durable))
        record["problems"] = .integer(Int64(clamping: snapshot.problemCount))
        record["lastProblem"] = .text(snapshot.lastTargetProblem)
        record["skipped"] = .integer(Int64(clamping: snapshot.skippedCount))
        record["unreadable"] = .integer(snapshot.unreadableCount)
        return record
    }

    /// One line of CONNECTIONS.
    var line: String {
        "\(plan.id)".padded(to: 6) + plan.setName.padded(to: 24) + plan.peer.name.padded(to: 20)
            + stateWord.padded(to: 18) + transmitWord
    }

    static let head =
        "ID".padded(to: 6) + "Replication set".padded(to: 24) + "Target".padded(to: 20)
        + "Target state".padded(to: 18) + "Transmit"

    /// Seconds since the oldest change that the target has not applied was made.
    var lagSeconds: Double {
        snapshot.oldestUndelivered.map { Double(max(0, Clock.now - $0) / 1_000_000) / 1e3 } ?? 0
    }

    /// One line for a terminal while a mirror or a wait runs.
    var progressLine: String {
        if let captureProblem { return "\(stateWord): \(captureProblem)" }
        if snapshot.isMirroring, snapshot.isResync {
            return "\(mirrorText): \(snapshot.mirrorObjectsDone) of "
                + "\(max(snapshot.mirrorObjectsDone, snapshot.mirrorObjectsTotal)) objects "
                + "looked at, \(snapshot.objectsSuspect) suspect, "
                + "\(Self.bytes(snapshot.bytesCompared)) of "
                + "\(Self.bytes(max(snapshot.bytesCompared, snapshot.bytesToCompare))) compared, "
                + "\(Self.bytes(snapshot.bytesSentNow)) sent"
        }
        if snapshot.isMirroring {
            let left =
                snapshot.mirrorSecondsLeft
                .map { ", \($0) s left" } ?? ""
            return "\(mirrorText): \(snapshot.mirrorObjectsDone) files, "
                + "\(Self.bytes(snapshot.mirrorBytesDone)) of "
                + "\(Self.bytes(snapshot.mirrorBytesTotal))\(left)"
        }
        return "\(snapshot.state.word): \(snapshot.operationsInQueue) operations, "
            + "\(Self.bytes(snapshot.replicationBytesInQueue)) in queue, lag "
            + Self.seconds(lagSeconds)
    }

    private var captureLines: [String] {
        snapshot.captures.sorted { $0.key < $1.key }.flatMap { $0.value.lines($0.key) }
    }

    /// Since when changes are followed and what was done about the time before, for scripts.
    private func addContinuity(to record: inout CommandRecord) {
        let report = snapshot.continuity
        let isUnbroken =
            snapshot.isVouched && !snapshot.isOpenAround && report.since != nil
            && snapshot.isReplicating
        record["continuity"] = .text(snapshot.continuityText)
        record["unbrokenSince"] = .text(isUnbroken ? ContinuityReport.time(report.since) : "")
        record["lastStart"] = .text(report.startedAt > 0 ? Clock.text(report.startedAt) : "")
        record["lastStartFound"] = .text(report.start)
        let facts = (report.resync ?? ResyncReport(reason: "", started: 0)).facts
        for field in facts.fields {
            record[field.name] = report.resync == nil ? Self.nothing(field.value) : field.value
        }
        let captures = snapshot.captures.values
        record["takeovers"] = .integer(Int64(captures.reduce(0) { $0 + $1.takeovers }))
        record["changesAround"] = .integer(Int64(captures.reduce(0) { $0 + $1.around }))
        let open = captures.flatMap(\.openAround).map(\.path).sorted()
        record["openAround"] = .list(open.map { .text($0) })
        record["captures"] = .list(captureLines.map { .text($0) })
        record["mirrorObjectsTotal"] = .integer(snapshot.mirrorObjectsTotal)
        record["objectsSuspect"] = .integer(snapshot.objectsSuspect)
        record["bytesCompared"] = .integer(snapshot.bytesCompared)
        record["bytesToCompare"] = .integer(snapshot.bytesToCompare)
    }

    private static func nothing(_ value: CommandValue) -> CommandValue {
        value.text == nil ? .integer(0) : .text("")
    }

    private var captureProblem: String? {
        snapshot.captures.sorted { $0.key < $1.key }.lazy.map(\.value.problem)
            .first { !$0.isEmpty }
    }

    /// A folder that is not captured goes before everything that may be said of the target.
    private var stateWord: String { captureProblem == nil ? snapshot.state.word : "Error" }

    private var reason: String? {
        if let captureProblem { return captureProblem }
        if !snapshot.beginProblem.isEmpty, snapshot.isMirrorOwed { return snapshot.beginProblem }
        return switch snapshot.state {
        case .mirrorRequired(let reason): reason.rawValue
        case .resyncing(let reason): reason.rawValue
        case .refused(let text): text
        case .notReached: snapshot.lastLinkProblem.isEmpty ? nil : snapshot.lastLinkProblem
        case .retrying: snapshot.lastTargetProblem
        case .repeating: "changes that the target was making when it ended are made again"
        case .ok, .mirroring: nil
        }
    }

    private var mirrorWord: String {
        guard snapshot.isMirroring else { return "Idle" }
        return snapshot.isResync ? "Resynchronizing" : "Mirroring"
    }

    private var mirrorText: String {
        snapshot.mirrorPercent.map { "\(mirrorWord) \($0)%" } ?? mirrorWord
    }

    private var replicationWord: String {
        guard snapshot.isReplicating else { return "Not replicating" }
        return snapshot.operationsInQueue > 0 ? "Replicating" : "Ready"
    }

    private var transmitWord: String {
        switch snapshot.state {
        case .refused: "Error"
        case .notReached: "Stopped"
        default: "Started"
        }
    }

    private static func seconds(_ seconds: Double) -> String {
        let milliseconds = Int((seconds * 1000).rounded())
        return "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst()) s"
    }

    static func bytes(_ count: Int64) -> String {
        let units = ["KB", "MB", "GB", "TB"]
        guard count >= 1024 else { return "\(count) B" }
        var value = Double(count) / 1024
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
