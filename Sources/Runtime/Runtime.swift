internal import CaptureControl
package import CommandModel
internal import CPosix
internal import Glibc
internal import Identity
internal import Journal
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ReplicationModel
internal import SessionCore
package import StateStore
internal import Transport
internal import WireProtocol

/// A server: owns its connections, its captures and what it takes from other servers, and carries
/// out commands. Orders of duty between the parts are written here and in the two pumps, nowhere
/// else.
package actor Runtime {
    let configuration: RuntimeConfiguration
    let store: StateStore
    let logger: Logger

    let captures: Captures
    var connections: [Int: SourceConnection] = [:]
    /// The set that REPSET USE named.
    var usedSet: String?
    private var parts: Parts?

    /// What exists between start and stop.
    struct Parts: Sendable {
        let identity: Identity.ServerIdentity
        let serverID: String
        let journal: JournalMemory
        let pins: PinStore
        let group: MultiThreadedEventLoopGroup
        let server: TransportServer
        let targets: TargetConnections
        let surroundings: PumpSurroundings
    }

    package init(configuration: RuntimeConfiguration, store: StateStore, logger: Logger) {
        self.configuration = configuration
        self.store = store
        self.logger = logger
        captures = Captures(configuration: configuration, logger: logger)
    }

    package static let version = Understudy.version

    /// - Throws: `CommandError` in words for the person who started the daemon.
    package func start() async throws(CommandError) {
        cposix_raiseDescriptorLimit()
        let known = try stored { () throws(StateStoreError) in
            try store.openServer(name: configuration.name)
        }
        let identity = try loadIdentity()
        let mounts = try stored(store.mounts)
        let (adopted, missing) = await captures.adopt(mounts)
        let journal = if let adopted { adopted } else { try makeJournal() }
        journal.forgetSleepers()
        journal.keepFollowers(of: Set(try stored(store.outgoingConnections).map { UInt32($0.id) }))
        let peers = try stored(store.peers)
        let pins = PinStore(peers.compactMap { Fingerprint($0.fingerprint) })
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let hello = Hello(
            serverID: ConnectionPlan.digest(known.serverID), serverName: configuration.name,
            bootID: Machine.bootID, machineID: Machine.machineID, softwareVersion: Self.version,
            listenPort: UInt16(clamping: configuration.port))
        let targets = TargetConnections(
            stateDirectory: configuration.stateDirectory, store: store, hello: hello,
            logger: logger)
        do {
            let server = try TransportServer(
                address: configuration.address, port: configuration.port, identity: identity,
                pins: pins, group: group)
            let logger = logger
            try await server.start(accept: { targets.accept($0) }) { error, address in
                logger.warning("a link from \(address) was refused: \(error)")
            }
            let client = try TransportClient(identity: identity, group: group)
            let local = configuration.address
            let surroundings = PumpSurroundings(
                journal: journal, store: store, logger: logger, hello: hello
            ) { (peer: Peer, delegate: any LinkDelegate) async throws(TransportError) -> Link in
                guard let expected = Fingerprint(peer.fingerprint) else {
                    throw .identity("'\(peer.fingerprint)' is no fingerprint")
                }
                return try await client.connect(
                    address: peer.address, port: peer.port, expected: expected,
                    localAddress: local, accept: { _ in delegate })
            }
            parts = Parts(
                identity: identity, serverID: known.serverID, journal: journal, pins: pins,
                group: group, server: server, targets: targets, surroundings: surroundings)
        } catch {
            try? await group.shutdownGracefully()
            throw CommandError(.unknown, "\(error)")
        }
        await captures.onLoss { [weak self] path in
            Task { await self?.captureLost(path) }
        }
        await resume(missing)
        let (name, address, port) = (configuration.name, configuration.address, configuration.port)
        logger.info(
            "server '\(name)' accepts links on \(address):\(port)"
        )
    }

    /// Ends links and threads. Captures go on: they belong to the applications.
    package func stop() async {
        guard let parts else { return }
        for connection in connections.values { await connection.stop(forget: false) }
        connections = [:]
        await parts.server.stop()
        await parts.targets.stop()
        try? await parts.group.shutdownGracefully()
        self.parts = nil
        logger.info("server '\(configuration.name)' stopped")
    }

    /// What others must know to reach this server, and to believe that it is it.
    package func serverDescription() -> CommandRecord {
        [
            "name": .text(configuration.name), "serverID": .text(parts?.serverID ?? ""),
            "address": .text(configuration.address), "port": .integer(Int64(configuration.port)),
            "controlPort": .integer(Int64(configuration.controlPort)),
            "fingerprint": .text(parts?.identity.fingerprint.hex ?? ""),
            "version": .text(Self.version),
        ]
    }

    // MARK: For the commands

    func running() throws(CommandError) -> Parts {
        guard let parts else { throw CommandError(.serverNotResponding, "the server is stopping") }
        return parts
    }

    /// The store's refusals in a command's words and codes.
    nonisolated func stored<Value>(
        _ body: () throws(StateStoreError) -> Value
    ) throws(CommandError) -> Value {
        do throws(StateStoreError) { return try body() } catch { throw CommandError(error) }
    }

    /// Tells all captures what every connected set contains.
    func publishRules() async throws(CommandError) {
        var rules: [SelectionRule] = []
        var seen: Set<String> = []
        for connection in try stored(store.outgoingConnections)
        where connection.replicates && seen.insert(connection.set).inserted {
            let set = try stored { () throws(StateStoreError) in
                try store.replicationSet(connection.set)
            }
            rules += SelectionPlan.rules(set, bit: connection.membershipBit)
        }
        try await captures.setRules(rules)
    }

    // MARK: Starting

    /// Mounts and connections as they were before the restart.
    private func resume(_ missing: [Mount]) async {
        guard let parts else { return }
        for mount in missing {
            await captures.clearDeadMount(mount.path)
            do {
                guard mount.persistent else {
                    try stored { () throws(StateStoreError) in
                        try store.removeMount(path: mount.path)
                    }
                    continue
                }
                try await captures.start(mount, journal: parts.journal)
                logger.info("captures '\(mount.path)' again")
            } catch {
                logger.error("'\(mount.path)' is not captured: \(error.message)")
            }
        }
        do {
            try await publishRules()
            for connection in try stored(store.outgoingConnections) {
                do {
                    try await begin(connection, lostCaptures: Set(missing.map(\.path)))
                } catch {
                    logger.error("connection \(connection.id) cannot go on: \(error.message)")
                }
            }
        } catch {
            logger.error("connections cannot go on: \(error.message)")
        }
    }

    /// A capture ended without being told to. Its folder is captured again at once; what was
    /// written in between was seen by nobody.
    private func captureLost(_ path: String) async {
        guard let parts, let mounts = try? store.mounts(),
            let mount = mounts.first(where: { $0.path == path })
        else { return }
        logger.error("the capture of '\(path)' ended")
        for connection in connections.values
        where connection.plan.roots.contains(where: { $0.mountPath == path }) {
            connection.post(.require(.captureLost))
        }
        await captures.clearDeadMount(path)
        do {
            try await captures.start(mount, journal: parts.journal)
            try await publishRules()
            logger.notice("captures '\(path)' again; its connections need a mirror")
        } catch {
            logger.error("'\(path)' is not captured: \(error.message)")
        }
    }

    private func makeJournal() throws(CommandError) -> JournalMemory {
        do { return try JournalMemory.make(bytes: configuration.journalBytes) } catch {
            throw CommandError(.unknown, "no memory for the queue: \(error)")
        }
    }

    private func loadIdentity() throws(CommandError) -> Identity.ServerIdentity {
        do {
            return try Identity.ServerIdentity.loadOrMake(
                folder: configuration.stateDirectory, name: configuration.name)
        } catch {
            throw CommandError(.unknown, "\(error)")
        }
    }
}

extension CommandError {
    init(_ error: StateStoreError) {
        let code: ErrorCode =
            switch error {
            case .invalidName: .invalidParameter
            case .noSuchReplicationSet: .noSuchReplicationSet
            case .replicationSetExists: .replicationSetExists
            case .replicationSetInUse: .replicationSetInUse
            case .replicationSetNotSaved: .replicationSetNotSaved
            case .noSuchRule: .noSuchRule
            case .noSuchMount: .notMounted
            case .noSuchPeer: .noSuchServer
            case .noSuchConnection: .noSuchConnection
            case .connectionExists: .connectionExists
            default: .unknown
            }
        self.init(code, error.description)
    }
}
