import CaptureControl
import CPosix
import CaptureFS
import Glibc
import Testing

/// Changes that do not come through the mount.
@Suite(.serialized)
struct TripwireTests {
    @Test func `what is changed around the mount is suspect, what comes by it is not`() throws {
        let rig = try CaptureRig(options: ["--tripwire", "on"]) { root in
            mkdir(root + "/d", 0o755)
            close(open(root + "/d/file", O_CREAT, 0o644))
        }
        defer { rig.stop() }
        // Where the system has no such thing the capture says so and goes on.
        guard !rig.log.contains("cannot be noticed") else { return }
        Probe(rig.root).make("d/other", "through the mount")
        unlink(rig.root + "/d/other")
        guard let backing = rig.askWithDescriptors(.hello).1.last else {
            Issue.record("no answer")
            return
        }
        defer { close(backing) }
        let file = openat(backing, "d/file", O_WRONLY)
        write(file, "x", 1)
        close(file)
        close(openat(backing, "new", O_CREAT | O_WRONLY, 0o600))
        var expected = Set<String>()
        for name in ["d/file", "new", "."] {
            var status = stat()
            fstatat(backing, name, &status, 0)
            expected.insert("\(status.st_ino).\(cposix_generation(backing, name, 0))")
        }
        var found = Set<String>()
        var entry = pollfd(fd: -1, events: 0, revents: 0)
        for _ in 0..<2000 where found.count < expected.count {
            guard case .ok(let fields)? = rig.ask(.suspects) else {
                Issue.record("no answer")
                return
            }
            found.formUnion((fields["files"] ?? "").split(separator: ",").map(String.init))
            #expect(fields["more"] == "0")
            poll(&entry, 1, 2)
        }
        #expect(found == expected)
        #expect(rig.count("around") >= 2)
    }
}
