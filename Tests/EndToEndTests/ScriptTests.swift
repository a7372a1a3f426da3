import Foundation
import Testing

extension EndToEnd {
    /// Scripts that a server runs because somebody named them.
    @Suite(.serialized)
    struct Scripts {
        @Test("A connection's scripts run on the target, as far as its administrator allows it")
        func pointsOfMirrors() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                let (_, beta) = try laboratory.startBoth()
                try laboratory.capture()
                try laboratory.command(laboratory.connectCommand + " nomirror")
                let script = try laboratory.task(
                    "point.sh",
                    "echo $UNDERSTUDY_EVENT $UNDERSTUDY_CONNECTION $UNDERSTUDY_SOURCE $1 >> points")
                let add = "script add 1 mirrorstart='\(script)' mirrorcomplete='\(script)' args='x'"

                // Off until the target's administrator says otherwise, and then only what he says.
                #expect(try laboratory.ask(add).code == -1032)
                try laboratory.command("taskcmd enable allow '/usr/bin' on beta")
                #expect(try laboratory.ask(add).code == -1032)
                let tasks = laboratory.tasks
                let planned = try laboratory.command("taskcmd enable allow '\(tasks)' on beta plan")
                #expect(planned.shown == "would let the server run tasks below \(tasks)")
                #expect(try laboratory.ask(add + " plan").code == -1032)
                try laboratory.command("taskcmd enable allow '\(tasks)' on beta")
                try laboratory.command(add + " delay")

                try laboratory.command("mirror start 1; waitonmirror 1")
                #expect(
                    laboratory.points == [
                        "target.mirror.started 1 alpha x", "target.mirror.completed 1 alpha x",
                    ])
                let history = try laboratory.command("script history", of: "beta").value
                #expect((history as? [Any])?.count == 2, "\(history ?? "nothing")")

                // All of it outlives a restart.
                try #require(try beta.stop() == 0)
                try beta.start()
                let listed = try laboratory.command("script list 1 on beta").shown
                #expect(listed.contains("mirrorcomplete  \(script) x  delay, 0 runs"), "\(listed)")
                try laboratory.command("script delete 1 mirrorstart; sync 1")
                try laboratory.command("mirror start 1 different; waitonmirror 1")
                #expect(laboratory.points.count == 3, "\(laboratory.points)")

                // What others can change does not run, whatever was said before; and it is told.
                chmod(script, 0o777)
                try laboratory.command("mirror start 1 different; waitonmirror 1")
                #expect(laboratory.points.count == 3, "\(laboratory.points)")
                try Moment.require("the reason in STATUS", seconds: 10) {
                    let problem = try laboratory.status()["lastProblem"] as? String ?? ""
                    return problem.contains("mirrorcomplete script")
                        && problem.contains("can be changed by others")
                }
                let events = try laboratory.command("events", of: "beta").shown
                #expect(events.contains("script.failed"), "\(events)")

