import Foundation
import Testing

extension EndToEnd {
    /// `kill -9` in the middle of work: nothing is lost, no application notices, and nothing is
    /// mirrored.
    @Suite(.serialized)
    struct Kill {
        @Test("Killing the target's daemon loses nothing and needs no mirror")
        func killTarget() throws {
            try Laboratory.run { laboratory in
                let (_, beta) = try prepared(laboratory)
                try laboratory.survives("kills of the target") {
                    // Anywhere in a batch: each time a little later than changes flow again.
                    for pause in [0, 70_000, 150_000, 310_000] as [UInt32] {
                        let applied = try laboratory.counter("appliedSequence")
                        try Moment.require("changes that flow", seconds: 15) {
                            try laboratory.counter("appliedSequence") > applied
                        }
                        usleep(pause)
                        try beta.kill()
                        try beta.start()
                    }
                }
            }
        }

        @Test("Killing the source's daemon disturbs no application, loses nothing, needs no mirror")
        func killSource() throws {
            try Laboratory.run { laboratory in
                let (alpha, _) = try prepared(laboratory)
                let captures = laboratory.captures
                #expect(captures.count == 1)
                try laboratory.survives("a kill of the source") {
                    try alpha.kill()
                    try laboratory.shell(
                        "echo 'not seen by the daemon' > '\(laboratory.source)/alone'")
                    try alpha.start()
                }
                #expect(laboratory.captures == captures, "the capture was adopted")
            }
        }

        @Test("Killing both daemons, more than once, loses nothing and needs no mirror")
        func killBoth() throws {
            try Laboratory.run { laboratory in
                let (alpha, beta) = try prepared(laboratory)
                for moment in ["first", "second"] {
                    try laboratory.survives("a \(moment) kill of both", seconds: 3) {
                        try beta.kill()
                        try alpha.kill()
                        try alpha.start()
                        try beta.start()
                    }
                }
            }
        }

        @Test("Killing the target in a mirror makes the mirror begin again")
        func killInMirror() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(1500)
                let (_, beta) = try laboratory.startBoth()
                try laboratory.capture()
                try laboratory.command(laboratory.connectCommand)
                try beta.kill()
                try beta.start()
                try laboratory.command("waitonmirror 1 timeout 40 seconds", seconds: 50)
                try laboratory.sync()
                try laboratory.requireEqual("after a mirror that was cut")
            }
        }

        @Test("Of a killed target it is known that changes may be there in part")
        func claim() throws {
            try Laboratory.run { laboratory in
                let (alpha, beta) = try prepared(laboratory)
                #expect(try claimed(laboratory) == ["OK", ""])
                // In the middle of a batch, or between two: it cannot know, and it says so.
                let workload = try laboratory.workload(seed: Seed.next, seconds: 2)
                try laboratory.requireUndisturbed(workload)
                try beta.kill()
                try #require(try alpha.stop() == 0)
                try beta.start()
                let found = try claimed(laboratory)
                #expect(found[0] == "Retrying" && found[1].contains("in part"), "\(found)")
                try alpha.start()
                try laboratory.sync()
                #expect(try claimed(laboratory) == ["OK", ""])
                try #require(try alpha.stop() == 0)
                try #require(try beta.stop() == 0)
                try beta.start()
                #expect(try claimed(laboratory) == ["OK", ""])
            }
        }

        /// What the target says of itself: state and reason.
        private func claimed(_ laboratory: Laboratory) throws -> [String] {
            let all = try laboratory.command("status target", of: "beta").record["connections"]
            let one = try #require((all as? [[String: Any]])?.first)
            return [one["state"] as? String ?? "", one["reason"] as? String ?? ""]
        }

        private func prepared(
            _ laboratory: Laboratory
        ) throws -> (alpha: Server, beta: Server) {
            try laboratory.makeTree(200)
            let servers = try laboratory.startBoth()
            try laboratory.protect()
            return servers
        }
    }
}

extension Laboratory {
    /// Something happens in the middle of a workload: nobody notices, everything arrives, and
    /// nothing was mirrored for it.
    func survives(_ what: String, seconds: Double = 5, _ happens: () throws -> Void) throws {
        let mirrored = try counter("mirrorBytesTransferred")
        let mirrors = mirrorsStarted
        let seed = Seed.next
        let workload = try workload(seed: seed, seconds: seconds)
        try Moment.require("the workload's first steps", seconds: 10) {
            workload.output.contains("reached 500")
        }
        try happens()
        try requireUndisturbed(workload)
        try sync()
        try requireEqual("after \(what) in the workload of seed \(seed)")
        // Counters are kept now and then, so those of a killed daemon may go back; its log does
        // not.
        let later = try counter("mirrorBytesTransferred")
        try #require(later <= mirrored && mirrorsStarted == mirrors, "mirrored after \(what)")
    }

    private var mirrorsStarted: Int {
        servers.map { $0.log.components(separatedBy: "mirror started").count - 1 }.reduce(0, +)
    }
}
