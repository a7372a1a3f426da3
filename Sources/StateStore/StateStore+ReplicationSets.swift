import GRDB

extension StateStore {
    /// In the order of their names.
    package func replicationSets() throws(StateStoreError) -> [ReplicationSet] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM replicationSet ORDER BY nameKey")
                .map { try Self.replicationSet($0, in: db) }
        }
    }

    /// - Throws: `noSuchReplicationSet`.
    package func replicationSet(_ name: String) throws(StateStoreError) -> ReplicationSet {
        try read { db in try Self.replicationSet(Self.setRow(name, in: db), in: db) }
    }

    /// - Throws: `invalidName`, `replicationSetExists`.
    @discardableResult
    package func createReplicationSet(_ name: String) throws(StateStoreError) -> ReplicationSet {
        try NameRules.checkReplicationSet(name)
        return try change { db in
            if let row = try Self.optionalSetRow(name, in: db) {
                throw StateStoreError.replicationSetExists(row["name"])
            }
            try db.execute(
                sql: """
                    INSERT INTO replicationSet (name, nameKey, generation, saved)
                    VALUES (?, ?, 1, 0)
                    """, arguments: [name, name.lowercased()])
            return try Self.replicationSet(Self.setRow(name, in: db), in: db)
        }
    }

    /// - Throws: `noSuchReplicationSet`, `replicationSetInUse`.
    package func deleteReplicationSet(_ name: String) throws(StateStoreError) {
        try change { db in
            let row = try Self.setRow(name, in: db)
            let id: Int64 = row["id"]
            if let connection = try Int.fetchOne(
                db, sql: "SELECT min(id) FROM outgoingConnection WHERE setID = ?", arguments: [id])
            {
                throw StateStoreError.replicationSetInUse(row["name"], connection: connection)
            }
            try db.execute(sql: "DELETE FROM replicationSet WHERE id = ?", arguments: [id])
        }
    }

    /// Changes the rules in one step; the set is not saved then, unless nothing is different.
    ///
    /// - Parameter expecting: the generation that the caller looked at; nil edits what is there.
    /// - Throws: `noSuchReplicationSet`, `replicationSetChanged`, and what the edit throws.
    @discardableResult
    package func editReplicationSet(
        _ name: String, expecting: Int? = nil,
        _ edit: ([ReplicationRule]) throws(StateStoreError) -> [ReplicationRule]
    ) throws(StateStoreError) -> ReplicationSet {
        try change { db in
            let row = try Self.setRow(name, in: db)
            try Self.checkGeneration(row, expecting: expecting)
            let before = try Self.rules(of: row["id"], saved: false, in: db)
            let after = try edit(before)
            guard after != before else { return try Self.replicationSet(row, in: db) }
            try Self.store(after, of: row["id"], saved: false, in: db)
            try db.execute(
                sql:
                    "UPDATE replicationSet SET saved = 0, generation = generation + 1 WHERE id = ?",
                arguments: [row["id"] as Int64])
            return try Self.replicationSet(Self.setRow(name, in: db), in: db)
        }
    }

    /// - Throws: `noSuchReplicationSet`, `replicationSetChanged`.
    @discardableResult
    package func addRule(
        _ rule: ReplicationRule, to name: String, expecting: Int? = nil
    ) throws(StateStoreError) -> ReplicationSet {
        try editReplicationSet(name, expecting: expecting) { $0.adding(rule) }
    }

    /// - Throws: `noSuchReplicationSet`, `noSuchRule`, `replicationSetChanged`.
    @discardableResult
    package func removeRule(
        path: String, from name: String, expecting: Int? = nil
    ) throws(StateStoreError) -> ReplicationSet {
        try editReplicationSet(name, expecting: expecting) { rules throws(StateStoreError) in
            let kept = rules.filter { $0.path != path }
            guard kept.count < rules.count else { throw .noSuchRule(path: path, set: name) }
            return kept
        }
    }

    /// Makes the edited rules the ones that count. The answer's `connections` are the living
    /// connections of the set, whose targets then need a mirror if the saved rules are different.
    ///
    /// - Throws: `noSuchReplicationSet`, `replicationSetChanged`.
    @discardableResult
    package func saveReplicationSet(
        _ name: String, expecting: Int? = nil
    ) throws(StateStoreError) -> (set: ReplicationSet, changed: Bool, connections: [Int]) {
        try change { db in
            let row = try Self.setRow(name, in: db)
            try Self.checkGeneration(row, expecting: expecting)
            let id: Int64 = row["id"]
            let rules = try Self.rules(of: id, saved: false, in: db)
            let changed = try rules != Self.rules(of: id, saved: true, in: db)
            try Self.store(rules, of: id, saved: true, in: db)
            if row["saved"] == 0 {
                try db.execute(
                    sql: """
                        UPDATE replicationSet SET saved = 1, generation = generation + 1
                        WHERE id = ?
                        """, arguments: [id])
            }
            let connections = try Int.fetchAll(
                db, sql: "SELECT id FROM outgoingConnection WHERE setID = ? ORDER BY id",
                arguments: [id])
            let set = try Self.replicationSet(Self.setRow(name, in: db), in: db)
            return (set, changed, connections)
        }
    }

    // MARK: Helpers, inside a transaction

    static func setRow(_ name: String, in db: Database) throws -> Row {
        guard let row = try optionalSetRow(name, in: db) else {
            throw StateStoreError.noSuchReplicationSet(name)
        }
        return row
    }

    private static func optionalSetRow(_ name: String, in db: Database) throws -> Row? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM replicationSet WHERE nameKey = ?",
            arguments: [name.lowercased()])
    }

    static func replicationSet(_ row: Row, in db: Database) throws -> ReplicationSet {
        ReplicationSet(
            name: row["name"], generation: row["generation"], isSaved: row["saved"] != 0,
            rules: try rules(of: row["id"], saved: false, in: db),
            savedRules: try rules(of: row["id"], saved: true, in: db),
            membershipBit: row["membershipBit"])
    }

    private static func checkGeneration(_ row: Row, expecting: Int?) throws {
        let generation: Int = row["generation"]
        if let expecting, expecting != generation {
            throw StateStoreError.replicationSetChanged(
                row["name"], generation: generation, expected: expecting)
        }
    }

    private static func rules(
        of set: Int64, saved: Bool, in db: Database
    ) throws -> [ReplicationRule] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM replicationRule WHERE setID = ? AND saved = ? ORDER BY position",
            arguments: [set, saved]
        ).map {
            ReplicationRule(
                path: $0["path"], included: $0["included"] != 0, recursive: $0["recursive"] != 0)
        }
    }

    private static func store(
        _ rules: [ReplicationRule], of set: Int64, saved: Bool, in db: Database
    ) throws {
        try db.execute(
            sql: "DELETE FROM replicationRule WHERE setID = ? AND saved = ?",
            arguments: [set, saved])
        for (position, rule) in rules.enumerated() {
            try db.execute(
                sql: """
                    INSERT INTO replicationRule (setID, saved, position, path, included, recursive)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [set, saved, position, rule.path, rule.included, rule.recursive])
        }
    }
}