                try laboratory.command("disconnect 1")
                #expect(try laboratory.ask("script list 1 on beta").code == -107)
                let hooks = try laboratory.command("hooks list", of: "beta").shown
                #expect(hooks == "There are no hooks.")
            }
        }

        @Test("With DELAY a mirror waits for its script, and one that is stopped ends with another")
        func delay() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                let (alpha, beta) = try laboratory.startBoth()
                try laboratory.capture()
                try laboratory.command(laboratory.connectCommand + " nomirror")
                let waiting = try laboratory.task(
                    "wait.sh", "echo waits >> points; while [ ! -e go ]; do sleep 0.02; done")
                let note = try laboratory.task("note.sh", "echo $UNDERSTUDY_REASON >> points")
                try laboratory.command(
                    """
                    taskcmd enable on beta
                    script add 1 mirrorstart = '\(waiting)' delay timeout 20s
                    script add 1 mirrorstop = '\(note)'
                    mirror start 1
                    """)
                try Moment.require("the script", seconds: 10) { laboratory.points == ["waits"] }
                let waited = try laboratory.ask("waitonmirror 1 timeout 1 second")
                #expect(waited.code == -1001, "\(waited.text)")
                #expect(!FileManager.default.fileExists(atPath: laboratory.copy + "/acl"))
                try laboratory.command("mirror stop 1")
                laboratory.letGo()
                try Moment.require("the end of the mirror at the target", seconds: 10) {
                    laboratory.points == ["waits", "it was stopped"]
                }

                // A mirror whose source goes away ends, too; it begins again when the source is back.
                laboratory.holdBack()
                try laboratory.command("mirror start 1")
                try Moment.require("the second one", seconds: 10) { laboratory.points.count == 3 }
                try #require(try alpha.stop() == 0)
                try Moment.require("its end", seconds: 10) {
                    laboratory.points.last == "the link from the source ended"
                }
                laboratory.letGo()
                try alpha.start()
                try laboratory.command("waitonmirror 1")
                try laboratory.requireEqual("after a mirror that waited")
                #expect(beta.log.contains("'\(note)'") == false)

                // It waits no longer than it was told to.
                laboratory.holdBack()
                try laboratory.command(
                    """
                    script delete 1 mirrorstart
                    script add 1 mirrorcomplete = '\(waiting)' delay timeout 1s
                    sync 1; mirror start 1 different; waitonmirror 1 timeout 15 seconds
                    """)
                try Moment.require("what became of it", seconds: 10) {
                    let problem = try laboratory.status()["lastProblem"] as? String ?? ""
                    return problem.contains("took longer than 1.0 seconds")
                }
            }
        }

        @Test("RUN ... ON runs there, shows what is printed, and Ctrl-C ends it there")
        func runOnMachine() throws {
            try Laboratory.run { laboratory in
                try laboratory.start("beta")
                let script = try laboratory.task(
                    "run.sh", "echo $$ > pid; echo \"got $1\"; echo oops >&2; exit ${2:-0}")
                let run = "run '\(script)'"
                #expect(try laboratory.ask("\(run) on beta", of: "beta").code == -1032)
                try laboratory.command("taskcmd enable", of: "beta")
                let shown = try laboratory.dtcl(["-c", "\(run) args 'one' on beta"], json: false)
                #expect(shown.output == "got one\n" && shown.errors == "oops\n", "\(shown.text)")
                let answer = try laboratory.ask(
                    "$r = \(run) args 'one' on beta; write $r.output", of: "beta")
                #expect(answer.text.contains("got one"), "\(answer.text)")
                let failed = try laboratory.ask("\(run) args 'a 3' on beta", of: "beta")
                #expect(failed.code == -1030 && failed.message.contains("exit status 3"))
                #expect(try laboratory.ask("\(run) on gamma", of: "beta").message
                        .contains("known are 'beta'"))

                // Scripts of all languages reach the server that runs them.
                let asking = try laboratory.task(
                    "asks.dtcl", "$t = taskcmd list; WRITE \"enabled: \", $t.enabled", mode: 0o600)
                let asked = try laboratory.dtcl(["-c", "run '\(asking)' on beta"], json: false)
                #expect(asked.output == "enabled: TRUE\n", "\(asked.text)")
                let lua = try laboratory.task(
                    "asks.lua", "print(#dt.script.history(), dt.get('name'))", mode: 0o600)
                let answered = try laboratory.dtcl(["-c", "run '\(lua)' on beta"], json: false)
                #expect(answered.output == "5\tbeta\n", "\(answered.text)")
                let functions = laboratory.home + "/beta/hooks/functions.lua"
                try "function tidy(what) return 'tidied ' .. what end\n".write(
                    toFile: functions, atomically: true, encoding: .utf8)
                chmod(functions, 0o600)
                try laboratory.command("hooks reload", of: "beta")
                let called = try laboratory.dtcl(
                    ["-c", "$r = run LUA:tidy args 'up' on beta; write $r.value"], json: false)
                #expect(called.output == "tidied up\n", "\(called.text)")
                try laboratory.endsWithItsCommand()
            }
        }

        @Test("A session forgets a server at LOGOUT; settings are read, and set where that works")
        func logoutAndSettings() throws {
            try Laboratory.run { laboratory in
                _ = try laboratory.startBoth()
                let out = try laboratory.ask("logout alpha; repset list")
                #expect(out.code == -138 && out.message.contains("LOGIN alpha"), "\(out.text)")
                let other = try laboratory.ask("logout alpha; get name on beta")
                #expect(other.value as? String == "beta", "\(other.text)")
                #expect(try laboratory.ask("logout; get name on beta").code == -138)
                try laboratory.command("logout; login alpha; repset list; logout beta")

                #expect(try laboratory.command("get queueFreeMB").integer == 50)
                #expect(try laboratory.command("settings queue*").record.count == 5)
                let refused = try laboratory.ask("set port = 1600")
                #expect(refused.code == -101 && refused.message.contains("start it again"))
                #expect(try laboratory.ask("get queueFreMB").message.contains("'queueFreeMB'"))
                try laboratory.command("set enableTaskCmdProcessing = 1 on beta")
                #expect(
                    try laboratory.command("taskcmd list on beta").record["enabled"] as? Bool == true)
                #expect(
                    try laboratory.command("taskcmd list").record["enabled"] as? Bool == false)
            }
        }
    }
}

extension Laboratory {
    fileprivate var tasks: String { home + "/tasks" }

    /// A script of the administrator; it starts in the folder of the scripts' files.
    fileprivate func task(_ name: String, _ text: String, mode: mode_t = 0o755) throws -> String {
        mkdir(tasks, 0o755)
        let path = tasks + "/" + name
        let isShell = name.hasSuffix(".sh")
        let whole = isShell ? "#!/bin/sh\ncd '\(home)'\n\(text)\n" : text + "\n"
        try whole.write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, mode)
        return path
    }

    /// Lines that scripts have written.
    fileprivate var points: [String] {
        let text = try? String(contentsOfFile: home + "/points", encoding: .utf8)
        return (text ?? "").split(separator: "\n").map(String.init)
    }

    /// What scripts wait for.
    fileprivate func letGo() {
        _ = FileManager.default.createFile(atPath: home + "/go", contents: nil)
    }
    fileprivate func holdBack() { unlink(home + "/go") }

    /// A script is ended with all that it started when its command is interrupted.
    fileprivate func endsWithItsCommand() throws {
        let script = try task("long.sh", "sleep 61 & echo $! > sleeper; echo runs; wait")
        let words = servers.flatMap { ["--server", "\($0.name)=unix:\($0.socket)"] }
        let tool = try child(Programs.path("dtcl"), words + ["-c", "run '\(script)' on beta"])
        try Moment.require("the script's line", seconds: 10) { tool.output == "runs\n" }
        let text = try String(contentsOfFile: home + "/sleeper", encoding: .utf8)
        let sleeper = try #require(Int32(text.dropLast()))
        tool.signal(SIGINT)
        let interrupted = Date()
        #expect(try tool.wait(seconds: 5).status == 130)
        try Moment.require("the end of what it started", seconds: 5) { kill(sleeper, 0) != 0 }
        #expect(Date().timeIntervalSince(interrupted) < 2)
        let history = try command("script history 1", of: "beta").shown
        #expect(history.contains("interrupted"), "\(history)")
    }
}
