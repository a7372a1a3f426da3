import Foundation
import Testing

@testable import StateStore

@Suite struct ConnectionTests {
    let folder: TemporaryFolder
    let store: StateStore

    init() throws {
        folder = try TemporaryFolder()
        store = try StateStore(directory: folder.path)
        for name in ["beta", "gamma", "delta"] { try store.savePeer(Self.peer(name)) }
        for name in ["docs", "mail"] {
            try store.createReplicationSet(name)
            try store.addRule(ReplicationRule(path: "/srv/" + name), to: name)
            try store.saveReplicationSet(name)
        }
    }

    private static func peer(_ name: String, id: String? = nil) -> Peer {
        Peer(
            serverID: id ?? "id-" + name, name: name, address: "127.0.0.3", port: 1500,
            fingerprint: "print of " + (id ?? name))
    }

    @discardableResult
    private func connect(_ set: String, _ peer: String) throws -> OutgoingConnection {
        try store.addOutgoingConnection(
            set: set, peerID: "id-" + peer,
            mappings: [PathMapping(source: "/srv/" + set, target: "/copy/" + set)],
            replicates: true, removesOrphans: false, mirrorState: .runningFull,
            establishedNanoseconds: 7)
    }

    @Test func `ids count from 1 and a new one is above the highest living one`() throws {
        #expect(try connect("docs", "beta").id == 1)
        #expect(try connect("docs", "gamma").id == 2)
        #expect(try connect("mail", "beta").id == 3)
        try store.removeOutgoingConnection(2)
        #expect(try connect("mail", "gamma").id == 4)
        try store.removeOutgoingConnection(4)
        #expect(try connect("mail", "delta").id == 4)
        for connection in try store.outgoingConnections() {
            try store.removeOutgoingConnection(connection.id)
        }
        #expect(try connect("docs", "beta").id == 1)
    }

    @Test func `a restart keeps connections with their ids and all they know`() throws {
        try connect("docs", "beta")
        let second = try connect("mail", "gamma")
        try store.removeOutgoingConnection(1)
        var counters = ConnectionStatistics()
        counters.mirrorBytesTransmitted = 1 << 40
        counters.operationsSent = 12
        try store.saveStatistics([second.id: counters, 99: counters])
        try store.setMirrorState(.required, reason: "the journal was full", of: second.id)
        let before = try store.outgoingConnections()
        try store.close()
        let reopened = try StateStore(directory: folder.path)
        let after = try reopened.outgoingConnections()
        #expect(after == before)
        #expect(after.map(\.id) == [2])
        #expect(after.first?.uuid == second.uuid)
        #expect(after.first?.statistics == counters)
        #expect(after.first?.mirrorState == .required)
        #expect(after.first?.mirrorReason == "the journal was full")
        #expect(after.first?.mappings == [PathMapping(source: "/srv/mail", target: "/copy/mail")])
    }

