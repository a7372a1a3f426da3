import Foundation
import Testing

extension EndToEnd {
    /// What cannot be done is refused with a code and a clear message, and changes nothing.
    @Suite(.serialized)
    struct BadInput {
        /// A command, its code (0: dtcl itself finds that the text is wrong), a piece of what it
        /// says.
        typealias Refusal = (command: String, code: Int, says: String)

        @Test("What cannot be captured or released is refused and changes nothing")
        func mounts() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                try laboratory.shell(
                    """
                    cd '\(home)'; mkdir -p protected/inner busy holder/inner
                    echo text > protected/file
                    mount -t tmpfs submount holder/inner; ln -s / root
                    """)
                _ = try laboratory.startBoth()
                try laboratory.command("dtfs mount '\(source)'")
                let busy = try laboratory.child(
                    "/bin/sh", ["-c", "cd '\(home)/busy'; exec 9>held; exec sleep 60"])
                try Moment.require("a process that holds a file", seconds: 5) {
                    FileManager.default.fileExists(atPath: home + "/busy/held")
                }
                try laboratory.refuses([
                    ("dtfs mount '/'", -1011, "cannot be captured"),
                    ("dtfs mount '\(home)/root'", -1011, "cannot be captured"),
                    ("dtfs mount 'relative/path'", 0, "expected a path from the root"),
                    ("dtfs mount '\(home)/nowhere'", -140, "No such file"),
                    ("dtfs mount '\(source)/file'", -1011, "is no folder"),
                    ("dtfs mount '\(source)'", -1011, "captured already"),
                    ("dtfs mount '\(source)/inner'", -1011, "lie in one another"),
                    ("dtfs mount '\(home)/alpha'", -1011, "own folder"),
                    ("dtfs mount '\(home)/alpha/log'", -1011, "own folder"),
                    ("dtfs mount '\(home)'", -1011, "lie in one another"),
                    ("dtfs mount '\(home)/holder'", -1011, "is a mount below"),
                    ("dtfs mount '\(home)/busy'", -1011, "sleep (\(busy.process))"),
                    ("dtfs unmount '\(home)/busy'", -1012, "is no DTFS mount"),
                    ("dtfs unmount '\(source)/inner'", -1012, "is no DTFS mount"),
                    ("dtfs unmount '/proc'", -1012, "is no DTFS mount"),
                ])
                try #require(!Mounts.isCaptured(home + "/busy"))
                // The other server sees the capture of the first one.
                try laboratory.refuses(
                    [("dtfs mount '\(source)'", -1011, "captured by another server")], by: "beta")

