import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing
import WireProtocol

/// The target's disk fills up, and what would make room stands behind the write that fails.
@Suite(.serialized)
struct FullTargetTests {
    private let folder = TemporaryFolder()

    /// Runs `body` with a target of a few megabytes; not at all where nothing may be mounted.
    private func withSmallTarget(
        _ options: String, _ body: (MirrorRun) throws -> Void
    ) throws {
        umask(0)
        let target = folder.path("target")
        mkdir(target, 0o755)
        mkdir(folder.path("source"), 0o755)
        guard cposix_mount("tmpfs", target, "tmpfs", 0, options) >= 0 else { return }
        defer { _ = cposix_umount2(target, 2) }
        try body(
            try MirrorRun(
                source: folder.path("source"), target: target, state: folder.path("state")))
    }

    private func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x5A, count: count) }

    private func resync(_ run: MirrorRun, since: Int64) throws {
        try resync(run, ChangedSince(since))
    }

    private func resync(_ run: MirrorRun, _ suspicion: any Suspicion) throws {
        var settings = MirrorSettings(isFull: false, removesOrphans: false)
        settings.isResync = true
        try run.mirror(settings: settings, filter: IncludeAll(), suspicion: suspicion)
        let differences = TreePicture(run.sourcePath, holes: false).differences(
            from: TreePicture(run.targetPath, holes: false))
        #expect(differences == [])
        #expect(run.applier.takeProblems() == [])
        #expect(!run.applier.isMirrorRequired)
    }

    private func since() -> Int64 {
        let start = cposix_monotonic()
        while cposix_monotonic() - start < 12_000_000 {}
        return cposix_realtime() - 8_000_000
    }

    @Test func `A deletion behind the failing write makes room for it`() throws {
        try withSmallTarget("size=8m") { run in
            let source = run.sourcePath
            for name in ["/a", "/b"] { OddTree.write(source + name, bytes(3 << 20)) }
            try run.mirror(full: true, filter: IncludeAll())
            let time = since()
            OddTree.write(source + "/c", bytes(4 << 20))
            unlink(source + "/a")
            // The stream as it stands cannot go on.
            var status = stat()
            lstat(source + "/c", &status)
            let file = FileID(inode: UInt64(status.st_ino), generation: 7, mount: 1)
            do throws(ApplyError) {
                try write(run, file, 4 << 20)
                Issue.record("there was room")
            } catch {
                #expect(error.kind == .space)
            }
            // Its records become marks, and a resync comes in its place.
            try resync(run, since: time)
        }
    }

    @Test func `Removed trees make room before the new content comes`() throws {
        try withSmallTarget("size=8m") { run in
            let source = run.sourcePath
            mkdir(source + "/old", 0o755)
            for number in 0..<6 { OddTree.write(source + "/old/\(number)", bytes(1 << 20)) }
            try run.mirror(full: true, filter: IncludeAll())
            let time = since()
            TemporaryFolder.remove(source + "/old")
            mkdir(source + "/a new one", 0o755)
            for number in 0..<6 { OddTree.write(source + "/a new one/\(number)", bytes(1 << 20)) }
            try resync(run, since: time)
        }
    }

    @Test func `What waits for a name goes early when names need its space`() throws {
        // The root, ten files, and one more for what is put aside.
        try withSmallTarget("size=8m,nr_inodes=12") { run in
            let source = run.sourcePath
            for number in 0..<10 { OddTree.write(source + "/x\(number)", bytes(10)) }
            try run.mirror(full: true, filter: IncludeAll())
            let time = since()
            for number in 0..<10 { unlink(source + "/x\(number)") }
            for number in 0..<10 { OddTree.write(source + "/a\(number)", bytes(11)) }
            try resync(run, since: time)
        }
    }

    @Test func `A file that went early comes again as a whole, not only where it was marked`()
        throws
    {
        // The root, the file, two more, and one for what is put aside.
        try withSmallTarget("size=8m,nr_inodes=5") { run in
            let source = run.sourcePath
            OddTree.write(source + "/big", OddTree.bytes(1 << 20, 3))
            for name in ["/x", "/y", "/z"] { OddTree.write(source + name, bytes(10)) }
            try run.mirror(full: true, filter: IncludeAll())
            var status = stat()
            lstat(source + "/big", &status)
            let big = UInt64(status.st_ino)
            unlink(source + "/x")
            mkdir(source + "/a later one", 0o755)
            rename(source + "/big", source + "/a later one/big")
            let descriptor = Glibc.open(source + "/a later one/big", O_WRONLY)
            _ = pwrite(descriptor, "changed", 7, 0)
            close(descriptor)
            lstat(source + "/a later one", &status)
            let directories = [UInt64(status.st_ino)]
            lstat(source, &status)
            let root = UInt64(status.st_ino)
            // As marks say it: directories by their entries, the file by one block.
            try resync(
                run,
                Marks { file in
                    if file.inode == big {
                        return Suspect(attributes: true, content: .blocks([0..<1]))
                    }
                    let isDirectory = file.inode == root || directories.contains(file.inode)
                    return isDirectory ? Suspect(attributes: true, entries: true) : .nothing
                })
        }
    }

    @Test func `A deletion makes room where the connection's own state has none either`() throws {
        umask(0)
        let disk = folder.path("disk")
        for path in [disk, folder.path("source")] { mkdir(path, 0o755) }
        guard cposix_mount("tmpfs", disk, "tmpfs", 0, "size=8m") >= 0 else { return }
        defer { _ = cposix_umount2(disk, 2) }
        mkdir(disk + "/target", 0o755)
        let run = try MirrorRun(
            source: folder.path("source"), target: disk + "/target", state: disk + "/state")
        for name in ["/a", "/b"] { OddTree.write(run.sourcePath + name, bytes(2 << 20)) }
        try run.mirror(full: true, filter: IncludeAll())
        let time = since()
        unlink(run.sourcePath + "/a")
        OddTree.write(run.sourcePath + "/c", bytes(2 << 20))
        // Nothing is free at all.
        let filler = Glibc.open(disk + "/of others", O_WRONLY | O_CREAT, 0o600)
        let page = bytes(4096)
        while Glibc.write(filler, page, page.count) == page.count {}
        close(filler)
        try resync(run, since: time)
    }

    /// A new file and its bytes, as changes in the stream.
    private func write(_ run: MirrorRun, _ file: FileID, _ count: Int) throws(ApplyError) {
        let stream = RecordStream(run.applier, after: run.position)
        guard let root = try? SystemCall.open(run.sourcePath, O_RDONLY | O_DIRECTORY) else {
            return
        }
        defer { SystemCall.close(root) }
        guard let rootFile = try? MirrorRun.rootFile(root) else { return }
        try stream.create(file, .regular, rootFile, "c")
        for place in stride(from: 0, to: count, by: 1 << 20) {
            try stream.data(file, bytes(1 << 20), at: Int64(place))
        }
    }
}
