internal import CPosix
internal import Glibc
internal import Logging
internal import NIOCore
internal import ReplicationModel
internal import StateStore
internal import Synchronization
internal import Transport
internal import WireProtocol

/// The connections that end at this server. Links come and go; a connection is found again by its
/// lasting id.
final class TargetConnections: Sendable {
    let stateDirectory: String
    let store: StateStore
    let hello: Hello
    let links: RuntimeLinks
    let logger: Logger
    private let living = Mutex<[Digest: TargetConnection]>([:])

    init(
        stateDirectory: String, store: StateStore, hello: Hello, links: RuntimeLinks,
        logger: Logger
    ) {
        self.stateDirectory = stateDirectory
        self.store = store
        self.hello = hello
        self.links = links
        self.logger = logger
    }

    private let accepted = Atomic<Int>(0)

    func accept(_ link: Link) -> any LinkDelegate {
        TargetLink(link, self, number: accepted.add(1, ordering: .relaxed).newValue)
    }

    /// The connection that a source opens, made where it is new.
    func connection(_ uuid: Digest) -> TargetConnection {
        living.withLock { living in
            if let known = living[uuid] { return known }
            let new = TargetConnection(uuid: uuid, owner: self)
            living[uuid] = new
            return new
        }
    }

    /// Of one that no source has opened yet nothing is known here.
    func snapshot(_ uuid: Digest) -> TargetSnapshot {
        living.withLock { $0[uuid] }?.snapshot ?? TargetSnapshot()
    }

    /// A connection ended for good; its thread calls this last.
    func forget(_ connection: TargetConnection) {
        living.withLock { living in
            if living[connection.uuid] === connection { living[connection.uuid] = nil }
        }
    }

    /// Something about a connection that its source is to show.
    func note(_ uuid: Digest, _ problem: String) {
        living.withLock { $0[uuid] }?.post(.problem(problem))
    }

    func stop() async {
        let all = living.withLock { Array($0.values) }
        for connection in all { connection.post(.stop) }
        for connection in all { await connection.ended() }
    }

    /// A connection from another time or source that writes to an overlapping place, if any; one
    /// that the same source gave up is superseded.
    func claim(_ uuid: Digest, _ paths: [String], from serverID: String) -> String? {
        let own = ConnectionPlan.uuid(uuid)
        for other in (try? store.incomingConnections()) ?? [] where other.uuid != own {
            let hit = other.mappings.first { mapping in
                paths.contains { Paths.overlap($0, mapping.target) }
            }
            guard let hit else { continue }
            let otherID = ConnectionPlan.digest(other.uuid)
            let isLiving = living.withLock { $0[otherID]?.isLinked ?? false }
            if isLiving || other.source.serverID != serverID {
                return "'\(hit.target)' overlaps with what replication set '\(other.set)' of "
                    + "'\(other.source.name)' is replicated to"
            }
            living.withLock { $0[otherID] }?.post(.forget)
            try? store.removeIncomingConnection(other.uuid)
            links.forgotten(other.uuid)
        }
        return nil
    }
}

/// One link from a source: greets, then hands frames to the connection that the source opens.
/// Called on one event loop only.
final class TargetLink: LinkDelegate {
    private enum State: Sendable {
        case greeting
        case opening(Hello)
        case open(TargetConnection)
        case over
    }

    let link: Link
    /// In the order in which links came.
    let number: Int
    private let owner: TargetConnections
    private let state = Mutex(State.greeting)

    init(_ link: Link, _ owner: TargetConnections, number: Int) {
        self.link = link
        self.owner = owner
        self.number = number
    }

    func received(_ header: FrameHeader, body: ByteBuffer) {
        do throws(WireError) {
            switch (state.withLock { $0 }, header.kind) {
            case (.greeting, .hello):
                let hello: Hello = try message(body)
                _ = try link.send(owner.hello, connection: 0)
                guard
                    ProtocolVersion.negotiate(
                        own: ProtocolVersion.supported, peer: hello.versions) != nil
                else { return refuse("speaks other versions of the protocol") }
                state.withLock { $0 = .opening(hello) }
            case (.opening(let hello), .open):
                let open: Open = try message(body)
                let connection = owner.connection(open.connectionUUID)
                state.withLock { $0 = .open(connection) }
                connection.post(.open(self, hello, open))
            case (.open(let connection), .batch): connection.post(.batch(self, body))
            case (.open(let connection), .inspect):
                connection.post(.inspect(self, try message(body)))
            case (.open(let connection), .sums):
                connection.post(.sums(self, try message(body)))
            case (.open(let connection), .bye): connection.post(.bye(self))
            case (_, .heartbeat):
                _ = try link.send(Heartbeat(time: Clock.now), connection: header.connection)
            default: throw .unknownKind(header.kindNumber)
            }
        } catch {
            owner.logger.error("\(link.peerAddress) sent what cannot be understood: \(error)")
            link.close()
        }
    }

    func closed(_ reason: TransportError) {
        let before = state.withLock { state in
            defer { state = .over }
            return state
        }
        if case .open(let connection) = before { connection.post(.closed(self)) }
    }

    func refuse(_ reason: String) {
        _ = try? link.send(Refuse(code: 0, reason: reason), connection: 0)
        link.close()
    }

    private func message<Message: WireMessage>(_ body: ByteBuffer) throws(WireError) -> Message {
        let result = body.withUnsafeReadableBytes { bytes -> Result<Message, WireError> in
            do throws(WireError) { return .success(try Message(body: bytes)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
