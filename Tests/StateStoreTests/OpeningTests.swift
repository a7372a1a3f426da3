import Foundation
import GRDB
import Testing

@testable import StateStore

@Suite struct OpeningTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `the database and its side files are private`() throws {
        let store = try StateStore(directory: folder.path)
        _ = try store.openServer(name: "alpha")
        #expect(try folder.mode(of: "state.sqlite") == 0o600)
        #expect(try folder.mode(of: "state.sqlite-wal") == 0o600)
        #expect(try folder.mode(of: "state.sqlite-shm") == 0o600)
    }

    @Test func `the server keeps its identity across restarts`() throws {
        let first = try StateStore(directory: folder.path)
        #expect(try first.server() == nil)
        let made = try first.openServer(name: "alpha")
        try first.close()
        let second = try StateStore(directory: folder.path)
        #expect(try second.openServer(name: "alpha") == made)
        #expect(throws: StateStoreError.otherServer(name: "alpha", wanted: "beta")) {
            try second.openServer(name: "beta")
        }
    }

    @Test func `every migration leaves its mark and none runs twice`() throws {
        try StateStore(directory: folder.path).close()
        try StateStore(directory: folder.path).close()
        let queue = try DatabaseQueue(path: folder.path + "/state.sqlite")
        let applied = try queue.read { db in try Schema.migrator.appliedIdentifiers(db) }
        #expect(applied == Set(Schema.migrator.migrations))
    }

    @Test func `a file of a newer version is refused`() throws {
        try StateStore(directory: folder.path).close()
        let queue = try DatabaseQueue(path: folder.path + "/state.sqlite")
        var newer = Schema.migrator
        newer.registerMigration("later") { db in try db.execute(sql: "CREATE TABLE later (x)") }
        try newer.migrate(queue)
        try queue.close()
        #expect(throws: StateStoreError.tooNew(path: folder.path + "/state.sqlite")) {
            try StateStore(directory: folder.path)
        }
    }

    @Test func `a file that is no database is called damaged and stays as it is`() throws {
        let path = folder.path + "/state.sqlite"
        let text = Data(String(repeating: "not a database ", count: 500).utf8)
        try text.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StateStoreError.self) {
            try StateStore(directory: folder.path)
        }
        #expect(error?.description.contains("'\(path)' is damaged") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
    }

    @Test func `a file with a torn page is called damaged`() throws {
        let path = folder.path + "/state.sqlite"
        let store = try StateStore(directory: folder.path)
        for number in 0..<400 { try store.setSetting("setting \(number)", to: "\(number)") }
        try store.close()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        let size = try file.seekToEnd()
        // The last third holds the settings' pages.
        try file.seek(toOffset: size - 8192)
        try file.write(contentsOf: Data(repeating: 0xA5, count: 8192))
        try file.close()
        let error = #expect(throws: StateStoreError.self) {
            try StateStore(directory: folder.path)
        }
        #expect(error?.description.contains("damaged") == true)
    }

    @Test func `a full disk is named and leaves nothing half written`() throws {
        let path = folder.path + "/state.sqlite"
        try StateStore(directory: folder.path).close()
        let store = try StateStore(path: path, pageCountMax: 60)
        try store.createReplicationSet("docs")
        let rules = (0..<20_000).map { ReplicationRule(path: "/data/\($0)") }
        #expect(throws: StateStoreError.diskFull(path: path)) {
            try store.editReplicationSet("docs") { _ in rules }
        }
        #expect(try store.replicationSet("docs").rules.isEmpty)
        #expect(try store.replicationSet("docs").generation == 1)
        try store.addRule(ReplicationRule(path: "/data"), to: "docs")
        #expect(try store.replicationSet("docs").rules.count == 1)
    }

    @Test func `a folder that is not there is named`() throws {
        let error = #expect(throws: StateStoreError.self) {
            try StateStore(directory: folder.path + "/missing")
        }
        #expect(error?.description.contains(folder.path + "/missing/state.sqlite") == true)
    }

    @Test func `settings are kept until they are taken back`() throws {
        let store = try StateStore(directory: folder.path)
        try store.setSetting("MaxLogFileSize", to: "4096")
        try store.setSetting("MaxLogFileSize", to: "8192")
        #expect(try store.setting("MaxLogFileSize") == "8192")
        #expect(try store.settings() == ["MaxLogFileSize": "8192"])
        try store.setSetting("MaxLogFileSize", to: nil)
        #expect(try store.setting("MaxLogFileSize") == nil)
    }

    @Test func `events are numbered and read from a place on`() throws {
        let store = try StateStore(directory: folder.path)
        for number in 1...5 {
            let given = try store.addEvent(
                timeNanoseconds: Int64(number), level: "info", name: "test", text: "\(number)")
            #expect(given == Int64(number))
        }
        #expect(try store.events(after: 3).map(\.text) == ["4", "5"])
        #expect(try store.events(limit: 2).map(\.number) == [1, 2])
    }
}
