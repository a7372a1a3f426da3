import GRDB

extension StateStore {
    /// In the order of their names.
    package func peers() throws(StateStoreError) -> [Peer] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM peer ORDER BY nameKey").map(Self.peer)
        }
    }

    /// - Throws: `noSuchPeer`.
    package func peer(serverID: String) throws(StateStoreError) -> Peer {
        try read { db in
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT * FROM peer WHERE serverID = ?", arguments: [serverID])
            else { throw StateStoreError.noSuchPeer(serverID) }
            return Self.peer(row)
        }
    }

    /// The case of letters does not count.
    ///
    /// - Throws: `noSuchPeer`.
    package func peer(named name: String) throws(StateStoreError) -> Peer {
        try read { db in
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT * FROM peer WHERE nameKey = ?",
                    arguments: [name.lowercased()])
            else { throw StateStoreError.noSuchPeer(name) }
            return Self.peer(row)
        }
    }

    /// Who shows this certificate.
    package func peer(fingerprint: String) throws(StateStoreError) -> Peer? {
        try read { db in
            try Row.fetchOne(
                db, sql: "SELECT * FROM peer WHERE fingerprint = ?", arguments: [fingerprint]
            ).map(Self.peer)
        }
    }

    /// Adds the peer or takes over what is new about it. A server that was set up anew under an old
    /// name takes that name's place.
    ///
    /// - Throws: `invalidName`; `peerInUse` where the name's former bearer still has connections.
    package func savePeer(_ peer: Peer) throws(StateStoreError) {
        try NameRules.checkServer(peer.name)
        try change { db in
            let former = try String.fetchOne(
                db, sql: "SELECT serverID FROM peer WHERE nameKey = ? AND serverID <> ?",
                arguments: [peer.name.lowercased(), peer.serverID])
            if let former { try Self.delete(former, name: peer.name, in: db) }
            try db.execute(
                sql: """
                    INSERT INTO peer (serverID, name, nameKey, address, port, fingerprint)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (serverID) DO UPDATE SET
                        name = excluded.name, nameKey = excluded.nameKey,
                        address = excluded.address, port = excluded.port,
                        fingerprint = excluded.fingerprint
                    """,
                arguments: [
                    peer.serverID, peer.name, peer.name.lowercased(), peer.address, peer.port,
                    peer.fingerprint,
                ])
        }
    }

    /// - Throws: `noSuchPeer`, `peerInUse`.
    package func removePeer(serverID: String) throws(StateStoreError) {
        try change { db in
            let name = try String.fetchOne(
                db, sql: "SELECT name FROM peer WHERE serverID = ?", arguments: [serverID])
            guard let name else { throw StateStoreError.noSuchPeer(serverID) }
            try Self.delete(serverID, name: name, in: db)
        }
    }

    // MARK: Helpers, inside a transaction

    static func peer(_ row: Row) -> Peer {
        Peer(
            serverID: row["serverID"], name: row["name"], address: row["address"],
            port: row["port"], fingerprint: row["fingerprint"])
    }

    private static func delete(_ serverID: String, name: String, in db: Database) throws {
        let uses = try Int.fetchOne(
            db,
            sql: """
                SELECT (SELECT count(*) FROM outgoingConnection WHERE peerID = :id)
                    + (SELECT count(*) FROM incomingConnection WHERE peerID = :id)
                """, arguments: ["id": serverID])
        guard uses == 0 else { throw StateStoreError.peerInUse(name) }
        try db.execute(sql: "DELETE FROM peer WHERE serverID = ?", arguments: [serverID])
    }
}
