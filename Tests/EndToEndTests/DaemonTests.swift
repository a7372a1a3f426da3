import Foundation
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct Daemon {
        @Test("Help is shown, and what cannot start says why")
        func commandLine() throws {
            try Laboratory.run { laboratory in
                let program = Programs.path("understudyd")
                let help = try laboratory.child(program, ["--help"]).wait(seconds: 10)
                #expect(help.status == 0 && help.output.contains("EXAMPLES"), "\(help.text)")
                let nothing = try laboratory.child(program, []).wait(seconds: 10)
                #expect(nothing.status == 64 && !nothing.errors.isEmpty, "\(nothing.text)")

                let alpha = try laboratory.start("alpha")
                let second = try laboratory.child(program, alpha.arguments).wait(seconds: 10)
                #expect(second.status == 1, "\(second.text)")
                let process = try #require(alpha.child).process
                #expect(second.errors.contains("another understudyd (pid \(process)) uses"))
                // The first one does not notice.
                try laboratory.command("repset list")
                try #require(try alpha.stop() == 0)
            }
        }

        @Test("A stop leaves captures and applications alone; a start goes on without a mirror")
        func stopAndStart() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(100)
                let (alpha, beta) = try laboratory.startBoth()
                try laboratory.protect()
                let captures = laboratory.captures
                try laboratory.survives("a stop of both", seconds: 4) {
                    try #require(try alpha.stop() == 0)
                    try #require(try beta.stop() == 0)
                    try #require(Mounts.isCaptured(laboratory.source))
                    try laboratory.shell(
                        "echo alone > '\(laboratory.source)/written without servers'")
                    try beta.start()
                    try alpha.start()
                }
                #expect(laboratory.captures == captures)

                // The orderly end leaves a plain folder with everything in it.
                try laboratory.command("disconnect *; dtfs unmount '\(laboratory.source)'")
                try #require(!Mounts.isCaptured(laboratory.source))
                // A server that was started again is not its parent, and does not wait for it.
                try Moment.require("the end of the capture", seconds: 10) {
                    laboratory.captures.isEmpty
                }
                let outcome = try laboratory.child(
                    Programs.script("Support/compare-trees"), [laboratory.source, laboratory.copy]
                ).wait(seconds: 30)
                #expect(!outcome.output.contains("only in"), "\(outcome.text)")
            }
        }

        @Test("A killed capture's dead mount and a killed daemon's socket are cleared at the start")
        func leftovers() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                let capture = try #require(laboratory.captures.first)
                try alpha.kill()
                kill(-capture, SIGKILL)
                try Moment.require("the capture's end", seconds: 5) { laboratory.captures.isEmpty }
                #expect(FileManager.default.fileExists(atPath: alpha.socket))
                let opened = open(laboratory.source + "/new", O_CREAT, 0o600)
                let reason = errno
                #expect(opened < 0 && [ENOTCONN, ECONNABORTED].contains(reason), "\(reason)")

                // What changes while nobody looks is looked for.
                umount2(laboratory.source, Int32(MNT_DETACH))
                try laboratory.shell("cd '\(laboratory.source)'; echo unseen > unseen; rm -rf acl")
                try alpha.start()
                try #require(Mounts.isCaptured(laboratory.source))
                try laboratory.command("sync 1 timeout 30 seconds", seconds: 40)
                try laboratory.requireEqual("after a resync that nobody asked for")
                #expect(alpha.log.contains("the path was not captured for some time"))
                #expect(alpha.log.contains("resync completed"))
            }
        }

        @Test("A dead mount that was left in place is cleared at the start")
        func deadMount() throws {
            try Laboratory.run { laboratory in
                let alpha = try laboratory.start("alpha")
                try laboratory.shell(
                    "mkdir '\(laboratory.source)'; echo text > '\(laboratory.source)/file'")
                try laboratory.command("dtfs mount '\(laboratory.source)'")
                let capture = try #require(laboratory.captures.first)
                try alpha.kill()
                kill(-capture, SIGKILL)
                try Moment.require("the capture's end", seconds: 5) { laboratory.captures.isEmpty }
                try alpha.start()
                try #require(Mounts.isCaptured(laboratory.source))
                try #require(try laboratory.shell("cat '\(laboratory.source)/file'") == "text\n")
                try #require(Mounts.all.filter { $0 == laboratory.source }.count == 1)
            }
        }

        @Test("Connection ids count from 1, and living ones keep theirs across restarts")
        func connectionIDs() throws {
            try Laboratory.run { laboratory in
                let home = laboratory.home
                let (alpha, _) = try laboratory.startBoth()
                for name in ["one", "two", "three"] {
                    try laboratory.shell(
                        "mkdir -p '\(home)/\(name)'; echo \(name) > '\(home)/\(name)/file'")
                    try laboratory.capture("\(home)/\(name)", set: name)
                    try laboratory.connect(name)
                }
                try #require(try laboratory.connectionIDs() == [1, 2, 3])
                try laboratory.command("disconnect 2")
                try #require(try alpha.stop() == 0)
                try alpha.start()
                try #require(try laboratory.connectionIDs() == [1, 3])
                let again = try laboratory.connect("two")
                try #require(![1, 3].contains(again))
                try #require(try laboratory.connectionIDs() == [1, 3, again].sorted())
                try laboratory.shell("echo more >> '\(home)/one/file'")
                try laboratory.sync()
                try laboratory.shell("cmp '\(home)/one/file' '\(home)/copies/one/file'")
                let listed = try laboratory.shell("cat '\(home)/alpha/dtfs_mounts'")
                for name in ["one", "two", "three"] {
                    #expect(listed.contains("\(home)/\(name)\n"))
                }
                try laboratory.command("disconnect *")
                try #require(try laboratory.connectionIDs() == [])
            }
        }
    }
}

extension Laboratory {
    @discardableResult
    fileprivate func connect(_ set: String) throws -> Int {
        let answer = try command(
            "connect \(set) to beta map '\(home)/\(set)' to '\(home)/copies/\(set)'")
        let id = try #require(answer.integer)
        try command("waitonmirror \(id) timeout 20 seconds")
        return id
    }

    fileprivate func connectionIDs() throws -> [Int] {
        let list = try command("connections").value as? [[String: Any]] ?? []
        return list.compactMap { ($0["connection"] as? NSNumber)?.intValue }.sorted()
    }
}
