internal import CaptureControl
internal import CommandModel
internal import CPosix
internal import Glibc
internal import Journal
internal import Logging
internal import SessionCore
internal import StateStore
internal import Transport
internal import WireProtocol

/// Making, beginning and ending connections.
extension Runtime {
    /// CONNECT: everything is checked, the target has agreed, and only then it stays.
    func connect(_ arguments: Arguments) async throws(CommandError) -> CommandResult {
        _ = try running()
        let setName = try arguments.text("set")
        let set = try stored { () throws(StateStoreError) in try store.replicationSet(setName) }
        guard set.isSaved else {
            throw CommandError(
                .replicationSetNotSaved,
                "replication set '\(set.name)' has changes that are not saved; use REPSET SAVE")
        }
        let targetName = try arguments.text("target")
        guard targetName.lowercased() != configuration.name.lowercased(),
            targetName != configuration.address
        else {
            throw CommandError(
                .pathsOverlap,
                "'\(targetName)' is this server itself; a source needs another target")
        }
        let peer = try findPeer(targetName)
        let plan = try SelectionPlan(set)
        let mappings = try MappingPlan(arguments, setName: set.name, sourceName: configuration.name)
            .targets(of: plan.rootPaths)
        let replicates = arguments.boolean("replicate") ?? true
        if replicates { try await requireCaptures(plan.rootPaths) }
        let mirrorWord = arguments.optionalText("mirror") ?? "full"
        let removesOrphans = arguments.boolean("orphans") ?? false
        let connection = try stored { () throws(StateStoreError) in
            try store.addOutgoingConnection(
                set: set.name, peerID: peer.serverID, mappings: mappings, replicates: replicates,
                removesOrphans: removesOrphans, mirrorState: .required,
                mirrorReason: MirrorReason.neverMirrored.rawValue,
                establishedNanoseconds: Clock.now)
        }
        do {
            if replicates { try await watch(connection, plan.rootPaths) }
            try await publishRules()
            try await begin(connection, Continuity())
            try await agree(connection.id)
        } catch {
            try? await end(connection.id)
            throw error
        }
        if mirrorWord != "none" {
            try await startMirror(
                connection.id,
                MirrorOrder(arguments, word: "mirror"))
        }
        return CommandResult(value: .integer(Int64(connection.id)))
    }

    func disconnect(_ arguments: Arguments) async throws(CommandError) -> CommandResult {
        for id in try chosen(arguments) {
            try await end(id)
        }
        return CommandResult()
    }

    /// Starts the pump of a connection that the store has.
    func begin(
        _ connection: OutgoingConnection, _ continuity: Continuity
    ) async throws(CommandError) {
        let parts = try running()
        let set = try stored { () throws(StateStoreError) in
            try store.replicationSet(connection.set)
        }
        let rules = SelectionPlan.rules(set, bit: connection.membershipBit)
        if connection.replicates { try await requireCaptured(connection) }
        var roots: [ReplicatedRoot] = []
        for mapping in connection.mappings {
            roots.append(
                try await openRoot(
                    mapping,
                    filter: RootFilter(
                        rules: rules, rootPath: mapping.source, bit: connection.membershipBit)))
        }
        let data: SourceSession.Data =
            switch connection.mirrorState {
            case .done: .good
            case .runningFull, .runningDifferent: .mirroring
            case .resyncing:
                .resyncing(ResyncReason(rawValue: connection.mirrorReason) ?? .targetInconsistent)
            case .none, .required:
                .required(MirrorReason(rawValue: connection.mirrorReason) ?? .neverMirrored)
            }
        let mounts = Set(roots.compactMap(\.mountPath))
        // Marks that a resync took are there until its end is durable.
        let marks = parts.surroundings.queue.marks(connection: UInt32(connection.id))
        let corrected = continuity.corrected(
            data, mounts: mounts, replicates: connection.replicates,
            hasMarks: marks.count > 0 || marks.isIncomplete || marks.isOverflowed)
        if corrected != data, case .resyncing(let reason) = corrected {
            logger.warning("connection \(connection.id) needs a resync: \(reason.rawValue)")
        }
        let plan = ConnectionPlan(connection, roots: roots)
        var report = ContinuityReport(
            kept: (try? store.setting(plan.continuityKey)) ?? nil)
        report.start = continuity.text(mounts: mounts)
        report.startedAt = Clock.now
        // It may have been ended while its folders were looked for.
        _ = try stored { () throws(StateStoreError) in
            try store.outgoingConnection(connection.id)
        }
        let begun = SourceConnection(
            plan: plan, surroundings: parts.surroundings, data: corrected, continuity: report,
            statistics: connection.statistics)
        for mount in mounts {
            if let facts = captureFacts[mount] { begun.post(.capture(mount: mount, facts)) }
        }
        connections[connection.id] = begun
    }

