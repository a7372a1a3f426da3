import Foundation
import GRDB

/// Everything a server remembers across restarts, in one SQLite file.
///
/// Every function is one transaction: it has happened wholly, and is on the disk, when the function
/// returns; or it throws and nothing has changed. Calls may come from any thread and are carried
/// out one after the other. A change waits for the disk (a few milliseconds), so nothing that
/// happens per operation or per batch is kept here.
package final class StateStore: Sendable {
    /// The database file.
    package let path: String
    private let queue: DatabaseQueue

    /// Opens the database `state.sqlite` in a folder that exists, makes it where there is none and
    /// brings an older one up to date.
    ///
    /// - Throws: `cannotOpen`, `damaged`, `tooNew`, `diskFull`, each naming the file.
    package convenience init(directory: String) throws(StateStoreError) {
        try self.init(path: directory + "/state.sqlite", pageCountMax: nil)
    }

    /// - Parameter pageCountMax: a bound of the file in pages of 4 KiB, as if the disk were full.
    init(path: String, pageCountMax: Int?) throws(StateStoreError) {
        self.path = path
        try Self.makePrivateFile(path)
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.foreignKeysEnabled = true
        configuration.label = "understudy.state"
        configuration.prepareDatabase { db in
            // A state that a crash of the machine could take back would be no state.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            if let pageCountMax {
                try db.execute(sql: "PRAGMA max_page_count = \(pageCountMax)")
            }
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let migrator = Schema.migrator
            try queue.read { db in
                let found = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? ""
                guard found == "ok" else {
                    throw StateStoreError.damaged(path: path, reason: found)
                }
                guard try !migrator.hasBeenSuperseded(db) else {
                    throw StateStoreError.tooNew(path: path)
                }
            }
            try migrator.migrate(queue)
            self.queue = queue
        } catch {
            throw Self.translated(error, path: path, opening: true)
        }
    }

    /// Ends the use of the file; functions called later throw.
    package func close() throws(StateStoreError) {
        do { try queue.close() } catch { throw Self.translated(error, path: path) }
    }

    // MARK: For the extensions

    func read<Value>(_ body: (Database) throws -> Value) throws(StateStoreError) -> Value {
        do { return try queue.read(body) } catch { throw Self.translated(error, path: path) }
    }

    /// One transaction, rolled back when the body throws.
    func change<Value>(_ body: (Database) throws -> Value) throws(StateStoreError) -> Value {
        do { return try queue.write(body) } catch { throw Self.translated(error, path: path) }
    }

    // MARK: Helpers

    /// SQLite gives its side files the mode of the database, so the file is made before it.
    private static func makePrivateFile(_ path: String) throws(StateStoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        defer { _ = Foundation.close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
    }

    private static func translated(
        _ error: any Error, path: String, opening: Bool = false
    ) -> StateStoreError {
        if let error = error as? StateStoreError { return error }
        guard let error = error as? DatabaseError else {
            return .failed(path: path, reason: "\(error)")
        }
        let reason = error.message ?? "error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .damaged(path: path, reason: reason)
        case .SQLITE_FULL: return .diskFull(path: path)
        default:
            return opening
                ? .cannotOpen(path: path, reason: reason) : .failed(path: path, reason: reason)
        }
    }
}
