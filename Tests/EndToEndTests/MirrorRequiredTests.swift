import Foundation
import Testing

extension EndToEnd {
    /// Where only a mirror helps, that is said, with the reason, and the mirror helps.
    @Suite(.serialized)
    struct MirrorRequired {
        @Test("A mirror that was stopped leaves a mirror required; another one repairs that")
        func mirrorStopped() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(400)
                try laboratory.shell("head -c 60000000 /dev/zero > '\(laboratory.source)/big'")
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.capture()
                let stopped = try laboratory.ask(laboratory.connectCommand + "; mirror stop 1")
                try #require(stopped.status == 0, "\(stopped.text)")
                try laboratory.requireMirrorRequired("stopped before its end")
                let wait = try laboratory.ask("waitonmirror 1")
                #expect(wait.code == -1015, "\(wait.text)")
                #expect(try laboratory.ask("mirror stop 1").code == -121)
                try laboratory.shell("echo meanwhile > '\(laboratory.source)/meanwhile'")
                try #require(try alpha.stop() == 0)
                try alpha.start()
                try laboratory.requireMirrorRequired("stopped before its end")
                try laboratory.requireLinked()
                try laboratory.command(
                    "mirror start 1 different; waitonmirror 1 timeout 20 seconds")
                try laboratory.sync()
                try laboratory.requireEqual("after the second mirror")
            }
        }

        @Test("A target that lost its state does not pass for a good one")
        func targetReset() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let (_, beta) = try laboratory.startBoth()
                try laboratory.protect()
                try #require(try beta.stop() == 0)
                try laboratory.shell("rm -r '\(laboratory.home)'/beta/incoming-*")
                try laboratory.shell("echo meanwhile > '\(laboratory.source)/meanwhile'")
                try beta.start()
                try laboratory.requireMirrorRequired("does not know this connection")
                try laboratory.command(
                    "mirror start 1 different; waitonmirror 1 timeout 20 seconds")
                try laboratory.sync()
                try laboratory.requireEqual("after a mirror of what differs")
            }
        }
    }
}

extension Laboratory {
    fileprivate func requireMirrorRequired(_ reason: String) throws {
        var last: [String: Any] = [:]
        let came = Moment.within(seconds: 15) {
            last = (try? self.status()) ?? [:]
            return last["targetState"] as? String == "Mirror Required"
        }
        try #require(came, "the status is \(last)")
        let said = last["reason"] as? String ?? ""
        #expect(said.contains(reason), "the reason is '\(said)'")
    }

    /// A lost link is made again.
    func requireLinked() throws {
        try Moment.require("the link", seconds: 15) {
            try status()["transmitMode"] as? String == "Started"
        }
    }
}
