import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Applications that reach a protected folder without its capture: they are found and named,
    /// what they change is compared, and nothing is believed that was not seen.
    @Suite(.serialized)
    struct Around {
        @Test("A file opened in the moment without a capture is named, and its last state arrives")
        func openedBetween() throws {
            try Laboratory.run { laboratory in
                let source = laboratory.source
                try laboratory.makeTree(20, with: "victim")
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                // The whole capture is killed, and the daemon is late with the next one.
                let daemon = try #require(alpha.child)
                daemon.signal(SIGSTOP)
                laboratory.killCaptures()
                umount2(source, Int32(MNT_DETACH))
                let file = try OpenFile(source + "/victim")
                file.write("before", at: 10)
                daemon.signal(SIGCONT)
                try laboratory.namesOpen("victim")
                try laboratory.comesTo("OK")
                let status = try laboratory.command("status connection 1")
                #expect(status.record["settled"] as? Bool == false, "\(status.shown)")
                let continuity = status.record["continuity"] as? String ?? ""
                #expect(
                    continuity.hasPrefix("broken since")
                        && continuity.hasSuffix(": files were open around the mount"))
                let name = "written around the mount: \(source)/victim by "
                #expect(status.shown.contains(name), "\(status.shown)")
                #expect(status.shown.contains("(\(getpid()))"), "\(status.shown)")

                // Size and times stay what they are: only the content tells.
                file.write("after", at: 100_000)
                file.close()
                try laboratory.settles()
                try laboratory.requireEqual("after the file was closed")
                let end = try laboratory.status()
                #expect(end["resyncReason"] as? String == "files were open around the mount")
                #expect(end["resyncScope"] as? String == "marks")
                #expect(try laboratory.counter("resyncSuspect") == 1)
                #expect((end["continuity"] as? String)?.hasPrefix("unbroken since") == true)
                #expect((end["openAround"] as? [Any])?.isEmpty == true)
            }
        }

        @Test("A capture that is killed again while it comes back is not taken for back")
        func killedAgain() throws {
            try Laboratory.run { laboratory in
                let source = laboratory.source
                try laboratory.makeTree(20)
                _ = try laboratory.startBoth()
                try laboratory.protect()
                let writer = try laboratory.child(
                    "/bin/bash",
                    [
                        "-c",
                        """
                        cd /; while [ ! -e '\(laboratory.home)/enough' ]; do
                            n=$((RANDOM % 100)); d='\(source)'/d$((n % 7))
                            mkdir $d; echo $n > $d/$n; mv $d/$n $d/m; rm -r $d
                        done 2> /dev/null; true
                        """,
                    ])
                for _ in 0..<8 {
                    laboratory.killCaptures()
                    try Moment.require("the next capture", seconds: 20) {
                        !laboratory.captures.isEmpty
                    }
                }
                try laboratory.shell("touch '\(laboratory.home)/enough'")
                #expect(try writer.wait(seconds: 20).status == 0)
                try Moment.require("the last capture", seconds: 20) {
                    Mounts.isCaptured(source)
                }
                try laboratory.settles()
                try laboratory.requireEqual("after the last capture came")
                let points = Mounts.all.filter { $0 == source }
                #expect(points.count == 1, "\(points)")
            }
        }

        @Test("A daemon started after the application finds its files, mapped ones too")
        func startedLater() throws {
            try Laboratory.run { laboratory in
                let source = laboratory.source
                try laboratory.makeTree(20, with: "mapped")
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                try alpha.kill()
                laboratory.killCaptures()
                umount2(source, Int32(MNT_DETACH))
                let file = try OpenFile(source + "/mapped")
                let memory = try #require(file.map(200_000))
                file.close()
                try alpha.start()
                try laboratory.namesOpen("mapped")
                let found = try laboratory.status()["lastStartFound"] as? String ?? ""
                #expect(
                    found.contains("; not captured for some time: \(source)")
                        && found.contains("; files were open around the mount: \(source)"),
                    "\(found)")
                try laboratory.comesTo("OK")
                memory[70_000] = 7
                munmap(memory, 200_000)
                try laboratory.settles()
                try laboratory.requireEqual("after the file was unmapped")
            }
        }

        @Test("DTFS MOUNT refuses what is held open, and with FORCE watches it until it is closed")
        func forced() throws {
            try Laboratory.run { laboratory in
                let source = laboratory.source
                try laboratory.makeTree(20, with: "victim")
                _ = try laboratory.startBoth()
                let file = try OpenFile(source + "/victim")
                // Names that it makes from where it stands would not be seen either.
                let standing = try laboratory.child(
                    "/bin/bash", ["-c", "cd '\(source)'; exec sleep 600"])
                try Moment.require("a process that works in the folder", seconds: 10) {
                    let place = "/proc/\(standing.process)/cwd"
                    let manager = FileManager.default
                    return try manager.destinationOfSymbolicLink(atPath: place) == source
                }
                let refused = try laboratory.ask("dtfs mount '\(source)'")
                #expect(
                    refused.status != 0 && refused.message.contains("\(source)/victim"),
                    "\(refused.text)")
                let forced = try laboratory.command("dtfs mount '\(source)' force")
                #expect(
                    forced.shown.contains("written around the mount: \(source)/victim by "),
                    "\(forced.shown)")
                let works = "around \(source): sleep (\(standing.process)) works in \(source)"
                #expect(forced.shown.contains(works), "\(forced.shown)")
                try laboratory.protectCaptured()
                let continuity = try laboratory.status()["continuity"] as? String
                #expect(continuity == "none: files were open around the mount")
                file.write("around", at: 5)
                file.close()
                try laboratory.settles()
                try laboratory.requireEqual("after the file was closed")
            }
        }

        @Test("What was open around the mount is compared when it was closed without a daemon")
        func closedWithoutDaemon() throws {
            try Laboratory.run { laboratory in
                let source = laboratory.source
                try laboratory.makeTree(20, with: "victim")
                let (alpha, _) = try laboratory.startBoth()
                let file = try OpenFile(source + "/victim")
                try laboratory.command("dtfs mount '\(source)' force")
                try laboratory.protectCaptured()
                // A mirror whose end is not on the target's disk yet would begin again.
                try laboratory.sync()
                try alpha.kill()
                file.write("nobody looks", at: 5)
                file.close()
                try alpha.start()
                let found = try laboratory.status()["lastStartFound"] as? String
                #expect(
                    found == "captures went on; files were open around the mount: \(source)")
                try laboratory.settles()
                try laboratory.requireEqual("after a resync of what had been open")
                let end = try laboratory.command("status connection 1")
                #expect(end.record["resyncScope"] as? String == "marks", "\(end.shown)")
            }
        }

        @Test("Ways around a capture are named, and the tripwire notices what comes by them")
        func ways() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                try laboratory.makeTree(20)
                // A namespace of before, one with the folder at a place of its own, the path below.
                let old = try laboratory.namespace("")
                let container = try laboratory.namespace(
                    "mkdir '\(home)/inside'; mount --bind '\(source)' '\(home)/inside'")
                try laboratory.shell(
                    "mkdir '\(home)/below'; mount --bind '\(home)' '\(home)/below'")
                try laboratory.start("alpha", settings: "captureTripwire: on\n")
                try laboratory.start("beta")
                try laboratory.protect()
                let shown = try laboratory.command("status connection 1").shown
                for way in [
                    "it shows at \(home)/below/protected as well",
                    "it shows at \(source) in the mounts of sleep (\(old))",
                    "it shows at \(home)/inside in the mounts of sleep (\(container))",
                ] {
                    #expect(shown.contains("around \(source): \(way)"), "\(way)\n\(shown)")
                }
                try laboratory.shell(
                    """
                    nsenter -m -t \(old) bash -c "echo old > '\(source)/from the old one'"
                    nsenter -m -t \(container) bash -c "echo in > '\(home)/inside/from inside'"
                    echo below > '\(home)/below/protected/from below'
                    """)
                // A change that came while the first ones were looked at has a resync of its own.
                try Moment.require("equal trees", seconds: 80) {
                    let outcome = try laboratory.child(
                        Programs.script("Support/compare-trees"), [source, laboratory.copy]
                    ).wait(seconds: 60)
                    return outcome.status == 0
                }
                #expect(try laboratory.counter("changesAround") >= 3)
            }
        }

        @Test("Another disk at the same place is not taken for the disk that was captured")
        func otherDisk() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                try laboratory.shell(
                    """
                    mkdir '\(source)'; cd '\(home)'
                    for disk in one two; do
                        truncate -s 16M $disk; mkfs.ext4 -q -E root_owner $disk
                    done
                    mount -o loop one '\(source)'; echo one > '\(source)/file'
                    """)
                let (alpha, _) = try laboratory.startBoth()
                try laboratory.protect()
                try alpha.kill()
                laboratory.killCaptures()
                try laboratory.shell(
                    """
                    umount -l '\(source)'; umount '\(source)'
                    mount -o loop '\(home)/two' '\(source)'
                    """)
                try alpha.start()
                try Moment.require("an error that says so", seconds: 20) {
                    let status = try laboratory.status()
                    let reason = status["reason"] as? String ?? ""
                    return status["targetState"] as? String == "Error"
                        && reason.contains("another folder than the one that was captured")
                }
                #expect(FileManager.default.fileExists(atPath: laboratory.copy + "/file"))
                try laboratory.shell(
                    "umount '\(source)'; mount -o loop '\(home)/one' '\(source)'")
                try laboratory.comesTo("OK")
                try laboratory.settles()
                #expect(try laboratory.shell("cat '\(laboratory.copy)/file'") == "one\n")
            }
        }
    }
}

