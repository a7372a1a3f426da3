import Foundation
import GRDB

/// Who this server is.
package struct ServerIdentity: Sendable, Hashable {
    /// A UUID in small letters, made at the first start, never changed.
    package let serverID: String
    package let name: String
}

extension StateStore {
    /// nil before the first start has named the server.
    package func server() throws(StateStoreError) -> ServerIdentity? {
        try read { db in try Self.server(in: db) }
    }

    /// The server's identity; the first call makes it.
    ///
    /// - Throws: `invalidName`; `otherServer` where the state was made under another name (a name
    ///   is known to peers, so that it does not change by a slip on the command line).
    package func openServer(name: String) throws(StateStoreError) -> ServerIdentity {
        try NameRules.checkServer(name)
        return try change { db in
            if let server = try Self.server(in: db) {
                guard server.name.lowercased() == name.lowercased() else {
                    throw StateStoreError.otherServer(name: server.name, wanted: name)
                }
                return server
            }
            let server = ServerIdentity(serverID: UUID().uuidString.lowercased(), name: name)
            try db.execute(
                sql: "INSERT INTO server (id, serverID, name) VALUES (1, ?, ?)",
                arguments: [server.serverID, server.name])
            return server
        }
    }

    private static func server(in db: Database) throws -> ServerIdentity? {
        try Row.fetchOne(db, sql: "SELECT serverID, name FROM server").map {
            ServerIdentity(serverID: $0["serverID"], name: $0["name"])
        }
    }

    // MARK: Settings

    package func setting(_ name: String) throws(StateStoreError) -> String? {
        try read { db in
            try String.fetchOne(
                db, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
        }
    }

    /// nil takes the setting back to its default.
    package func setSetting(_ name: String, to value: String?) throws(StateStoreError) {
        try change { db in
            guard let value else {
                try db.execute(sql: "DELETE FROM setting WHERE name = ?", arguments: [name])
                return
            }
            try db.execute(
                sql: """
                    INSERT INTO setting (name, value) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET value = excluded.value
                    """, arguments: [name, value])
        }
    }

    /// Every setting that is not at its default.
    package func settings() throws(StateStoreError) -> [String: String] {
        try read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT name, value FROM setting")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], $0["value"]) })
        }
    }
}
