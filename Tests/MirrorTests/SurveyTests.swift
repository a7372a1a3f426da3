import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing
import WireProtocol

/// A resync after a crash: the target's tree has changes that its map does not know of.
@Suite(.serialized)
struct SurveyTests {
    private let folder = TemporaryFolder()
    private var source: String { folder.path("source") }
    private var target: String { folder.path("target") }

    private func run() throws -> MirrorRun {
        umask(0)
        mkdir(source, 0o755)
        return try MirrorRun(source: source, target: target, state: folder.path("state"))
    }

    private func file(_ path: String) -> FileID {
        var status = stat()
        lstat(source + path, &status)
        return FileID(
            inode: UInt64(status.st_ino),
            generation: cposix_generation(AT_FDCWD, source + path, 0), mount: 1)
    }

    private func inode(_ path: String) -> UInt64 {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    private func marks(_ paths: [String]) -> Marks {
        let files = Set(paths.map(file))
        return Marks { files.contains($0) ? .everything : .nothing }
    }

    private func mirror(_ run: MirrorRun) throws {
        try run.mirror(full: true, filter: IncludeAll())
        try run.applier.syncer.sync()
    }

    private func resync(_ run: MirrorRun, _ suspicion: any Suspicion) throws {
        run.dataBytes = 0
        var settings = MirrorSettings(isFull: false, removesOrphans: false)
        settings.isResync = true
        settings.stepObjectsMax = 1
        try run.mirror(settings: settings, filter: IncludeAll(), suspicion: suspicion)
    }

    private func expectEqual(_ run: MirrorRun, _ comment: Comment? = nil) {
        let differences = TreePicture(source).differences(from: TreePicture(target))
        #expect(differences == [], comment)
        #expect(run.applier.takeProblems() == [], comment)
        #expect(!run.applier.isMirrorRequired, comment)
        #expect(!run.applier.isInconsistent, comment)
    }

    @Test func `What lost changes moved is found where it is`() throws {
        let run = try run()
        for path in ["/a", "/b", "/b/c"] { mkdir(source + path, 0o755) }
        OddTree.write(source + "/a/file", OddTree.bytes(200_000, 1))
        OddTree.write(source + "/b/c/other", OddTree.bytes(100_000, 2))
        link(source + "/a/file", source + "/twin")
        try mirror(run)
        let (one, other) = (inode(target + "/a/file"), inode(target + "/b/c/other"))
        // A folder that was made and is gone again at the source, and what was in it for a while.
        mkdir(target + "/lost", 0o755)
        mkdir(target + "/lost/deep", 0o755)
        rename(target + "/a/file", target + "/lost/deep/file")
        rename(target + "/twin", target + "/b/twin")
        rename(target + "/b", target + "/lost/deep/b")
        rename(target + "/lost/deep/b/c", target + "/c")
        try run.reopen()
        try resync(run, marks(["", "/a", "/b"]))
        #expect(run.dataBytes == 0)
        expectEqual(run)
        #expect(inode(target + "/a/file") == one && inode(target + "/twin") == one)
        #expect(inode(target + "/b/c/other") == other)
    }

    @Test func `What was moved into a folder by lost changes does not stay in it`() throws {
        let run = try run()
        OddTree.write(source + "/old", OddTree.bytes(5000, 1))
        try mirror(run)
        mkdir(source + "/new", 0o755)
        unlink(source + "/old")
        mkdir(target + "/new", 0o755)
        rename(target + "/old", target + "/new/old")
        try run.reopen()
        try resync(run, marks(["", "/new"]))
        expectEqual(run)
    }

    @Test func `A stranger's folder is left alone, with what it shares with the copy`() throws {
        let run = try run()
        mkdir(source + "/a", 0o755)
        OddTree.write(source + "/a/file", OddTree.bytes(5000, 1))
        try mirror(run)
        mkdir(target + "/backup", 0o755)
        link(target + "/a/file", target + "/backup/file")
        OddTree.write(source + "/a/more", OddTree.bytes(10, 2))
        try resync(run, marks(["/a", "/a/more"]))
        // It is older than the last that the map knows.
        let later = cposix_realtime() + 10_000_000_000
        let log = try SystemCall.open(run.statePath + "/map.log", O_RDWR)
        defer { SystemCall.close(log) }
        _ = cposix_futimens(log, later, later)
        try run.reopen()
        try resync(run, marks(["", "/a"]))
        #expect(inode(target + "/backup/file") == inode(target + "/a/file"))
        #expect(TreePicture(target).objects[Array("a/more".utf8)]?.content.count == 10)
    }

    /// Part of it is compared because it is marked, and all of it because the target has nothing.
    @Test func `A file that did not come whole is not made good by its marked blocks`() throws {
        let run = try run()
        OddTree.write(source + "/file", OddTree.bytes(300_000, 1))
        try mirror(run)
        let marked = file("/file")
        let marks = Marks {
            $0 == marked ? Suspect(attributes: true, content: .blocks([1..<2])) : .nothing
        }
        for records in 1...14 {
            unlink(target + "/file")
            run.recordsLeft = records
            do {
                try resync(run, marks)
            } catch {
                #expect(error is MirrorRun.Broken)
            }
            run.recordsLeft = nil
            _ = run.applier.takeAwaited()
            if records % 2 == 0 { try run.reopen() }
            try resync(run, marks)
            expectEqual(run, "broken after \(records) records")
        }
    }
}
