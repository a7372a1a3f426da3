import GRDB

extension StateStore {
    /// In the order of source and set.
    package func incomingConnections() throws(StateStoreError) -> [IncomingConnection] {
        try read { db in
            try Row.fetchAll(db, sql: Self.incomingQuery + " ORDER BY nameKey, setName, uuid")
                .map { try Self.incomingConnection($0, in: db) }
        }
    }

    /// - Throws: `noSuchIncomingConnection`.
    package func incomingConnection(
        _ uuid: String
    ) throws(StateStoreError) -> IncomingConnection {
        try read { db in try Self.incomingConnection(uuid, in: db) }
    }

    /// Notes a connection from a peer, or what has changed about a known one. The name of its state
    /// folder is made from the uuid at the first time and stays.
    ///
    /// - Parameter number: its id at the source.
    /// - Throws: `noSuchPeer`.
    @discardableResult
    package func saveIncomingConnection(
        uuid: String, number: Int = 0, peerID: String, set: String, mappings: [PathMapping],
        allowances: Allowances
    ) throws(StateStoreError) -> IncomingConnection {
        try change { db in
            let known = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM peer WHERE serverID = ?)",
                arguments: [peerID])
            guard known == true else { throw StateStoreError.noSuchPeer(peerID) }
            try db.execute(
                sql: """
                    INSERT INTO incomingConnection
                        (uuid, number, peerID, setName, stateFolder, allowances)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (uuid) DO UPDATE SET number = excluded.number,
                        peerID = excluded.peerID, setName = excluded.setName,
                        allowances = excluded.allowances
                    """,
                arguments: [
                    uuid, number, peerID, set, Self.stateFolder(uuid), allowances.rawValue,
                ])
            try db.execute(
                sql: "DELETE FROM incomingMapping WHERE connectionUUID = ?", arguments: [uuid])
            for (position, mapping) in mappings.enumerated() {
                try db.execute(
                    sql: "INSERT INTO incomingMapping VALUES (?, ?, ?, ?)",
                    arguments: [uuid, position, mapping.source, mapping.target])
            }
            return try Self.incomingConnection(uuid, in: db)
        }
    }

    /// Forgets a connection; its state folder is the caller's to remove, before.
    ///
    /// - Throws: `noSuchIncomingConnection`.
    package func removeIncomingConnection(_ uuid: String) throws(StateStoreError) {
        try change { db in
            try db.execute(
                sql: "DELETE FROM incomingConnection WHERE uuid = ?", arguments: [uuid])
            guard db.changesCount == 1 else {
                throw StateStoreError.noSuchIncomingConnection(uuid)
            }
        }
    }

    // MARK: Helpers

    /// A uuid comes from a peer: only what a uuid is made of may become part of a path.
    private static func stateFolder(_ uuid: String) -> String {
        "incoming-" + uuid.lowercased().filter { $0.isASCII && ($0.isHexDigit || $0 == "-") }
    }

    private static let incomingQuery = """
        SELECT incomingConnection.*, peer.serverID, peer.name, peer.nameKey, peer.address,
            peer.port, peer.fingerprint
        FROM incomingConnection JOIN peer ON peer.serverID = peerID
        """

    private static func incomingConnection(
        _ uuid: String, in db: Database
    ) throws -> IncomingConnection {
        guard
            let row = try Row.fetchOne(
                db, sql: incomingQuery + " WHERE uuid = ?", arguments: [uuid])
        else { throw StateStoreError.noSuchIncomingConnection(uuid) }
        return try incomingConnection(row, in: db)
    }

    private static func incomingConnection(
        _ row: Row, in db: Database
    ) throws -> IncomingConnection {
        let uuid: String = row["uuid"]
        let mappings = try Row.fetchAll(
            db, sql: "SELECT * FROM incomingMapping WHERE connectionUUID = ? ORDER BY position",
            arguments: [uuid])
        return IncomingConnection(
            uuid: uuid, number: row["number"], source: peer(row), set: row["setName"],
            mappings: mappings.map { PathMapping(source: $0["source"], target: $0["target"]) },
            stateFolder: row["stateFolder"], allowances: Allowances(rawValue: row["allowances"]))
    }
}
