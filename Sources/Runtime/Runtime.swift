internal import CaptureControl
package import CommandModel
internal import CPosix
internal import FileSystemAccess
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
    private(set) var links = RuntimeLinks()
    private var hotKeeper = HotKeeper()
    /// By mount, as its capture said last.
    var captureFacts: [String: CaptureFacts] = [:]
    /// Folders that are being captured again; by mount, how often its capture ended.
    var recapturing: Set<String> = []
    var losses: [String: Int] = [:]
    /// By mount: what is open around it, how that was written down last, and when it was looked at.
    var around: [String: AroundFiles] = [:]
    var aroundKept: [String: String] = [:]
    var aroundWatches: [String: AroundWatch] = [:]
    var aroundLook = 0
    /// Whether connections have begun as they were before the restart.
    private(set) var isResumed = false
    var clockKeeper = ClockKeeper()
    /// What was found at the start, for connections that cannot go on yet.
    var continuity = Continuity()
    private var cooling: Task<Void, Never>?
    private var watching: Task<Void, Never>?
    /// What was told last.
    var isQueueAlerting = false

    /// What exists between start and stop.
    struct Parts: Sendable {
        let identity: Identity.ServerIdentity
        let serverID: String
        let journal: JournalMemory
        let folders: QueueFolders
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

    /// Before `start`.
    package func setLinks(_ links: RuntimeLinks) { self.links = links }

    /// - Throws: `CommandError` in words for the person who started the daemon.
    package func start() async throws(CommandError) {
        cposix_raiseDescriptorLimit()
        let known = try stored { () throws(StateStoreError) in
            try store.openServer(name: configuration.name)
        }
        let identity = try loadIdentity()
        let mounts = try stored(store.mounts)
        let folders = QueueFolders(stateDirectory: configuration.stateDirectory)
        let (adopted, missing) = await captures.adopt(mounts)
        let (journal, finding) = if let adopted { (adopted, Continuity.Finding.wentOn) } else {
            try openJournal(folders)
        }
        keepBoot()
        watchClock(folders.marks)
        let outgoing = try stored(store.outgoingConnections)
        journal.forgetSleepers()
        journal.keepFollowers(of: Set(outgoing.map { UInt32($0.id) }))
        journal.setWatched(outgoing.count { $0.replicates })
        let queue = QueueKeeper(memory: journal, settings: queueSettings(folders))
        for connection in outgoing where connection.replicates { keepMarks(of: connection, queue) }
        queue.start()
        let peers = try stored(store.peers)
        let pins = PinStore(peers.compactMap { Fingerprint($0.fingerprint) })
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let hello = Hello(
            serverID: ConnectionPlan.digest(known.serverID), serverName: configuration.name,
            bootID: Machine.bootID, machineID: Machine.machineID, softwareVersion: Self.version,
            listenPort: UInt16(clamping: configuration.port))
        let targets = TargetConnections(
            stateDirectory: configuration.stateDirectory, store: store, hello: hello,
            links: links, logger: logger)
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
                journal: journal, queue: queue, marksFolder: folders.marks,
                stuckSeconds: configuration.queue.stuckSeconds, store: store,
                tell: links.tell, logger: logger, hello: hello
            ) { (peer: Peer, delegate: any LinkDelegate) async throws(TransportError) -> Link in
                guard let expected = Fingerprint(peer.fingerprint) else {
                    throw .identity("'\(peer.fingerprint)' is no fingerprint")
                }
                return try await client.connect(
                    address: peer.address, port: peer.port, expected: expected,
                    localAddress: local, accept: { _ in delegate })
            }
            parts = Parts(
                identity: identity, serverID: known.serverID, journal: journal, folders: folders,
                pins: pins, group: group, server: server, targets: targets,
                surroundings: surroundings)
        } catch {
            try? await group.shutdownGracefully()
            throw CommandError(.unknown, "\(error)")
        }
        await captures.onLoss { [weak self] path in
            Task { await self?.captureLost(path) }
        }
        await captures.onTakeover { [weak self] path in
            Task { await self?.captureTakenOver(path) }
        }
        await resume(missing, finding)
        isResumed = true
        await lookAtCaptures()
        cooling = Task { [weak self] in
            var second: Int64 = 0
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                second += 1
                await self?.watchClock(folders.marks)
                await self?.watchQueue(queue)
                if self?.configuration.hasTripwire == true { await self?.lookAtCaptures() }
                if second % HotKeeper.lookSeconds == 0 { await self?.coolDown() }
            }
        }
        watching = Task { [weak self] in
            while (try? await Task.sleep(for: .seconds(1))) != nil { await self?.watchAround() }
        }
        let (name, address, port) = (configuration.name, configuration.address, configuration.port)
        logger.info(
            "server '\(name)' accepts links on \(address):\(port)"
        )
    }

    /// Ends links and threads. Captures go on: they belong to the applications.
    package func stop() async {
        guard let parts else { return }
        cooling?.cancel()
        watching?.cancel()
        for connection in connections.values { await connection.stop(forget: false) }
        connections = [:]
        await parts.server.stop()
        await parts.targets.stop()
        parts.surroundings.queue.stop()
        await keepQueueForNextBoot(parts)
        if (try? store.mounts().isEmpty) == true, (try? store.outgoingConnections().isEmpty) == true
        {
            parts.folders.removeMemory()
        }
        try? await parts.group.shutdownGracefully()
        self.parts = nil
        logger.info("server '\(configuration.name)' stopped")
    }

    /// Nothing changes any more where no capture is left, so what is not delivered can go on after
    /// the machine's next start.
    private func keepQueueForNextBoot(_ parts: Parts) async {
        guard await captures.processes.isEmpty else { return }
        let queue = parts.surroundings.queue
        do throws(Errno) {
            try await WorkerThread.run("flush-queue") { () throws(Errno) in try queue.flushAll() }
        } catch {
            logger.warning("the queue will not outlive the machine's next start: \(error)")
        }
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

    /// Something about a connection that ends here; its source shows it.
    package func note(_ problem: String, ofIncoming uuid: String) {
        parts?.targets.note(ConnectionPlan.digest(uuid), problem)
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

    // MARK: What was hot

    private func coolDown() async {
        guard let parts else { return }
        await lookAtCaptures()
        for process in await captures.processes.values {
            var delivered: UInt64? = UInt64.max
            for connection in replicating(process.path) {
                let snapshot = connection.snapshot
                delivered = snapshot.isVouched ? delivered.map { min($0, snapshot.durable) } : nil
            }
            var keeper = hotKeeper
            await keeper.look(
                at: process, marks: parts.folders.marks, delivered: delivered, captures, logger)
            hotKeeper = keeper
        }
    }

    // MARK: Starting

    /// Mounts and connections as they were before the restart.
    private func resume(_ missing: [Mount], _ finding: Continuity.Finding) async {
        guard let parts else { return }
        continuity = Continuity(finding: finding)
        await keepFolders()
        for mount in missing {
            await captures.clearDeadMount(mount.path)
            do {
                guard mount.persistent else {
                    try stored { () throws(StateStoreError) in
                        try store.removeMount(path: mount.path)
                    }
                    continue
                }
                continuity.freshMounts.insert(mount.path)
                try await captureAgain(mount, parts.journal)
                logger.info("captures '\(mount.path)' again")
            } catch {
                notCaptured(mount.path, error.message)
                recapture(mount)
            }
        }
        do {
            try await publishRules()
            await resumeAround(try stored(store.mounts))
            for connection in try stored(store.outgoingConnections) {
                do {
                    try await begin(connection, continuity)
                } catch {
                    wait(connection, error.message)
                }
            }
        } catch {
            logger.error("connections cannot go on: \(error.message)")
        }
    }

    func replicating(_ mount: String) -> [SourceConnection] {
        connections.values.filter {
            $0.plan.replicates && $0.plan.mountPaths.contains(mount)
        }
    }

    /// The queue, and in what state it was found.
    private func openJournal(
        _ folders: QueueFolders
    ) throws(CommandError) -> (JournalMemory, Continuity.Finding) {
        let bytes = configuration.queue.memoryBytes
        do {
            if let path = folders.journalPath {
                do {
                    let queue = BytePath(configuration.queue.folder ?? folders.queue)
                    let opened = try JournalMemory.open(
                        path: path, bytes: bytes, queueFolder: queue)
                    let finding: Continuity.Finding =
                        switch opened.source {
                        case .adopted: .memoryFound
                        case .restored: .cleanStop
                        case .made: lostQueue
                        }
                    return (opened.memory, finding)
                } catch {
                    logger.warning(
                        "the queue ends with the last process: \(folders.noRoom(error, bytes))")
                }
            }
            return (try JournalMemory.make(bytes: bytes), lostQueue)
        } catch {
            throw CommandError(.unknown, "no memory for the queue: \(error)")
        }
    }

    /// From here on what is dropped for the connection becomes marks.
    func keepMarks(of connection: OutgoingConnection, _ queue: QueueKeeper) {
        do throws(Errno) {
            try queue.attach(
                connection: UInt32(connection.id),
                membershipBit: 1 << UInt16(connection.membershipBit))
        } catch {
            // Without marks what changed is found by its time.
            logger.error("no marks can be kept for connection \(connection.id): \(error)")
        }
    }

    private func queueSettings(_ folders: QueueFolders) -> QueueSettings {
        let given = configuration.queue
        var settings = QueueSettings(
            folder: BytePath(given.folder ?? folders.queue), marksFolder: folders.marksIndexes)
        settings.memoryBytes = given.memoryBytes
        settings.segmentBytes = given.segmentBytes
        settings.diskBytesMax = given.diskBytesMax
        settings.freeBytesFloor = given.freeBytesFloor
        settings.alertPercent = given.alertPercent
        return settings
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