    @Test func `a connection needs a saved set, a known peer and a free pair`() throws {
        #expect(throws: StateStoreError.noSuchPeer("id-omega")) { try connect("docs", "omega") }
        #expect(throws: StateStoreError.noSuchReplicationSet("none")) {
            try connect("none", "beta")
        }
        try store.addRule(ReplicationRule(path: "/more"), to: "docs")
        #expect(throws: StateStoreError.replicationSetNotSaved("docs")) {
            try connect("docs", "beta")
        }
        try connect("mail", "beta")
        #expect(
            throws: StateStoreError.connectionExists(set: "mail", target: "beta", connection: 1)
        ) { try connect("MAIL", "beta") }
        #expect(throws: StateStoreError.noSuchConnection(5)) {
            try store.removeOutgoingConnection(5)
        }
        #expect(try store.outgoingConnections().count == 1)
    }

    @Test func `a connected set cannot be deleted and saving it names its connections`() throws {
        try connect("docs", "beta")
        try connect("docs", "gamma")
        #expect(throws: StateStoreError.replicationSetInUse("docs", connection: 1)) {
            try store.deleteReplicationSet("docs")
        }
        try store.addRule(ReplicationRule(path: "/more"), to: "docs")
        let saved = try store.saveReplicationSet("docs")
        #expect(saved.changed)
        #expect(saved.connections == [1, 2])
    }

    @Test func `a set has a membership bit of its own while it is connected`() throws {
        #expect(try connect("docs", "beta").membershipBit == 0)
        #expect(try connect("mail", "beta").membershipBit == 1)
        #expect(try connect("docs", "gamma").membershipBit == 0)
        try store.removeOutgoingConnection(1)
        #expect(try store.replicationSet("docs").membershipBit == 0)
        try store.removeOutgoingConnection(3)
        #expect(try store.replicationSet("docs").membershipBit == nil)
        for number in 0..<15 {
            try store.createReplicationSet("set \(number)")
            try store.saveReplicationSet("set \(number)")
            try connect("set \(number)", "beta")
        }
        #expect(throws: StateStoreError.tooManyConnectedSets(max: 16)) {
            try connect("docs", "beta")
        }
    }

    @Test func `a mount keeps its number and no other path gets it`() throws {
        #expect(try store.addMount(path: "/srv/docs", persistent: true).number == 1)
        #expect(try store.addMount(path: "/srv/mail", persistent: false).number == 2)
        try store.removeMount(path: "/srv/docs")
        #expect(try store.addMount(path: "/srv/web", persistent: true).number == 3)
        #expect(try store.mounts().map(\.number) == [2, 3])
        #expect(try store.addMount(path: "/srv/docs", persistent: false).number == 1)
        #expect(throws: StateStoreError.noSuchMount("/srv/none")) {
            try store.removeMount(path: "/srv/none")
        }
    }

    @Test func `when mounts run out the one released longest ago gives its number`() throws {
        for number in 1...StateStore.mountsMax {
            try store.addMount(path: "/m/\(number)", persistent: false)
        }
        #expect(throws: StateStoreError.tooManyMounts(max: 255)) {
            try store.addMount(path: "/new", persistent: false)
        }
        try store.removeMount(path: "/m/9")
        try store.removeMount(path: "/m/4")
        #expect(try store.addMount(path: "/new", persistent: false).number == 9)
        #expect(try store.addMount(path: "/newer", persistent: false).number == 4)
    }

    @Test func `a mount that a connection replicates through stays`() throws {
        try store.addMount(path: "/srv", persistent: true)
        try connect("docs", "beta")
        #expect(throws: StateStoreError.mountInUse("/srv", connection: 1)) {
            try store.removeMount(path: "/srv")
        }
        try store.removeOutgoingConnection(1)
        try store.removeMount(path: "/srv")
        #expect(try store.mounts().isEmpty)
    }

    @Test func `a peer is found by name, id and certificate`() throws {
        var beta = Self.peer("beta")
        beta.address = "10.0.0.2"
        try store.savePeer(beta)
        #expect(try store.peer(named: "BETA") == beta)
        #expect(try store.peer(serverID: "id-beta") == beta)
        #expect(try store.peer(fingerprint: beta.fingerprint) == beta)
        #expect(try store.peer(fingerprint: "unknown") == nil)
    }

    @Test func `a server set up anew takes its old name unless connections know the old`() throws {
        try store.savePeer(Self.peer("beta", id: "new-beta"))
        #expect(try store.peer(named: "beta").serverID == "new-beta")
        try connect("docs", "gamma")
        #expect(throws: StateStoreError.peerInUse("gamma")) {
            try store.savePeer(Self.peer("gamma", id: "new-gamma"))
        }
        #expect(throws: StateStoreError.peerInUse("gamma")) {
            try store.removePeer(serverID: "id-gamma")
        }
        #expect(try store.peer(named: "gamma").serverID == "id-gamma")
    }

    @Test func `an incoming connection keeps its folder, whatever the peer calls it`() throws {
        let made = try store.saveIncomingConnection(
            uuid: "../../etc/AB-12", peerID: "id-beta", set: "docs",
            mappings: [PathMapping(source: "/a", target: "/b")], allowances: [.setUserID])
        #expect(made.stateFolder == "incoming-ecab-12")
        let changed = try store.saveIncomingConnection(
            uuid: "../../etc/AB-12", peerID: "id-beta", set: "docs",
            mappings: [PathMapping(source: "/a", target: "/c")], allowances: [])
        #expect(changed.stateFolder == made.stateFolder)
        #expect(try store.incomingConnections() == [changed])
        #expect(throws: StateStoreError.peerInUse("beta")) {
            try store.removePeer(serverID: "id-beta")
        }
        try store.removeIncomingConnection("../../etc/AB-12")
        #expect(throws: StateStoreError.noSuchIncomingConnection("x")) {
            try store.removeIncomingConnection("x")
        }
    }
}
