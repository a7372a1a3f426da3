import GRDB

extension StateStore {
    /// `OperationRecord` keeps the number in a byte.
    package static let mountsMax = 255

    /// The paths that are mounted or shall be, in the order of their numbers.
    package func mounts() throws(StateStoreError) -> [Mount] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM mount WHERE active ORDER BY number")
                .map(Self.mount)
        }
    }

    /// Notes a mount, with the number that the path had before, else the lowest one never used,
    /// else the one released longest ago that no connection can know. Noting it again changes
    /// `persistent`.
    ///
    /// - Throws: `tooManyMounts`.
    @discardableResult
    package func addMount(path: String, persistent: Bool) throws(StateStoreError) -> Mount {
        try change { db in
            if let row = try Row.fetchOne(
                db, sql: "SELECT * FROM mount WHERE path = ?", arguments: [path])
            {
                try db.execute(
                    sql: "UPDATE mount SET active = 1, persistent = ? WHERE path = ?",
                    arguments: [persistent, path])
                return Mount(number: row["number"], path: path, persistent: persistent)
            }
            let number = try Self.freeMountNumber(in: db)
            try db.execute(
                sql: "INSERT INTO mount (number, path, active, persistent) VALUES (?, ?, 1, ?)",
                arguments: [number, path, persistent])
            return Mount(number: number, path: path, persistent: persistent)
        }
    }

    /// Notes that a path is no mount any more; its number stays with the path.
    ///
    /// - Throws: `noSuchMount`; `mountInUse` where a connection replicates something below it.
    package func removeMount(path: String) throws(StateStoreError) {
        try change { db in
            guard
                try Row.fetchOne(
                    db, sql: "SELECT 1 FROM mount WHERE path = ? AND active", arguments: [path])
                    != nil
            else { throw StateStoreError.noSuchMount(path) }
            if let connection = try Self.connection(using: path, in: db) {
                throw StateStoreError.mountInUse(path, connection: connection)
            }
            try db.execute(
                sql: """
                    UPDATE mount SET active = 0, persistent = 0,
                        released = (SELECT max(released) + 1 FROM mount)
                    WHERE path = ?
                    """, arguments: [path])
        }
    }

    private static func mount(_ row: Row) -> Mount {
        Mount(number: row["number"], path: row["path"], persistent: row["persistent"] != 0)
    }

    /// The lowest connection that replicates the path, something below it or something above it.
    private static func connection(using path: String, in db: Database) throws -> Int? {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT connectionID, source FROM outgoingMapping
                JOIN outgoingConnection ON outgoingConnection.id = connectionID
                WHERE replicates ORDER BY connectionID
                """)
        return rows.first { row in
            let source: String = row["source"]
            return source == path || isPath(source, below: path) || isPath(path, below: source)
        }?["connectionID"]
    }

    private static func isPath(_ path: String, below other: String) -> Bool {
        path.hasPrefix(other.hasSuffix("/") ? other : other + "/")
    }

    private static func freeMountNumber(in db: Database) throws -> Int {
        let used = try Set(Int.fetchAll(db, sql: "SELECT number FROM mount"))
        if let number = (1...mountsMax).first(where: { !used.contains($0) }) { return number }
        let released = try Row.fetchAll(
            db, sql: "SELECT number, path FROM mount WHERE NOT active ORDER BY released")
        for row in released where try connection(using: row["path"], in: db) == nil {
            let number: Int = row["number"]
            try db.execute(sql: "DELETE FROM mount WHERE number = ?", arguments: [number])
            return number
        }
        throw StateStoreError.tooManyMounts(max: mountsMax)
    }
}
