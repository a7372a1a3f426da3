import CPosix
import Glibc
import Testing

/// Handles of the mount's own, as a server of network file systems keeps them.
@Suite(.serialized)
struct CaptureHandleTests {
    @Test func `files and folders are found again by their handles`() throws {
        let rig = try CaptureRig { root in
            mkdir(root + "/a", 0o755)
            mkdir(root + "/a/b", 0o755)
            Probe(root).make("a/b/file", "text")
        }
        defer { rig.stop() }
        let mount = open(rig.root, O_RDONLY | O_DIRECTORY)
        defer { close(mount) }
        for name in ["a", "a/b", "a/b/file"] {
            var bytes = [UInt8](repeating: 0, count: 128)
            var type: CInt = 0
            let count = cposix_handle(mount, name, 0, &bytes, &type)
            #expect(count > 0, "\(name)")
            let found = cposix_openHandle(mount, bytes, count, type, O_RDONLY)
            #expect(found >= 0, "\(name)")
            var status = stat()
            fstat(found, &status)
            var expected = stat()
            stat(rig.root + "/" + name, &expected)
            #expect(status.st_ino == expected.st_ino)
            close(found)
        }
        let probe = Probe(rig.root)
        unlink(rig.root + "/a/b/file")
        probe.status("a/b/file")
        #expect(probe.lines == ["status a/b/file: errno 2"])
    }
}
