import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// STATUS says what is believed and why; what cannot go on is shown and goes on when it can.
    @Suite(.serialized)
    struct Continuity {
        @Test("A restart that lost nothing says so, and since when that is so")
        func restart() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                let before = try laboratory.status()
                let since = try #require(before["unbrokenSince"] as? String)
                #expect(before["lastStartFound"] as? String == "connected" && !since.isEmpty)
                #expect(before["continuity"] as? String == "unbroken since \(since)")
                try #require(try alpha.stop() == 0)
                try alpha.start()
                try laboratory.settled()
                let after = try laboratory.status()
                #expect(after["unbrokenSince"] as? String == since, "\(after)")
                #expect(after["lastStartFound"] as? String == "captures went on, nothing lost")
                #expect(after["resyncScope"] as? String == "")
            }
        }

        @Test("Every way of coming back is told from the others, and looks at what it has to")
        func everyStart() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                try laboratory.makeTree(40)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                /// Starts again, after `harm`; answers STATUS when all is settled and equal.
                func comeBack(_ name: String, _ harm: () throws -> Void) throws -> [String: Any] {
                    try harm()
                    try alpha.start()
                    try laboratory.sync()
                    try laboratory.settled()
                    try laboratory.requireEqual("after \(name)")
                    return try laboratory.status()
                }
                func endAll() throws {
                    try alpha.kill()
                    laboratory.killCaptures()
                    try laboratory.shell("umount -l '\(source)'; date +%N > '\(source)/unseen'")
                }
                let begun = try laboratory.status()["unbrokenSince"] as? String

                // The captures go on without their daemon, however it ends.
                for (name, end) in [
                    ("a clean stop", { _ = try alpha.stop() }), ("kill -9", { try alpha.kill() }),
                ] {
                    let status = try comeBack(name) {
                        try end()
                        try laboratory.shell("echo '\(name)' > '\(source)/\(name)'")
                    }
                    let found = status["lastStartFound"] as? String
                    #expect(found == "captures went on, nothing lost", "\(name)")
                    #expect(status["resyncScope"] as? String == "", "\(name)")
                    #expect(status["unbrokenSince"] as? String == begun, "\(name)")
                }

                // Nobody saw what came between, and its queue is there.
                let unmounted = try comeBack("an unmounted time", endAll)
                #expect(
                    unmounted["lastStartFound"] as? String
                        == "journal memory found; not captured for some time: \(source)")
                #expect(
                    unmounted["resyncReason"] as? String
                        == "the path was not captured for some time")
                #expect(unmounted["resyncScope"] as? String == "hot groups and change times")
                #expect(unmounted["unbrokenSince"] as? String != begun)

                // The machine itself stopped: its memory is gone, and it has another boot.
                let cut = try comeBack("a power cut") {
                    try endAll()
                    let change =
                        "UPDATE setting SET value = 'the boot of before' WHERE name = 'boot'"
                    try laboratory.shell(
                        """
                        rm -r '\(home)'/alpha/memory/*
                        python3 -c "import sqlite3, sys; one = sqlite3.connect(sys.argv[1])
                        one.execute(sys.argv[2]); one.commit()" '\(home)/alpha/state.sqlite' \
                            "\(change)"
                        """)
                }
                #expect(
                    cut["lastStartFound"] as? String
                        == "power cut: queue lost; not captured for some time: \(source)")
                #expect(
                    cut["resyncReason"] as? String == "the source's queue did not survive")
                #expect(cut["resyncScope"] as? String == "hot groups and change times")
            }
        }

        @Test("A lost queue is named, with what was looked at and what was found")
        func lostQueue() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                let since = try laboratory.status()["unbrokenSince"] as? String
                try alpha.kill()
                laboratory.killCaptures()
                try laboratory.shell(
                    """
                    rm -r '\(laboratory.home)'/alpha/memory/*; umount -l '\(laboratory.source)'
                    echo unseen > '\(laboratory.source)/unseen'
                    """)
                try alpha.start()
                try laboratory.sync()
                try laboratory.settled()
                let status = try laboratory.status()
                let shown = try laboratory.command("status connection 1").shown
                let found = status["lastStartFound"] as? String ?? ""
                #expect(found.hasPrefix("journal memory gone: queue lost; not captured for some"))
                #expect(status["resyncScope"] as? String == "hot groups and change times")
                for field in ["resyncStarted", "resyncEnded", "resyncChangedSince"] {
                    #expect(status[field] as? String != "", "\(field): \(shown)")
                }
                #expect(try laboratory.counter("resyncObjects") > 60)
                #expect(try laboratory.counter("resyncSuspect") > 0)
                let now = try #require(status["unbrokenSince"] as? String)
                #expect(now != since && now == status["resyncStarted"] as? String, "\(shown)")
                #expect(shown.contains("hot groups ") && shown.contains(", changes since "))
                #expect(shown.contains(" objects looked at, "), "\(shown)")
                try laboratory.requireEqual("after a resync")
            }
        }

        @Test("A capture whose server is killed says that it was taken over")
        func takenOver() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                _ = try laboratory.startBoth()
                try laboratory.protect()
                let keeper = try #require(laboratory.captures.first)
                let children = try laboratory.shell("pgrep -P \(keeper)")
                let server = try #require(Int32(children.split(separator: "\n").first ?? ""))
                kill(server, SIGKILL)
                try Moment.require("news of the takeover", seconds: 20) {
                    try laboratory.counter("takeovers") == 1
                }
                let status = try laboratory.command("status connection 1")
                #expect(
                    status.shown.contains(
                        "capture of \(laboratory.source) was ended and taken over 1 time"),
                    "\(status.shown)")
                #expect(
                    (status.record["continuity"] as? String)?.hasPrefix("unbroken since") == true)
            }
        }

        @Test("With the tripwire, what is changed around the mount is noticed and replicated")
        func tripwire() throws {
            try Laboratory.run { laboratory in
                let (source, around) = (laboratory.source, laboratory.home + "/around")
                try laboratory.makeTree(30)
                try laboratory.shell("mkdir '\(around)'; mount --bind '\(source)' '\(around)'")
                try laboratory.start("alpha", settings: "captureTripwire: on\n")
                try laboratory.start("beta")
                try laboratory.protect()
                try laboratory.shell(
                    "cd '\(around)'; echo around > new; mkdir deep; echo more > deep/file")
                try Moment.require("news of changes around the mount", seconds: 20) {
                    try laboratory.counter("changesAround") > 0
                }
                try Moment.require("the copy of what came around", seconds: 30) {
                    FileManager.default.fileExists(atPath: laboratory.copy + "/deep/file")
                }
                try laboratory.sync()
                try laboratory.shell(
                    "cd '\(around)'; cmp new '\(laboratory.copy)/new'; cmp deep/file "
                        + "'\(laboratory.copy)/deep/file'")
                let status = try laboratory.command("status connection 1")
                #expect(status.shown.contains("changed around the mount: \(source)"))
                #expect(
                    status.record["resyncReason"] as? String
                        == "files were changed around the mount", "\(status.shown)")
            }
        }

        @Test("A folder that is gone at the start is shown, waited for, and compared when it is back")
        func folderGone() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                try alpha.kill()
                laboratory.killCaptures()
                let source = laboratory.source
                try laboratory.shell("umount -l '\(source)'; mv '\(source)' '\(source) away'")
                try alpha.start()
                try laboratory.requireError("No such file or directory")
                let refused = try laboratory.ask("sync 1 timeout 5 seconds")
                #expect(refused.status != 0 && refused.message.contains("cannot be used"))
                for command in ["waitonmirror 1", "mirror start 1 different", "verify 1"] {
                    let refused = try laboratory.ask(command)
                    #expect(
                        refused.message.contains("connection 1 cannot go on: "), "\(refused.text)")
                }
                let listed = try laboratory.command("connections; dtfs list")
                #expect(listed.shown.contains("Error") && listed.shown.contains("not captured: "))

                // An empty folder where the disk was mounted is not the folder.
                try laboratory.shell("mkdir '\(source)'")
                try laboratory.requireError("another folder than the one that was captured")
                let left = try laboratory.shell("ls '\(laboratory.copy)' | wc -l")
                #expect(Int(left.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 > 5)

                try laboratory.shell(
                    """
                    echo unseen > '\(source) away/unseen'
                    rmdir '\(source)'; mv '\(source) away' '\(source)'
                    """)
                try Moment.require("the connection's going on", seconds: 30) {
                    try laboratory.status()["targetState"] as? String == "OK"
                }
                try laboratory.sync()
                try laboratory.requireEqual("after the folder came back")
                let status = try laboratory.status()
                #expect(status["resyncEnded"] as? String != "", "\(status)")
                #expect(try laboratory.shell("cat '\(laboratory.copy)/unseen'") == "unseen\n")
                try laboratory.shell("echo later > '\(source)/later'")
                try laboratory.sync()
                try laboratory.requireEqual("after a change through the new capture")
            }
        }

        @Test("Another folder is captured when somebody says so; a waiting connection can be ended")
        func otherFolder() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                try alpha.kill()
                laboratory.killCaptures()
                let source = laboratory.source
                try laboratory.shell(
                    """
                    umount -l '\(source)'; mv '\(source)' '\(source) away'
                    cp -a '\(source) away' '\(source)'; echo new > '\(source)/new'
                    """)
                try alpha.start()
                try laboratory.requireError("another folder than the one that was captured")
                try laboratory.command("dtfs mount '\(source)'")
                try Moment.require("the connection's going on", seconds: 30) {
                    try laboratory.status()["targetState"] as? String == "OK"
                }
                try laboratory.sync()
                try laboratory.requireEqual("after another folder took the place")

                try alpha.kill()
                laboratory.killCaptures()
                try laboratory.shell("umount -l '\(source)'; rm -r '\(source)'")
                try alpha.start()
                try laboratory.requireError("No such file or directory")
                try laboratory.command("disconnect 1; dtfs unmount '\(source)'")
                let connections = try laboratory.command("connections").value as? [Any]
                #expect(connections?.isEmpty == true)
            }
        }

        @Test("Only as much memory is reserved as was asked for")
        func memory() throws {
            try Laboratory.run { laboratory in
                try laboratory.start("alpha", settings: "journalMemoryMB: 32\n")
                let size = try laboratory.shell(
                    "du -sLB1 '\(laboratory.home)/alpha/memory' | cut -f1")
                let bytes = try #require(Int(size.trimmingCharacters(in: .whitespacesAndNewlines)))
                #expect(bytes <= 33 << 20 && bytes >= 31 << 20, "\(bytes)")
            }
        }
    }
}

extension Laboratory {
    fileprivate func settled() throws {
        try Moment.require("the settled end of a resync", seconds: 20) {
            try status()["settled"] as? Bool == true
        }
    }

    fileprivate func requireError(_ reason: String) throws {
        try Moment.require("an error that names '\(reason)'", seconds: 20) {
            let status = try status()
            return status["targetState"] as? String == "Error"
                && (status["reason"] as? String)?.contains(reason) == true
        }
    }
}
