import Foundation
import Testing

extension EndToEnd {
    /// Whoever looks at the target while its state is OK sees a moment that the source had.
    @Suite(.serialized)
    struct Order {
        @Test("A reader at the target never sees a change ahead of one that was made before it")
        func pairs() throws {
            try Laboratory.run { laboratory in
                let pairs = try Pairs(laboratory)
                let (alpha, beta) = try laboratory.startBoth()
                try pairs.protect()
                try pairs.begin()

                try pairs.requireProgress()
                for _ in 1...3 {
                    try laboratory.cutLink()
                    try pairs.requireProgress()
                }
                let capture = try #require(laboratory.captureServers.first)
                kill(capture, SIGKILL)
                try pairs.requireProgress()
                try alpha.kill()
                try alpha.start()
                try pairs.requireProgress()
                for _ in 1...4 {
                    try pairs.excused {
                        try beta.kill()
                        try laboratory.requireState { $0 != "OK" }
                        try beta.start()
                        try laboratory.requireState { $0 == "OK" }
                    }
                    try pairs.requireProgress()
                }
                try pairs.end()
            }
        }
    }
}

/// Two captured folders in one set, a writer of pairs in them, and a reader of their copies.
final class Pairs {
    private let laboratory: Laboratory
    private var writer: Child?
    private var reader: Child?
    /// Of the monotonic clock: when the state was not OK.
    private var excuses: [ClosedRange<Double>] = []
    private var folders: [String] { ["one", "other"].map { laboratory.source + "/" + $0 } }
    private var copies: [String] { ["one", "other"].map { laboratory.copy + "/" + $0 } }

    init(_ laboratory: Laboratory) throws {
        self.laboratory = laboratory
        try laboratory.shell("mkdir -p '\(folders[0])' '\(folders[1])'")
    }

    func protect() throws {
        try laboratory.command(
            """
            dtfs mount '\(folders[0])'; dtfs mount '\(folders[1])'; repset create pairs
            repset rule add '\(folders[0])' include to pairs
            repset rule add '\(folders[1])' include to pairs; repset save pairs
            connect pairs to beta map '\(folders[0])' to '\(copies[0])', \
            '\(folders[1])' to '\(copies[1])'
            waitonmirror 1 timeout 20 seconds; sync 1 timeout 20 seconds
            """)
        try Moment.require("the mirror on the target's disk", seconds: 15) {
            try laboratory.status()["settled"] as? Bool == true
        }
    }

    func begin() throws {
        writer = try laboratory.child(Programs.script("Support/pairs"), ["write"] + folders)
        reader = try laboratory.child(Programs.script("Support/pairs"), ["read"] + copies)
    }

    /// Changes flow, and a good deal of them.
    func requireProgress() throws {
        let before = try laboratory.counter("appliedSequence")
        try Moment.require("changes that flow", seconds: 15) {
            try laboratory.counter("appliedSequence") > before + 2000
        }
    }

    /// What the reader sees until this returns counts for nothing.
    func excused(_ body: () throws -> Void) throws {
        let begun = Self.now
        try body()
        excuses.append(begun...Self.now)
    }

    func end() throws {
        let writer = try #require(writer)
        let reader = try #require(reader)
        writer.signal(SIGTERM)
        let written = try writer.wait(seconds: 20)
        try #require(written.status == 0, "\(written.text)")
        try laboratory.sync()
        reader.signal(SIGTERM)
        let lines = try reader.wait(seconds: 20).output.split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
        let ahead = lines.filter { $0.first == "ahead" }
        let wrong = ahead.filter { line in
            guard let time = line.last.flatMap(Double.init) else { return true }
            return !excuses.contains { $0.contains(time) }
        }
        let seen = lines.filter { $0.first == "seen" }
        print("\(ahead.count - wrong.count) excused;", seen.map { $0[1...].joined(separator: " ") })
        try #require(seen.count == 7 && seen.allSatisfy { (Int($0[2]) ?? 0) > 100 }, "\(seen)")
        try #require(wrong.isEmpty, "\(wrong.count) of \(ahead.count): \(wrong.prefix(10))")
        for (folder, copy) in zip(folders, copies) {
            laboratory.copy = copy
            try laboratory.requireEqual("after the last pair", folder: folder)
        }
    }

    private static var now: Double {
        Double(DispatchTime.now().uptimeNanoseconds) / 1e9
    }
}

extension Laboratory {
    /// Resets the TCP connections to the target; both ends notice at once.
    func cutLink() throws {
        let target = try #require(servers.last)
        try shell("ss -K dst \(target.address) dport = \(target.port) | grep -q \(target.address)")
    }

    func requireState(of connection: Int = 1, _ isIt: (String) -> Bool) throws {
        var last: [String: Any] = [:]
        try Moment.require("another state than \(last)", seconds: 20) {
            last = try command("status connection \(connection)").record
            return isIt(last["targetState"] as? String ?? "")
        }
    }

    /// The processes that serve the captures; keepers replace those that are killed.
    var captureServers: [Int32] {
        captures.flatMap { keeper in
            let path = "/proc/\(keeper)/task/\(keeper)/children"
            let text = String(
                decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
            return text.split(separator: " ").compactMap { Int32($0) }
        }
    }
}
