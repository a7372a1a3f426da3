internal import CommandModel
internal import FileSystemAccess
internal import StateStore
internal import TargetApply

/// What this server knows of the connections that end at it, whether their sources live or not.
extension Runtime {
    /// STATUS TARGET.
    func targetStatus() async throws(CommandError) -> CommandResult {
        let all = try await incoming()
        var lines: [String] = []
        for one in all {
            if !lines.isEmpty { lines.append("") }
            lines.append("- Incoming connection \(one.known.number) of \(one.source) -")
            func add(_ label: String, _ value: String) {
                lines.append((label + ":").padded(to: 34) + value)
            }
            add("Replication set", one.known.set)
            add("State", one.word)
            if !one.reason.isEmpty { add("Reason", one.reason) }
            add("Linked", one.snapshot.isLinked ? "yes" : "no")
            for mapping in one.known.mappings {
                add("Mapping", "\(mapping.source) -> \(mapping.target)")
            }
        }
        return CommandResult(
            value: .record(["connections": .list(all.map { .record($0.value) })]),
            lines: all.isEmpty ? ["nothing is replicated to this server"] : lines)
    }

    /// For STATUS of everything: one line each.
    func incomingLines() async -> [String] {
        guard let all = try? await incoming(), !all.isEmpty else { return [] }
        return ["", "Incoming connections; see STATUS TARGET"]
            + all.map { one in
                "\(one.known.number)".padded(to: 6) + one.known.set.padded(to: 24)
                    + one.source.padded(to: 20) + one.word
            }
    }

    private func incoming() async throws(CommandError) -> [Incoming] {
        let known = try stored(store.incomingConnections)
        let targets = try running().targets
        let folder = configuration.stateDirectory
        return await WorkerThread.run("target-status") {
            known.map { known in
                let snapshot = targets.snapshot(ConnectionPlan.digest(known.uuid))
                let path = BytePath("\(folder)/incoming-\(known.uuid)")
                return Incoming(
                    known: known, snapshot: snapshot, claim: snapshot.claim ?? .read(path))
            }
        }
    }
}

private struct Incoming: Sendable {
    let known: IncomingConnection
    let snapshot: TargetSnapshot
    let claim: TargetClaim

    var source: String { known.source.name }
    var word: String { snapshot.word(claim) }
    var reason: String { snapshot.retrying.isEmpty ? claim.rawValue : snapshot.retrying }

    var value: CommandRecord {
        [
            "connection": .integer(Int64(known.number)), "source": .text(source),
            "replicationSet": .text(known.set), "incoming": .text(known.uuid),
            "state": .text(word), "reason": .text(reason), "linked": .boolean(snapshot.isLinked),
            "mayBeInPart": .boolean(claim == .maybeInPart),
            "appliedSequence": .integer(Int64(clamping: snapshot.applied)),
            "durableSequence": .integer(Int64(clamping: snapshot.durable)),
            "paths": .list(known.mappings.map { .text($0.target) }),
        ]
    }
}
