import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing

@Suite(.serialized)
struct RoundTripTests {
    let folder = TemporaryFolder()

    private func run() throws -> MirrorRun {
        OddTree.make(at: folder.path("source"))
        return try MirrorRun(
            source: folder.path("source"), target: folder.path("target"),
            state: folder.path("state"))
    }

    private func expectEqual() {
        let source = TreePicture(folder.path("source"))
        let target = TreePicture(folder.path("target"))
        #expect(source.differences(from: target) == [])
        #expect(source.objects.count > 60)
    }

    @Test func `A full mirror makes everything equal, to the nanosecond`() throws {
        let run = try run()
        let progress = try run.mirror(full: true, filter: IncludeAll())
        expectEqual()
        #expect(run.applier.takeProblems() == [])
        #expect(run.problems == [])
        #expect(progress.objectsDone == progress.objectsTotal)
        #expect(progress.percent == 100)
        #expect(!run.applier.isInconsistent)
    }

    @Test func `A different mirror of an equal tree sends no content`() throws {
        let run = try run()
        try run.mirror(full: true, filter: IncludeAll())
        run.dataBytes = 0
        try run.mirror(full: false, filter: IncludeAll())
        #expect(run.dataBytes == 0)
        #expect(run.questionCount > 40)
        expectEqual()
        try run.reopen()
        try run.mirror(full: false, filter: IncludeAll())
        #expect(run.dataBytes == 0)
        expectEqual()
    }

    @Test func `A different mirror onto a tree that nobody knows adopts what is equal`() throws {
        let run = try run()
        try run.mirror(full: true, filter: IncludeAll())
        TemporaryFolder.remove(folder.path("state"))
        try run.reopen()
        run.dataBytes = 0
        try run.mirror(full: false, filter: IncludeAll())
        #expect(run.dataBytes == 0)
        expectEqual()
    }

    @Test func `A different mirror repairs what was changed on either side`() throws {
        let run = try run()
        try run.mirror(full: true, filter: IncludeAll())
        let (source, target) = (folder.path("source"), folder.path("target"))
        rename(source + "/large", source + "/a/moved")
        rename(source + "/a/deep", source + "/shallow")
        unlink(source + "/empty")
        mkdir(source + "/empty", 0o700)
        unlink(source + "/a/hard one")
        link(source + "/capable", source + "/a/hard one")
        OddTree.write(source + "/sticky/inside", [1, 2, 3, 4])
        OddTree.write(target + "/stranger", [1])
        unlink(target + "/listed")
        mkdir(target + "/listed", 0o700)
        OddTree.write(target + "/listed/x", [1])
        unlink(target + "/absolute")
        symlink("elsewhere", target + "/absolute")
        chmod(target + "/inherits", 0o711)
        run.dataBytes = 0
        try run.mirror(full: false, orphans: true, filter: IncludeAll())
        #expect(run.dataBytes < 3_600_000)
        expectEqual()
        #expect(run.applier.takeProblems() == [])
    }

    @Test func `Strangers at the target stay unless orphans are removed`() throws {
        let run = try run()
        mkdir(folder.path("target/a"), 0o700)
        OddTree.write(folder.path("target/a/stranger"), [1, 2])
        mkdir(folder.path("target/alien"), 0o700)
        OddTree.write(folder.path("target/alien/file"), [1, 2])
        try run.mirror(full: true, filter: IncludeAll())
        #expect(access(folder.path("target/a/stranger"), F_OK) == 0)
        #expect(access(folder.path("target/alien/file"), F_OK) == 0)
        try run.mirror(full: false, orphans: true, filter: IncludeAll())
        expectEqual()
    }

    @Test func `Hard links at the target that the source does not have are separated`() throws {
        let (source, target) = (folder.path("source"), folder.path("target"))
        mkdir(source, 0o755)
        mkdir(target, 0o755)
        for name in ["one", "two"] {
            OddTree.write(source + "/" + name, OddTree.bytes(5000, 1))
        }
        OddTree.write(target + "/one", OddTree.bytes(5000, 1))
        link(target + "/one", target + "/two")
        for path in [source + "/one", source + "/two", target + "/one"] {
            _ = cposix_utimensat(AT_FDCWD, path, 1_000_000_000_005, 1_000_000_000_005, 0)
        }
        let run = try MirrorRun(source: source, target: target, state: folder.path("state"))
        try run.mirror(full: false, filter: IncludeAll())
        let differences = TreePicture(source).differences(from: TreePicture(target))
        #expect(differences == [])
        #expect(run.dataBytes == 0)
    }

    @Test func `What the filter leaves out does not travel`() throws {
        struct NoA: MirrorFilter {
            var includesAll: Bool { false }
            func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool {
                !path.starts(with: Array("a/deep".utf8))
            }
        }
        let run = try run()
        try run.mirror(full: true, filter: NoA())
        #expect(access(folder.path("target/a/fifo"), F_OK) == 0)
        #expect(access(folder.path("target/a/deep"), F_OK) != 0)
        #expect(access(folder.path("target/small"), F_OK) == 0)
    }
}