                try laboratory.command("dtfs mount '\(home)/busy' force")
                try #require(Mounts.isCaptured(home + "/busy"))
                try laboratory.command("dtfs unmount '\(home)/busy'; dtfs unmount '\(source)'")
                try #require(!Mounts.isCaptured(home + "/busy") && !Mounts.isCaptured(source))
                try #require(laboratory.captures.isEmpty)
                try #require(try laboratory.shell("cat '\(source)/file'") == "text\n")
            }
        }

        @Test("What cannot be connected is refused and changes nothing")
        func connections() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                try laboratory.shell(
                    """
                    cd '\(home)'; mkdir -p protected/inner elsewhere; echo text > protected/file
                    ln -s protected/inner disguised; ln -s protected same
                    """)
                _ = try laboratory.startBoth()
                try laboratory.capture()
                try laboratory.command(
                    """
                    repset create unsaved; repset rule add '\(source)' include to unsaved
                    repset create gone; repset rule add '\(home)/nowhere' include to gone
                    repset save gone
                    repset create uncaptured
                    repset rule add '\(home)/elsewhere' include to uncaptured
                    repset save uncaptured; repset create empty; repset save empty
                    """)
                func connect(_ set: String, _ path: String, to target: String = "beta") -> String {
                    "connect \(set) to \(target) map '\(source)' to '\(path)'"
                }
                let fine = laboratory.copy
                try laboratory.refuses([
                    (connect("missing", fine), -123, "missing"),
                    (connect("unsaved", fine), -144, "not saved"),
                    (connect("empty", fine), -136, "includes nothing"),
                    (connect("gone", fine), -140, "nowhere"),
                    ("connect uncaptured to beta map exact", -1013, "DTFS MOUNT"),
                    (connect("protected", fine, to: "gamma"), -109, "gamma"),
                    (connect("protected", fine, to: "alpha"), -1010, "itself"),
                    (connect("protected", source), -1010, "lie in one another"),
                    (connect("protected", source + "/inner/copy"), -1010, "lie in one another"),
                    (connect("protected", home), -1010, "lie in one another"),
                    (connect("protected", "\(home)/disguised"), -1010, "lie in one another"),
                    (connect("protected", "\(home)/same/copy"), -1010, "lie in one another"),
                    ("connect protected to beta map exact", -1010, "lie in one another"),
                    (connect("protected", "\(home)/beta/copy"), -1010, "own folder"),
                    (connect("protected", "/"), -145, "cannot be a target"),
                    (connect("protected", "not/absolute"), 0, "expected a path from the root"),
                    (
                        "connect protected to beta map '/other' to '\(fine)'", -101,
                        "says nothing of"
                    ),
                    ("sync 7", -107, "no connection 7"), ("disconnect 7", -107, "no connection 7"),
                    ("mirror start 7", -107, "no connection 7"),
                    ("verify 7", -107, "no connection 7"),
                    ("repset create protected", -122, "protected"),
                    ("repset create 'a/b'", 0, "a/b"), ("repset delete nothing", -123, "nothing"),
                    ("repset rule remove '/nowhere' from protected", -136, "nowhere"),
                ])
                try #require(!FileManager.default.fileExists(atPath: fine))

                try laboratory.command(laboratory.connectCommand + "; waitonmirror 1")
                try laboratory.command(
                    "repset save unsaved; dtfs mount '\(home)/elsewhere'")
                let second = "connect uncaptured to beta map '\(home)/elsewhere' to "
                try laboratory.refuses([
                    (connect("unsaved", fine), -1010, "overlaps"),
                    (second + "'\(fine)/below'", -1010, "overlaps"),
                    ("repset delete protected", -130, "protected"),
                    ("dtfs unmount '\(source)'", -1011, "connection 1"),
                ])
                try laboratory.sync()
                try laboratory.requireEqual("after what was refused")
            }
        }

        @Test("Commands to a server that nobody knows or that does not run fail with a code")
        func servers() throws {
            try Laboratory.run { laboratory in
                let alpha = try laboratory.start("alpha")
                let unknown = try laboratory.dtcl(["-c", "source gamma; repset list"])
                #expect(Answer(unknown).code == -109 && unknown.status != 0, "\(unknown.text)")
                try alpha.kill()
                let dead = try laboratory.dtcl(["-c", "source alpha; repset list"])
                #expect(dead.status == 3, "\(dead.text)")
            }
        }
    }
}

extension Laboratory {
    /// Every command fails as told, and afterwards everything is as it was.
    func refuses(_ refusals: [EndToEnd.BadInput.Refusal], by server: String = "alpha") throws {
        let before = try everything(server)
        for refusal in refusals {
            let answer = try ask(refusal.command, of: server)
            let status = [0: 2, -109: 3][refusal.code, default: 1]
            #expect(
                answer.code ?? 0 == refusal.code && answer.message.contains(refusal.says)
                    && answer.status == status,
                "\(refusal.command): expected \(refusal.code) '\(refusal.says)', got \(answer.text)"
            )
        }
        let after = try everything(server)
        try #require(after == before, "a refused command changed something:\n\(before)\n\(after)")
    }

    private func everything(_ server: String) throws -> String {
        let commands = "connections; dtfs list; repset list"
        let lists = try command(commands, of: server).shown
        return lists + "\n" + Mounts.all.filter { $0.hasPrefix(home) }.joined(separator: "\n")
    }
}