    /// A folder beside its capture would be mirrored once, and never followed.
    private func requireCaptured(_ connection: OutgoingConnection) async throws(CommandError) {
        for mapping in connection.mappings {
            if await captures.covering(mapping.source) != nil { continue }
            let problem = mountPaths(of: connection).sorted().lazy
                .compactMap { self.captureFacts[$0]?.problem }.first { !$0.isEmpty }
            throw CommandError(
                .notCaptured,
                problem ?? "no capture covers '\(mapping.source)'; \(Self.againWords)")
        }
    }

    /// Waits until the target has said yes.
    private func agree(_ id: Int) async throws(CommandError) {
        guard let connection = connections[id] else { return }
        let name = connection.plan.peer.name
        let snapshot: ConnectionSnapshot
        do {
            snapshot = try await connection.board.wait(
                seconds: 15, for: "an answer of '\(name)'"
            ) { snapshot in
                if case .refused = snapshot.state { return true }
                return snapshot.isLinked
            }
        } catch {
            let problem = connection.snapshot.lastLinkProblem
            guard error.code == ErrorCode.timedOut.rawValue, !problem.isEmpty else { throw error }
            throw CommandError(.targetUnreachable, "'\(name)' is not reached: \(problem)")
        }
        if case .refused(let reason) = snapshot.state {
            let isOverlap = reason.contains("overlap") || reason.contains("lie in one another")
            throw CommandError(isOverlap ? .pathsOverlap : .connectionFailed, reason)
        }
    }

    private func end(_ id: Int) async throws(CommandError) {
        if let connection = connections.removeValue(forKey: id) {
            await connection.stop(forget: true)
        }
        if let known = try? store.outgoingConnection(id) {
            try? store.setSetting(ConnectionPlan.continuityKey(known.uuid), to: nil)
        }
        try stored { () throws(StateStoreError) in try store.removeOutgoingConnection(id) }
        let parts = try running()
        parts.surroundings.queue.forget(connection: UInt32(id))
        parts.journal.setWatched(try stored(store.outgoingConnections).count { $0.replicates })
        try await publishRules()
    }

    /// From here on what is written is made hot first. What was on its way at that moment was not:
    /// it ends before the connection begins, and the first mirror ends after a sync.
    private func watch(
        _ connection: OutgoingConnection, _ paths: [String]
    ) async throws(CommandError) {
        let parts = try running()
        keepMarks(of: connection, parts.surroundings.queue)
        let all = try stored(store.outgoingConnections)
        parts.journal.setWatched(all.count { $0.replicates })
        for path in paths {
            guard let process = await captures.covering(path) else { continue }
            _ = try await captures.talk(to: process) { process throws(CommandError) in
                try process.rotate()
            }
        }
    }

    private func requireCaptures(_ paths: [String]) async throws(CommandError) {
        for path in paths {
            if await captures.covering(path) != nil { continue }
            throw CommandError(
                .notCaptured,
                "changes below '\(path)' cannot be seen, because no DTFS mount covers it; use "
                    + "DTFS MOUNT \"\(path)\" first, or connect with NOREPLICATE")
        }
    }

    private func findPeer(_ name: String) throws(CommandError) -> Peer {
        let peers = try stored(store.peers)
        let found = peers.first {
            $0.name.lowercased() == name.lowercased() || $0.address == name
        }
        guard let found else {
            throw CommandError(
                .noSuchServer,
                "this server does not know '\(name)'; it knows "
                    + (peers.isEmpty ? "none yet" : peers.map(\.name).joined(separator: ", "))
                    + ". Log in to both servers before CONNECT, so that they are introduced")
        }
        return found
    }

