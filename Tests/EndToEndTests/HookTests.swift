import Foundation
import Testing

extension EndToEnd {
    /// Scripts that the server runs by itself.
    @Suite(.serialized)
    struct Hooks {
        @Test("A hook hears of a mirror, a gate stops one, a broken file changes nothing")
        func hooks() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                let file = laboratory.home + "/alpha/hooks/watch.lua"
                try laboratory.write(
                    """
                    dt.on("mirror.completed", function(event)
                        print("seen: " .. event.kind .. " of " .. event.set)
                    end)
                    dt.on("before.mirror", function(event)
                        if event.orphans then return "veto", "orphans stay" end
                    end)
                    """, to: file)
                try laboratory.command("hooks reload")
                try laboratory.command("mirror start 1 different; waitonmirror 1")
                try Moment.require("the hook's line", seconds: 10) {
                    alpha.log.contains("seen: difference mirror of protected")
                }
                let vetoed = try laboratory.ask("mirror start 1 different, orphans")
                #expect(vetoed.code == -1034, "\(vetoed.text)")
                #expect(vetoed.text.contains("orphans stay"), "\(vetoed.text)")

                try laboratory.write("dt.on(", to: file)
                _ = try laboratory.ask("hooks reload")
                let still = try laboratory.ask("mirror start 1 different, orphans")
                #expect(still.code == -1034, "\(still.text)")
            }
        }

        @Test("Events tell of the server itself, also while it stops, and are followed as they come")
        func serverEvents() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                let alpha = try laboratory.start("alpha")
                let note = laboratory.home + "/note"
                let script = laboratory.home + "/note.sh"
                try "#!/bin/sh\necho $UNDERSTUDY_EVENT $UNDERSTUDY_PATH >> '\(note)'\n".write(
                    toFile: script, atomically: true, encoding: .utf8)
                chmod(script, 0o700)
                try laboratory.command(
                    "hook add server.* '\(script)' delay; hook add capture.* '\(script)'")
                let words = ["--server", "alpha=unix:\(alpha.socket)", "-c"]
                let follower = try laboratory.child(
                    Programs.path("dtcl"),
                    words + ["source alpha; events since 1 hour, follow"])
                try Moment.require("what happened", seconds: 10) {
                    follower.output.contains("server.started")
                }
                try laboratory.capture()
                laboratory.killCaptures()
                try Moment.require("what happens", seconds: 10) {
                    follower.output.contains("capture.back")
                }
                follower.signal(SIGINT)
                #expect(try follower.wait(seconds: 5).status == 130)
                try #require(try alpha.stop() == 0)
                let lines = try String(contentsOfFile: note, encoding: .utf8)
                    .split(separator: "\n").map(String.init)
                let source = laboratory.source
                #expect(
                    lines == [
                        "capture.lost \(source)", "capture.back \(source)", "server.stopping",
                    ])
                // What somebody else could have changed becomes no hook.
                chmod(script, 0o777)
                try alpha.start()
                let refused = try laboratory.ask("hook add server.started '\(script)'")
                #expect(refused.code == -1031, "\(refused.text)")
            }
        }

        @Test("PLAN says what would be done, and does nothing")
        func plan() throws {
            try Laboratory.run { laboratory in
                try laboratory.start("alpha")
                try laboratory.command("repset create kept plan")
                let sets = try laboratory.ask("repset list")
                #expect(!sets.text.contains("kept"), "\(sets.text)")
                let wrong = try laboratory.ask("repset delete missing plan")
                #expect(wrong.code == -123, "\(wrong.text)")
            }
        }
    }
}

extension Laboratory {
    fileprivate func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        // Hooks that others could change are not loaded.
        chmod(path, 0o600)
    }
}
