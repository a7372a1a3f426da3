internal import CommandModel
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import SessionCore
internal import StateStore

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
        let order = MirrorOrder(
            isFull: (arguments.optionalText("kind") ?? "full") != "different",
            removesOrphans: arguments.boolean("orphans") ?? false)
        for id in try chosen(arguments) { try await startMirror(id, order) }
        return CommandResult()
    }

    /// Returns when the mirror runs.
    func startMirror(_ id: Int, _ order: MirrorOrder) async throws(CommandError) {
        guard let connection = connections[id] else { return }
        let before = connection.snapshot
        if before.isMirroring {
            throw CommandError(
                .mirrorActive, "connection \(id) is mirroring already; see MIRROR STOP \(id)")
        }
        guard before.isLinked else {
            throw CommandError(
                .targetUnreachable,
                "'\(connection.plan.peer.name)' is not reached now: \(before.lastLinkProblem)")
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
            let teller = ProgressTeller(connection, progress)
            defer { teller.stop() }
            let snapshot = try await connection.board.wait(
                seconds: seconds, for: "the end of the mirror of connection \(id)"
            ) { !$0.isMirroring && !$0.isMirrorOwed }
            if case .mirrorRequired(let reason) = snapshot.state {
                throw CommandError(
                    .mirrorRequired, "connection \(id) needs a mirror: \(reason.rawValue)")
            }
            if case .refused(let reason) = snapshot.state {
                throw CommandError(.connectionFailed, reason)
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
            guard connection.plan.replicates else {
                throw CommandError(
                    .mirrorRequired,
                    "connection \(id) does not replicate; a mirror brings its target up to date"
                )
            }
            let through = await flushed(connection)
            let teller = ProgressTeller(connection, progress)
            defer { teller.stop() }
            let snapshot = try await connection.board.wait(
                seconds: seconds, for: "SYNC of connection \(id)"
            ) { snapshot in
                if case .mirrorRequired = snapshot.state { return true }
                if case .refused = snapshot.state { return true }
                return snapshot.state == .ok && snapshot.applied >= through
            }
            guard snapshot.state == .ok else {
                let text = StatusText(plan: connection.plan, snapshot: snapshot)
                throw CommandError(
                    .mirrorRequired,
                    "connection \(id) cannot be brought up to date: \(text.snapshot.state.word)"
                        + ", use MIRROR START \(id)")
            }
        }
        return CommandResult()
    }

    /// Brings the pages of shared mappings to the capture, then answers the newest change's
    /// sequence. From a thread of its own: the flush ends in requests that a capture has to answer.
    func flushed(_ connection: SourceConnection) async -> UInt64 {
        let paths = connection.plan.roots.compactMap(\.mountPath)
        await WorkerThread.run("flush") {
            for path in Set(paths) {
                guard let descriptor = try? SystemCall.open(path, O_RDONLY | O_DIRECTORY) else {
                    continue
                }
                _ = cposix_syncfs(descriptor)
                SystemCall.close(descriptor)
            }
        }
        return (try? running())?.journal.newest ?? 0
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