    /// Opens the folder beneath its mount, where there is one.
    private func openRoot(
        _ mapping: PathMapping, filter: RootFilter
    ) async throws(CommandError) -> ReplicatedRoot {
        let flags = CInt(O_PATH) | O_DIRECTORY
        let mount = try stored(store.mounts).first {
            mapping.source == $0.path || Paths.lies(mapping.source, below: $0.path)
        }
        let capture = await captures.covering(mapping.source)
        let descriptor: CInt
        if let capture, let relative = Paths.relative(mapping.source, to: capture.path) {
            descriptor =
                relative.isEmpty
                ? cposix_openat(capture.backingDescriptor, ".", flags, 0)
                : cposix_openat2(
                    capture.backingDescriptor, relative, UInt64(flags), 0,
                    UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS))
        } else {
            descriptor = cposix_open(mapping.source, flags, 0)
        }
        guard descriptor >= 0 else {
            throw CommandError(
                .invalidSourcePath,
                "'\(mapping.source)' cannot be read: \(String(cString: strerror(-descriptor))); "
                    + "bring the folder back, or DISCONNECT (\(Self.againWords))")
        }
        return ReplicatedRoot(
            sourcePath: mapping.source, targetPath: mapping.target, descriptor: descriptor,
            mount: mount?.number ?? 0, mountPath: mount?.path, filter: filter)
    }

    /// The connections that `CON` stands for: a number, or `*` for all.
    func chosen(_ arguments: Arguments) throws(CommandError) -> [Int] {
        if arguments.optionalText("connection") == "*" || arguments.value("connection") == nil {
            return connections.keys.sorted()
        }
        let id = Int(try arguments.integer("connection"))
        guard connections[id] != nil else {
            let living = connections.keys.sorted().map(String.init).joined(separator: ", ")
            throw CommandError(
                .noSuchConnection,
                "there is no connection \(id); "
                    + (living.isEmpty ? "there are none" : "there are: \(living)"))
        }
        return [id]
    }
}

/// Where a set's folders go on the target: EXACT, BASE, or pairs.
struct MappingPlan {
    private enum Rule {
        case exact
        case below(String)
        case pairs([PathMapping])
    }

    private let rule: Rule

    init(_ arguments: Arguments, setName: String, sourceName: String) throws(CommandError) {
        if let pairs = arguments.value("map")?.list {
            var all: [PathMapping] = []
            for pair in pairs {
                guard let from = pair.record?["from"]?.text, let to = pair.record?["to"]?.text
                else {
                    throw CommandError(.invalidParameter, "MAP needs pairs of two paths")
                }
                all.append(
                    PathMapping(
                        source: try Self.absolute(from), target: try Self.absolute(to)))
            }
            rule = .pairs(all)
        } else if arguments.optionalText("map") == "base" {
            let base = try Self.absolute(try arguments.text("base"))
            rule = .below((base == "/" ? "" : base) + "/\(sourceName)/\(setName)")
        } else {
            rule = .exact
        }
    }

    func targets(of roots: [String]) throws(CommandError) -> [PathMapping] {
        var mappings: [PathMapping] = []
        for root in roots {
            mappings.append(PathMapping(source: root, target: try target(of: root)))
        }
        for (index, one) in mappings.enumerated() {
            for other in mappings[(index + 1)...] where Paths.overlap(one.target, other.target) {
                throw CommandError(
                    .pathsOverlap,
                    "'\(one.source)' and '\(other.source)' would both go to '\(other.target)'")
            }
        }
        return mappings
    }

    private func target(of root: String) throws(CommandError) -> String {
        switch rule {
        case .exact: return root
        case .below(let base): return base + root
        case .pairs(let pairs):
            let fitting = pairs.filter { root == $0.source || Paths.lies(root, below: $0.source) }
            guard let best = fitting.max(by: { $0.source.count < $1.source.count }),
                let rest = Paths.relative(root, to: best.source)
            else {
                throw CommandError(
                    .invalidParameter,
                    "MAP says nothing of '\(root)'; expected a pair whose first path is it or "
                        + "contains it")
            }
            return Paths.tidy(best.target + "/" + rest)
        }
    }

    private static func absolute(_ path: String) throws(CommandError) -> String {
        guard path.hasPrefix("/") else {
            throw CommandError(
                .invalidParameter, "got the path '\(path)', expected one that begins with '/'")
        }
        guard !path.split(separator: "/").contains("..") else {
            throw CommandError(.invalidParameter, "'\(path)' has '..' in it")
        }
        return Paths.tidy(path)
    }
}
