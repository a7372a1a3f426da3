import GRDB

/// Something that happened, for the operator to read later.
package struct StoredEvent: Sendable, Hashable {
    /// Counted from 1, never used again.
    package let number: Int64
    /// Nanoseconds since 1970.
    package let timeNanoseconds: Int64
    /// `info`, `warning` or `error`.
    package let level: String
    /// Such as `mirror.complete`.
    package let name: String
    /// One line for people.
    package let text: String
}

extension StateStore {
    /// The newest events kept; older ones go.
    package static let eventsMax = 10_000

    /// - Returns: the event's number.
    @discardableResult
    package func addEvent(
        timeNanoseconds: Int64, level: String, name: String, text: String
    ) throws(StateStoreError) -> Int64 {
        try change { db in
            try db.execute(
                sql: "INSERT INTO event (timeNanoseconds, level, name, text) VALUES (?, ?, ?, ?)",
                arguments: [timeNanoseconds, level, name, text])
            let number = db.lastInsertedRowID
            // Numbers have no gaps but at the old end, so this removes at most one row.
            try db.execute(
                sql: "DELETE FROM event WHERE number <= ?",
                arguments: [number - Int64(Self.eventsMax)])
            return number
        }
    }

    /// The events after a number, oldest first; at most `limit` of them.
    package func events(
        after number: Int64 = 0, limit: Int = eventsMax
    ) throws(StateStoreError) -> [StoredEvent] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM event WHERE number > ? ORDER BY number LIMIT ?",
                arguments: [number, limit]
            ).map {
                StoredEvent(
                    number: $0["number"], timeNanoseconds: $0["timeNanoseconds"],
                    level: $0["level"], name: $0["name"], text: $0["text"])
            }
        }
    }
}