/// A file that this process has open for writing.
private final class OpenFile {
    private var descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path)")
    }

    deinit { close() }

    func write(_ text: String, at offset: Int) {
        let bytes = Array(text.utf8)
        #expect(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
    }

    func map(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
        let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        return memory == MAP_FAILED ? nil : memory?.assumingMemoryBound(to: UInt8.self)
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

extension Laboratory {
    fileprivate func namesOpen(_ name: String) throws {
        try Moment.require("'\(name)' among what is open around the mount", seconds: 20) {
            try status()["openAround"] as? [String] == [source + "/" + name]
        }
    }

    /// A tree, and a file of zeros in it.
    fileprivate func makeTree(_ count: Int, with name: String) throws {
        try makeTree(count)
        try shell("head -c 200000 /dev/zero > '\(source)/\(name)'")
    }

    /// Connects a folder that is captured already.
    fileprivate func protectCaptured() throws {
        try command(
            """
            repset create protected; repset rule add '\(source)' include to protected
            repset save protected; \(connectCommand)
            waitonmirror 1
            """, seconds: 60)
        try comesTo("OK")
    }

    fileprivate func comesTo(_ state: String) throws {
        try Moment.require("the state \(state)", seconds: 40) {
            try status()["targetState"] as? String == state
        }
    }

    fileprivate func settles() throws {
        try Moment.require("the settled end of a resync", seconds: 60) {
            try sync()
            return try status()["settled"] as? Bool == true
        }
    }

    /// A mount namespace of its own in which `command` was run; answers the process that keeps it.
    fileprivate func namespace(_ command: String) throws -> Int32 {
        let ready = "\(home)/namespace-\(UUID().uuidString)"
        let child = try child(
            "/usr/bin/unshare",
            ["-m", "/bin/bash", "-c", "set -e; \(command)\ntouch '\(ready)'; exec sleep 600"])
        try Moment.require("a mount namespace", seconds: 10) {
            FileManager.default.fileExists(atPath: ready)
        }
        try Moment.require("its keeper", seconds: 10) {
            let name = try? String(contentsOfFile: "/proc/\(child.process)/comm", encoding: .utf8)
            return name == "sleep\n"
        }
        return child.process
    }
}
