import Foundation
import Testing

extension EndToEnd {
    /// More than all queues hold.
    @Suite(.serialized)
    struct Overflow {
        @Test(
            "Ten times more than the queues hold stalls nobody, and what differs is sent once",
            arguments: [0, 16])
        func muchOverLittle(diskMB: Int) throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let (_, beta) = (
                    try laboratory.start(
                        "alpha", settings: "journalMemoryMB: 32\nqueueDiskMB: \(diskMB)\n"),
                    try laboratory.start("beta")
                )
                try laboratory.protect()
                // So that most of what is written later is in files that the target has.
                try churn(laboratory, seed: 1, total: 30)
                try laboratory.sync()
                let before = try laboratory.bytesSent()
                try #require(try beta.stop() == 0)

                let seed = Seed.next
                let (longest, dirty) = try churn(laboratory, seed: seed, total: 300)
                try beta.start()
                try laboratory.sync()
                try laboratory.requireEqual("after an overflow of seed \(seed)")
                let sent = try laboratory.bytesSent() - before
                print("seed \(seed): longest \(longest) s, \(sent) sent for \(dirty) bytes")
                #expect(longest < 1)
                // What was queued before the queue was full may be sent in the ordinary way.
                #expect(Double(sent) < 1.1 * Double(dirty), "\(sent) for \(dirty), seed \(seed)")
            }
        }

        @discardableResult
        private func churn(
            _ laboratory: Laboratory, seed: UInt64, total: Int
        ) throws -> (longest: Double, dirty: Int) {
            let said = try laboratory.shell(
                "'\(Programs.script("Support/churn"))' '\(laboratory.source)' \(seed) \(total) 30")
            let words = said.split { $0 == " " || $0 == "\n" }.map(String.init)
            return (
                try #require(words.count > 1 ? Double(words[1]) : nil, "\(said)"),
                try #require(words.last.flatMap { Int($0) }, "\(said)")
            )
        }
    }
}

extension Laboratory {
    /// Of mirrors, resyncs and changes, since the connection was made.
    func bytesSent() throws -> Int {
        try counter("mirrorBytesTransferred") + counter("replicationBytesTransferred")
    }
}
