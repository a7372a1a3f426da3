internal import CommandModel
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
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

/// STATUS, CONNECTIONS, MIRROR, WAITONMIRROR and SYNC.
extension Runtime {
    func listConnections() -> CommandResult {
        let all = connections.keys.sorted().compactMap { connections[$0] }
            .map { StatusText(plan: $0.plan, snapshot: $0.snapshot) }
        return CommandResult(
            value: .list(all.map { .record($0.value) }),
            lines: all.isEmpty ? ["there are no connections"] : [StatusText.head] + all.map(\.line))
    }

    func status(_ arguments: Arguments) throws(CommandError) -> CommandResult {
        guard arguments.value("connection") != nil else { return listConnections() }
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
        _ = try await connection.board.wait(seconds: 30, for: "the start of the mirror") {
            $0.mirrorsStarted > before.mirrorsStarted
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
        let seconds = try arguments.seconds("timeout")
        for id in try chosen(arguments) {
            guard let connection = connections[id] else { continue }
            try connection.requireFolders()
            let snapshot = try await connection.wait(
                seconds: seconds, for: "the end of the mirror of connection \(id)", progress
            ) { !$0.isMirroring && !$0.isMirrorOwed }
            if case .mirrorRequired(let reason) = snapshot.state {
                throw CommandError(
                    .mirrorRequired, "connection \(id) needs a mirror: \(reason.rawValue)")
            }
        }
        return CommandResult()
    }

    /// Returns when everything written before it is applied at the target.
    func sync(
        _ arguments: Arguments, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        let seconds = try arguments.seconds("timeout")
        for id in try chosen(arguments) {
            guard let connection = connections[id] else { continue }
            try connection.requireFolders()
            guard connection.plan.replicates else {
                throw CommandError(
                    .mirrorRequired,
                    "connection \(id) does not replicate; a mirror brings its target up to date"
                )
            }
            let began = Clock.monotonic
            let through = try await flushed(connection, seconds: seconds)
            let left = seconds.map { max(0, $0 - Double(Clock.monotonic - began) / 1e9) }
            let snapshot = try await connection.wait(
                seconds: left, for: "SYNC of connection \(id)", progress
            ) { snapshot in
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
    /// sequence. From a thread of its own: the flush ends in requests that a capture has to answer.
    ///
    /// - Throws: `timedOut` when a mount does not answer in time.
    func flushed(
        _ connection: SourceConnection, seconds: Double? = nil
    ) async throws(CommandError) -> UInt64 {
        let paths = Set(connection.plan.roots.compactMap(\.mountPath))
        let done = SnapshotBoard(false)
        WorkerThread.start("flush") {
            for path in paths {
                guard let descriptor = try? SystemCall.open(path, O_RDONLY | O_DIRECTORY) else {
                    continue
                }
                _ = cposix_syncfs(descriptor)
                SystemCall.close(descriptor)
            }
            done.show(true)
        }
        _ = try await done.wait(
            seconds: seconds ?? Patience.flushSeconds,
            for: "the flush of \(paths.sorted().joined(separator: ", "))"
        ) { $0 }
        return try running().journal.newest
    }
}
