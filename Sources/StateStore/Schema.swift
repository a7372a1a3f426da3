import GRDB

/// The tables, version by version. A version that has been shipped never changes: new needs make
/// new versions.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try makeServer(db)
            try makeReplicationSets(db)
            try makeMountsAndPeers(db)
            try makeOutgoingConnections(db)
            try makeIncomingConnections(db)
            try makeEvents(db)
        }
        migrator.registerMigration("2") { db in
            try db.execute(
                sql: "ALTER TABLE incomingConnection ADD COLUMN number INTEGER NOT NULL DEFAULT 0")
        }
        return migrator
    }

    private static func makeServer(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE server (
                    id INTEGER PRIMARY KEY CHECK (id = 1),
                    serverID TEXT NOT NULL,
                    name TEXT NOT NULL
                ) STRICT;
                CREATE TABLE setting (
                    name TEXT PRIMARY KEY,
                    value TEXT NOT NULL
                ) STRICT;
                """)
    }

    /// `nameKey` is the name without case: what makes two names the same.
    private static func makeReplicationSets(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE replicationSet (
                    id INTEGER PRIMARY KEY,
                    name TEXT NOT NULL,
                    nameKey TEXT NOT NULL UNIQUE,
                    generation INTEGER NOT NULL,
                    saved INTEGER NOT NULL,
                    membershipBit INTEGER UNIQUE
                ) STRICT;
                CREATE TABLE replicationRule (
                    setID INTEGER NOT NULL REFERENCES replicationSet(id) ON DELETE CASCADE,
                    saved INTEGER NOT NULL,
                    position INTEGER NOT NULL,
                    path TEXT NOT NULL,
                    included INTEGER NOT NULL,
                    recursive INTEGER NOT NULL,
                    PRIMARY KEY (setID, saved, position)
                ) STRICT, WITHOUT ROWID;
                """)
    }

    private static func makeMountsAndPeers(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE mount (
                    number INTEGER PRIMARY KEY,
                    path TEXT NOT NULL UNIQUE,
                    active INTEGER NOT NULL,
                    persistent INTEGER NOT NULL,
                    released INTEGER NOT NULL DEFAULT 0
                ) STRICT;
                CREATE TABLE peer (
                    serverID TEXT PRIMARY KEY,
                    name TEXT NOT NULL,
                    nameKey TEXT NOT NULL UNIQUE,
                    address TEXT NOT NULL,
                    port INTEGER NOT NULL,
                    fingerprint TEXT NOT NULL
                ) STRICT;
                """)
    }

    private static func makeOutgoingConnections(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE outgoingConnection (
                    id INTEGER PRIMARY KEY,
                    uuid TEXT NOT NULL UNIQUE,
                    setID INTEGER NOT NULL REFERENCES replicationSet(id),
                    peerID TEXT NOT NULL REFERENCES peer(serverID),
                    replicates INTEGER NOT NULL,
                    mirrorState TEXT NOT NULL,
                    mirrorReason TEXT NOT NULL,
                    establishedNanoseconds INTEGER NOT NULL,
                    removesOrphans INTEGER NOT NULL,
                    mirrorBytesTransferred INTEGER NOT NULL DEFAULT 0,
                    mirrorBytesTransmitted INTEGER NOT NULL DEFAULT 0,
                    replicationBytesTransferred INTEGER NOT NULL DEFAULT 0,
                    replicationBytesTransmitted INTEGER NOT NULL DEFAULT 0,
                    operationsSent INTEGER NOT NULL DEFAULT 0,
                    filesMirrored INTEGER NOT NULL DEFAULT 0
                ) STRICT;
                CREATE INDEX outgoingConnectionBySet ON outgoingConnection(setID);
                CREATE TABLE outgoingMapping (
                    connectionID INTEGER NOT NULL
                        REFERENCES outgoingConnection(id) ON DELETE CASCADE,
                    position INTEGER NOT NULL,
                    source TEXT NOT NULL,
                    target TEXT NOT NULL,
                    PRIMARY KEY (connectionID, position)
                ) STRICT, WITHOUT ROWID;
                """)
    }

    private static func makeIncomingConnections(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE incomingConnection (
                    uuid TEXT PRIMARY KEY,
                    peerID TEXT NOT NULL REFERENCES peer(serverID),
                    setName TEXT NOT NULL,
                    stateFolder TEXT NOT NULL UNIQUE,
                    allowances INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE incomingMapping (
                    connectionUUID TEXT NOT NULL
                        REFERENCES incomingConnection(uuid) ON DELETE CASCADE,
                    position INTEGER NOT NULL,
                    source TEXT NOT NULL,
                    target TEXT NOT NULL,
                    PRIMARY KEY (connectionUUID, position)
                ) STRICT, WITHOUT ROWID;
                """)
    }

    private static func makeEvents(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE event (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    timeNanoseconds INTEGER NOT NULL,
                    level TEXT NOT NULL,
                    name TEXT NOT NULL,
                    text TEXT NOT NULL
                ) STRICT;
                """)
    }
}
