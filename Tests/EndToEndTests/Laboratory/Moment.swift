import Foundation
import Testing

/// Waiting for what another process does and tells nobody of.
enum Moment {
    /// Looks until it holds, or time is over; answers whether it holds.
    static func within(seconds: Double, _ holds: () -> Bool) -> Bool {
        let end = Date().addingTimeInterval(seconds)
        while !holds() {
            if Date() >= end { return false }
            usleep(20_000)
        }
        return true
    }

    /// The same, for what has to come.
    static func require(_ what: String, seconds: Double, _ holds: () throws -> Bool) throws {
        var failure: (any Error)?
        let came = within(seconds: seconds) {
            do { return try holds() } catch {
                failure = error
                return true
            }
        }
        if let failure { throw failure }
        try #require(came, "not within \(seconds) s: \(what)")
    }
}

/// What is mounted.
enum Mounts {
    static var all: [String] { rows.map { $0.point } }

    static var rows: [(point: String, type: String)] {
        let text = FileManager.default.contents(atPath: "/proc/self/mounts") ?? Data()
        return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            return words.count > 2 ? (String(words[1]), String(words[2])) : nil
        }
    }

    /// Whether a capture is mounted there.
    static func isCaptured(_ path: String) -> Bool {
        rows.contains { $0.point == path && $0.type == "fuse.understudy" }
    }
}
