internal import CommandModel
internal import SessionCore
internal import StateStore

extension MirrorOrder {
    /// As MIRROR START and CONNECT say it; `word` names the argument with the kind.
    init(_ arguments: Arguments, word: String) {
        let comparesContent = arguments.boolean("checksum") ?? false
        let isDifferent = arguments.optionalText(word) == "different"
        kind = isDifferent ? comparesContent ? .checksum : .different : .full
        removesOrphans = arguments.boolean("orphans") ?? false
    }
}

/// STATUS, CONNECTIONS, MIRROR and WAITONMIRROR.
extension Runtime {
    func listConnections() -> CommandResult {
        let all = connections.keys.sorted().compactMap { connections[$0] }
            .map { StatusText(plan: $0.plan, snapshot: $0.snapshot) }
        return CommandResult(
            value: .list(all.map { .record($0.value) }),
            lines: all.isEmpty ? ["there are no connections"] : [StatusText.head] + all.map(\.line))
    }

    func status(_ arguments: Arguments) async throws(CommandError) -> CommandResult {
        guard arguments.value("connection") != nil else {
            var all = listConnections()
            all.lines += await incomingLines()
            return all
        }
        let all = try chosen(arguments).compactMap { connections[$0] }
            .map { StatusText(plan: $0.plan, snapshot: $0.snapshot) }
        let lines = all.map(\.lines).joined(separator: [""])
        guard arguments.optionalText("connection") != "*", let one = all.first else {
            return CommandResult(
                value: .list(all.map { .record($0.value) }), lines: Array(lines))
        }
        return CommandResult(value: .record(one.value), lines: Array(lines))
    }

    func startMirror(_ arguments: Arguments) async throws(CommandError) -> CommandResult {
        let order = MirrorOrder(arguments, word: "kind")
        for id in try chosen(arguments) { try await startMirror(id, order) }
        return CommandResult()
    }

    /// Returns when the mirror runs.
    func startMirror(_ id: Int, _ order: MirrorOrder) async throws(CommandError) {
        guard let connection = connections[id] else { return }
        try connection.requireFolders()
        let before = connection.snapshot
        if before.isMirroring, !before.isResync {
            throw CommandError(
                .mirrorActive, "connection \(id) is mirroring already; see MIRROR STOP \(id)")
        }
        guard before.isLinked else {
            throw CommandError(
                .targetUnreachable,
                "'\(connection.plan.peer.name)' is not reached now: \(before.lastLinkProblem)")
        }
        var facts = connection.plan.facts
        for field in order.facts.fields { facts[field.name] = field.value }
        if let objection = await links.ask(RuntimeEvent("before.mirror", facts)) {
            throw objection
        }
        connection.post(.startMirror(order))
        let fence = connection.setFence()
        let after = try await connection.board.wait(seconds: 30, for: "the start of the mirror") {
            $0.mirrorsStarted > before.mirrorsStarted
                || $0.fence >= fence && !$0.beginProblem.isEmpty
        }
        if after.mirrorsStarted == before.mirrorsStarted {
            throw CommandError(.invalidSourcePath, after.beginProblem)
        }
    }

    func stopMirror(_ arguments: Arguments) async throws(CommandError) -> CommandResult {
        for id in try chosen(arguments) {
            guard let connection = connections[id] else { continue }
            guard connection.snapshot.isMirroring else {
                if arguments.optionalText("connection") == "*" { continue }
                throw CommandError(.mirrorNotRunning, "connection \(id) is not mirroring")
            }
            connection.post(.stopMirror)
            _ = try await connection.board.wait(seconds: 30, for: "the end of the mirror") {
                !$0.isMirroring
            }
        }
        return CommandResult()
    }

    func waitOnMirror(
        _ arguments: Arguments, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        let deadline = Deadline(seconds: try arguments.seconds("timeout"))
        for id in try chosen(arguments) {
            guard let connection = connections[id] else { continue }
            try connection.requireFolders()
            let fence = connection.setFence()
            let snapshot = try await connection.wait(
                seconds: deadline.secondsLeft,
                for: "the end of the mirror of connection \(id)", progress
            ) { $0.fence >= fence && !$0.isMirroring && !$0.isMirrorOwed }
            if case .mirrorRequired(let reason) = snapshot.state {
                throw CommandError(
                    .mirrorRequired, "connection \(id) needs a mirror: \(reason.rawValue)")
            }
        }
        return CommandResult()
    }
}
