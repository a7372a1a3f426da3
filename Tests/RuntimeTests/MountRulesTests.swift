import CaptureControl
import CommandModel
import Testing

@testable import Runtime

@Suite("Which paths may be captured")
struct MountRulesTests {
    let table = MountTable(
        Array(
            """
            22 1 8:1 / / rw,relatime - ext4 /dev/vda rw
            30 22 8:2 / /srv/with\\040blank rw shared:1 - ext4 /dev/vdb rw
            31 22 0:40 / /srv/captured rw - fuse.understudy understudy rw
            """.utf8))

    func problem(
        _ path: String, force: Bool = false, captured: [String] = [],
        holders: [OpenFileScan.Holder] = []
    ) -> String? {
        let facts = MountRules.Facts(
            mounts: table, ownFolders: ["/var/lib/understudy"], captured: captured,
            holders: holders)
        do throws(CommandError) {
            try MountRules.check(path, force: force, facts)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("a plain folder is allowed")
    func plain() {
        #expect(problem("/srv/data") == nil)
    }

    @Test("the root, own folders, submounts and captured paths are refused")
    func refused() {
        #expect(problem("/")?.contains("cannot be captured") == true)
        #expect(problem("/var/lib")?.contains("own folder") == true)
        #expect(problem("/var/lib/understudy/x")?.contains("own folder") == true)
        #expect(problem("/srv")?.contains("mount below") == true)
        #expect(problem("/srv/captured")?.contains("another server") == true)
        #expect(problem("/srv/data", captured: ["/srv/data"])?.contains("already") == true)
        #expect(problem("/srv/data/x", captured: ["/srv/data"])?.contains("in one another") == true)
    }

    @Test("a busy path is refused with who holds it, and taken with FORCE")
    func busy() {
        let holder = OpenFileScan.Holder(process: 77, command: "cat", path: "/srv/data/log")
        #expect(
            problem("/srv/data", holders: [holder])?.contains("cat (77): /srv/data/log") == true)
        #expect(problem("/srv/data", force: true, holders: [holder]) == nil)
    }
}
