import Foundation
import GRDB
import ReplicationModel

extension StateStore {
    /// In the order of their ids.
    package func outgoingConnections() throws(StateStoreError) -> [OutgoingConnection] {
        try read { db in
            try Row.fetchAll(db, sql: Self.connectionQuery + " ORDER BY id")
                .map { try Self.outgoingConnection($0, in: db) }
        }
    }

    /// - Throws: `noSuchConnection`.
    package func outgoingConnection(_ id: Int) throws(StateStoreError) -> OutgoingConnection {
        try read { db in try Self.outgoingConnection(id, in: db) }
    }

    /// Joins a saved set to a peer. The new id is one above the highest living one; the set gets
    /// its membership bit with its first connection.
    ///
    /// - Parameter establishedNanoseconds: since 1970.
    /// - Throws: `noSuchReplicationSet`, `replicationSetNotSaved`, `noSuchPeer`,
    ///   `connectionExists`, `tooManyConnectedSets`.
    package func addOutgoingConnection(
        set: String, peerID: String, mappings: [PathMapping], replicates: Bool,
        removesOrphans: Bool, mirrorState: MirrorState, mirrorReason: String = "",
        establishedNanoseconds: Int64
    ) throws(StateStoreError) -> OutgoingConnection {
        try change { db in
            let row = try Self.setRow(set, in: db)
            guard row["saved"] != 0 else {
                throw StateStoreError.replicationSetNotSaved(row["name"])
            }
            let setID: Int64 = row["id"]
            try Self.checkNew(setID: setID, set: row["name"], peerID: peerID, in: db)
            if (row["membershipBit"] as Int?) == nil { try Self.takeMembershipBit(setID, in: db) }
            let id =
                try Int.fetchOne(db, sql: "SELECT ifnull(max(id), 0) + 1 FROM outgoingConnection")
                ?? 1
            try db.execute(
                sql: """
                    INSERT INTO outgoingConnection (id, uuid, setID, peerID, replicates,
                        mirrorState, mirrorReason, establishedNanoseconds, removesOrphans)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id, UUID().uuidString.lowercased(), setID, peerID, replicates,
                    mirrorState.rawValue, mirrorReason, establishedNanoseconds, removesOrphans,
                ])
            for (position, mapping) in mappings.enumerated() {
                try db.execute(
                    sql: "INSERT INTO outgoingMapping VALUES (?, ?, ?, ?)",
                    arguments: [id, position, mapping.source, mapping.target])
            }
            return try Self.outgoingConnection(id, in: db)
        }
    }

    /// Ends the connection; the set's membership bit becomes free with its last one.
    ///
    /// - Throws: `noSuchConnection`.
    package func removeOutgoingConnection(_ id: Int) throws(StateStoreError) {
        try change { db in
            try db.execute(sql: "DELETE FROM outgoingConnection WHERE id = ?", arguments: [id])
            guard db.changesCount == 1 else { throw StateStoreError.noSuchConnection(id) }
            try db.execute(
                sql: """
                    UPDATE replicationSet SET membershipBit = NULL
                    WHERE id NOT IN (SELECT setID FROM outgoingConnection)
                    """)
        }
    }

    /// - Throws: `noSuchConnection`.
    package func setMirrorState(
        _ state: MirrorState, reason: String = "", of id: Int
    ) throws(StateStoreError) {
        try change { db in
            try db.execute(
                sql: "UPDATE outgoingConnection SET mirrorState = ?, mirrorReason = ? WHERE id = ?",
                arguments: [state.rawValue, reason, id])
            guard db.changesCount == 1 else { throw StateStoreError.noSuchConnection(id) }
        }
    }

    /// Whether the mirrors of a connection remove orphans.
    ///
    /// - Throws: `noSuchConnection`.
    package func setRemovesOrphans(_ removes: Bool, of id: Int) throws(StateStoreError) {
        try change { db in
            try db.execute(
                sql: "UPDATE outgoingConnection SET removesOrphans = ? WHERE id = ?",
                arguments: [removes, id])
            guard db.changesCount == 1 else { throw StateStoreError.noSuchConnection(id) }
        }
    }

    /// Saves counters of several connections at once; ids that have ended are skipped.
    package func saveStatistics(
        _ statistics: [Int: ConnectionStatistics]
    ) throws(StateStoreError) {
        try change { db in
            for (id, counters) in statistics {
                try db.execute(
                    sql: """
                        UPDATE outgoingConnection SET
                            mirrorBytesTransferred = ?, mirrorBytesTransmitted = ?,
                            replicationBytesTransferred = ?, replicationBytesTransmitted = ?,
                            operationsSent = ?, filesMirrored = ?
                        WHERE id = ?
                        """,
                    arguments: [
                        counters.mirrorBytesTransferred, counters.mirrorBytesTransmitted,
                        counters.replicationBytesTransferred,
                        counters.replicationBytesTransmitted, counters.operationsSent,
                        counters.filesMirrored, id,
                    ])
            }
        }
    }

    // MARK: Helpers, inside a transaction

    private static let connectionQuery = """
        SELECT outgoingConnection.*, replicationSet.name AS setName, replicationSet.membershipBit,
            peer.serverID, peer.name, peer.address, peer.port, peer.fingerprint
        FROM outgoingConnection
        JOIN replicationSet ON replicationSet.id = setID
        JOIN peer ON peer.serverID = peerID
        """

    private static func outgoingConnection(_ id: Int, in db: Database) throws -> OutgoingConnection
    {
        guard
            let row = try Row.fetchOne(
                db, sql: connectionQuery + " WHERE outgoingConnection.id = ?", arguments: [id])
        else { throw StateStoreError.noSuchConnection(id) }
        return try outgoingConnection(row, in: db)
    }

    private static func outgoingConnection(_ row: Row, in db: Database) throws -> OutgoingConnection
    {
        let id: Int = row["id"]
        let mappings = try Row.fetchAll(
            db, sql: "SELECT * FROM outgoingMapping WHERE connectionID = ? ORDER BY position",
            arguments: [id])
        var statistics = ConnectionStatistics()
        statistics.mirrorBytesTransferred = row["mirrorBytesTransferred"]
        statistics.mirrorBytesTransmitted = row["mirrorBytesTransmitted"]
        statistics.replicationBytesTransferred = row["replicationBytesTransferred"]
        statistics.replicationBytesTransmitted = row["replicationBytesTransmitted"]
        statistics.operationsSent = row["operationsSent"]
        statistics.filesMirrored = row["filesMirrored"]
        return OutgoingConnection(
            id: id, uuid: row["uuid"], set: row["setName"], peer: peer(row),
            mappings: mappings.map { PathMapping(source: $0["source"], target: $0["target"]) },
            replicates: row["replicates"] != 0, removesOrphans: row["removesOrphans"] != 0,
            // A word that this version does not know says nothing good about the target.
            mirrorState: MirrorState(rawValue: row["mirrorState"]) ?? .required,
            mirrorReason: row["mirrorReason"],
            establishedNanoseconds: row["establishedNanoseconds"],
            membershipBit: row["membershipBit"] ?? 0, statistics: statistics)
    }

    private static func checkNew(
        setID: Int64, set: String, peerID: String, in db: Database
    ) throws {
        guard
            let peer = try String.fetchOne(
                db, sql: "SELECT name FROM peer WHERE serverID = ?", arguments: [peerID])
        else { throw StateStoreError.noSuchPeer(peerID) }
        if let connection = try Int.fetchOne(
            db, sql: "SELECT id FROM outgoingConnection WHERE setID = ? AND peerID = ?",
            arguments: [setID, peerID])
        {
            throw StateStoreError.connectionExists(
                set: set, target: peer, connection: connection)
        }
    }

    private static func takeMembershipBit(_ setID: Int64, in db: Database) throws {
        let used = try Set(
            Int.fetchAll(
                db,
                sql: "SELECT membershipBit FROM replicationSet WHERE membershipBit IS NOT NULL"))
        let bits = 0..<Limits.membershipBitsMax
        guard let bit = bits.first(where: { !used.contains($0) }) else {
            throw StateStoreError.tooManyConnectedSets(max: bits.count)
        }
        try db.execute(
            sql: "UPDATE replicationSet SET membershipBit = ? WHERE id = ?",
            arguments: [bit, setID])
    }
}
