import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing
import WireProtocol

/// What a resync sends, and what it leaves alone.
@Suite(.serialized)
struct ResyncTests {
    private let folder = TemporaryFolder()
    private var source: String { folder.path("source") }
    private var target: String { folder.path("target") }

    private func run() throws -> MirrorRun {
        umask(0)
        mkdir(source, 0o755)
        let run = try MirrorRun(source: source, target: target, state: folder.path("state"))
        return run
    }

    private var settings: MirrorSettings {
        var settings = MirrorSettings(isFull: false, removesOrphans: false)
        settings.isResync = true
        return settings
    }

    private func resync(
        _ run: MirrorRun, _ suspicion: any Suspicion, filter: some MirrorFilter = IncludeAll()
    ) throws -> MirrorProgress {
        run.dataBytes = 0
        return try run.mirror(settings: settings, filter: filter, suspicion: suspicion)
    }

    private func file(_ path: String) -> FileID {
        var status = stat()
        lstat(source + path, &status)
        return FileID(
            inode: UInt64(status.st_ino),
            generation: cposix_generation(AT_FDCWD, source + path, 0), mount: 1)
    }

    /// Only the objects named, and all that may differ of them.
    private func marks(_ paths: [String]) -> Marks {
        let files = Set(paths.map(file))
        return Marks { files.contains($0) ? .everything : .nothing }
    }

    private func expectEqual(_ run: MirrorRun) {
        let differences = TreePicture(source).differences(from: TreePicture(target))
        #expect(differences == [])
        #expect(run.applier.takeProblems() == [])
        #expect(run.problems == [])
        #expect(!run.applier.isMirrorRequired)
        #expect(!run.applier.isInconsistent)
    }

    private func inode(_ path: String) -> UInt64 {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// At a time that differs from any before, as the file system counts it.
    private func later() -> Int64 {
        let start = cposix_monotonic()
        while cposix_monotonic() - start < 12_000_000 {}
        return cposix_realtime() - 8_000_000
    }

    @Test func `An equal tree is compared and nothing of it sent`() throws {
        OddTree.make(at: source)
        let run = try run()
        try run.mirror(full: true, filter: IncludeAll())
        let progress = try resync(run, EverythingSuspicion())
        #expect(run.dataBytes == 0)
        #expect(progress.bytesSent == 0)
        #expect(progress.bytesCompared > 3_500_000)
        #expect(progress.objectsSuspect >= progress.objectsDone)
        #expect(run.questionCount == 0)
        expectEqual(run)
    }

    @Test func `How far a resync is, is counted`() throws {
        OddTree.make(at: source)
        for number in 0..<40 {
            OddTree.write(source + "/file \(number)", OddTree.bytes(100_000, UInt64(number)))
        }
        let run = try run()
        try run.mirror(full: true, filter: IncludeAll())
        let progress = try resync(run, EverythingSuspicion())
        #expect(run.percents == run.percents.sorted())
        #expect(run.percents.last == 100)
        #expect(run.percents.contains { $0 > 50 && $0 < 100 })
        #expect(progress.objectsTotal == progress.objectsDone)
        #expect(progress.bytesSettled == progress.bytesToCompare)
        #expect(progress.bytesToCompare > 4_000_000)
        // Nothing to compare: looking at the objects is all there is.
        let nothing = try resync(run, Marks { _ in .nothing })
        #expect(run.percents.last == 100 && nothing.bytesToCompare == 0)
    }

    @Test func `What nobody suspects is not looked at`() throws {
        OddTree.make(at: source)
        let run = try run()
        try run.mirror(full: true, filter: IncludeAll())
        OddTree.write(target + "/sticky/inside", [9, 9, 9])
        let progress = try resync(run, Marks { _ in .nothing })
        #expect(progress.objectsDone > 60)
        #expect(progress.objectsSuspect == 0)
        #expect(run.sumQuestionCount == 0)
        #expect(TreePicture(target).objects[Array("sticky/inside".utf8)]?.content == [9, 9, 9])
    }

    @Test func `A renamed tree moves, and is not sent again`() throws {
        let run = try run()
        mkdir(source + "/from", 0o755)
        mkdir(source + "/to", 0o755)
        mkdir(source + "/from/tree", 0o755)
        OddTree.write(source + "/from/tree/large", OddTree.bytes(1_000_000, 1))
        OddTree.write(source + "/from/file", OddTree.bytes(200_000, 2))
        try run.mirror(full: true, filter: IncludeAll())
        let (tree, large) = (inode(target + "/from/tree"), inode(target + "/from/tree/large"))
        rename(source + "/from/tree", source + "/to/moved")
        rename(source + "/from/file", source + "/to/other")
        rename(source + "/from", source + "/to/moved/from")
        _ = try resync(run, marks(["", "/to", "/to/moved", "/to/moved/from", "/to/other"]))
        #expect(run.dataBytes == 0)
        expectEqual(run)
        #expect(inode(target + "/to/moved") == tree)
        #expect(inode(target + "/to/moved/large") == large)
        #expect(run.applier.counters.moved == 3)
    }

    @Test func `Directories that changed places with what is in them are found`() throws {
        let run = try run()
        for path in ["/a", "/a/b", "/a/b/c"] { mkdir(source + path, 0o755) }
        OddTree.write(source + "/a/b/c/file", OddTree.bytes(100_000, 3))
        try run.mirror(full: true, filter: IncludeAll())
        let c = inode(target + "/a/b/c")
        rename(source + "/a/b/c", source + "/x")
        rename(source + "/a/b", source + "/x/b")
        rename(source + "/a", source + "/x/b/c")
        rename(source + "/x", source + "/a")
        _ = try resync(run, marks(["", "/a", "/a/b", "/a/b/c"]))
        #expect(run.dataBytes == 0)
        expectEqual(run)
        #expect(inode(target + "/a") == c)
    }

    @Test func `Names that are gone go, and strangers stay`() throws {
        let run = try run()
        mkdir(source + "/dir", 0o755)
        mkdir(source + "/dir/gone", 0o755)
        OddTree.write(source + "/dir/gone/file", [1])
        OddTree.write(source + "/dir/file", [2])
        OddTree.write(source + "/dir/stays", [3])
        try run.mirror(full: true, filter: IncludeAll())
        OddTree.write(target + "/dir/stranger", [4])
        TemporaryFolder.remove(source + "/dir/gone")
        unlink(source + "/dir/file")
        OddTree.write(source + "/dir/new", [5])
        _ = try resync(run, marks(["/dir", "/dir/new"]))
        #expect(run.applier.counters.removed == 2)
        #expect(access(target + "/dir/stranger", F_OK) == 0)
        unlink(target + "/dir/stranger")
        _ = try resync(run, marks(["/dir"]))
        expectEqual(run)
    }

    @Test func `One changed byte costs one block`() throws {
        let run = try run()
        OddTree.write(source + "/large", OddTree.bytes(3_000_000, 4))
        try run.mirror(full: true, filter: IncludeAll())
        var status = stat()
        lstat(source + "/large", &status)
        let file = open(source + "/large", O_RDWR)
        var byte: UInt8 = 0
        pread(file, &byte, 1, 1_234_567)
        byte ^= 0x55
        pwrite(file, &byte, 1, 1_234_567)
        close(file)
        // Size and time as before: only where somebody suspects it is it found.
        utimensat(AT_FDCWD, source + "/large", [status.st_atim, status.st_mtim], 0)
        let hot = UInt64(status.st_ino)
        _ = try resync(run, HotGroups { inode, mount in inode == hot && mount == 1 })
        #expect(run.dataBytes == 65536)
        expectEqual(run)
    }

    @Test func `Marked blocks are compared, and no others`() throws {
        let run = try run()
        OddTree.write(source + "/large", OddTree.bytes(4 << 20, 4))
        try run.mirror(full: true, filter: IncludeAll())
        let descriptor = open(source + "/large", O_RDWR)
        for place in [0, 70_000, 3 << 20] { pwrite(descriptor, "changed", 7, place) }
        close(descriptor)
        let large = file("/large")
        let progress = try resync(
            run,
            Marks {
                $0 == large
                    ? Suspect(attributes: true, content: .blocks([0..<3, 48..<50])) : .nothing
            })
        #expect(progress.bytesCompared == 5 * 65536)
        #expect(run.dataBytes == 3 * 65536)
        expectEqual(run)
    }

    @Test func `Sizes and holes become equal`() throws {
        let run = try run()
        let names = ["shorter", "longer", "punched", "filled", "emptied", "tail"]
        for name in names { OddTree.write(source + "/" + name, OddTree.bytes(700_000, 5)) }
        for name in ["filled", "speckled", "dusty"] {
            OddTree.sparse(source + "/" + name, size: 2 << 20)
        }
        OddTree.write(source + "/nothing", [UInt8](repeating: 0, count: 70_001))
        try run.mirror(full: true, filter: IncludeAll())
        let since = later()
        for size in [0, 70_001] { truncate(source + "/nothing", size) }
        truncate(source + "/shorter", 100_001)
        truncate(source + "/longer", 3 << 20)
        truncate(source + "/emptied", 0)
        truncate(source + "/tail", 699_999)
        let punched = open(source + "/punched", O_RDWR)
        _ = cposix_fallocate(
            punched, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536, 5 * 65536)
        close(punched)
        let filled = open(source + "/filled", O_RDWR)
        pwrite(filled, OddTree.bytes(300_000, 6), 300_000, 65536 * 4)
        close(filled)
        // Less than a block, so what lies around it in the block are holes; once, and very often.
        let speckled = open(source + "/speckled", O_RDWR)
        for place in [5, 40, 41, 70] { pwrite(speckled, OddTree.bytes(4096, 7), 4096, place * 4096) }
        close(speckled)
        let dusty = open(source + "/dusty", O_RDWR)
        for place in 0..<40 { pwrite(dusty, OddTree.bytes(4096, 8), 4096, 8192 * place) }
        close(dusty)
        _ = try resync(run, ChangedSince(since))
        expectEqual(run)
        for name in ["/speckled", "/dusty", "/nothing"] {
            let (ours, theirs) = try (data(of: source + name), data(of: run.targetPath + name))
            #expect(ours == theirs, "\(ours) \(theirs)")
        }
        #expect(run.dataBytes < 800_000)
    }

    /// Where a file has data.
    private func data(of path: String) throws -> [Range<Int64>] {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var (found, place): ([Range<Int64>], Int64) = ([], 0)
        while let next = try FileExtents.nextData(descriptor, from: place, size: 4 << 20) {
            found.append(next)
            place = next.upperBound
        }
        return found
    }

    @Test func `Hard links that came, went and moved become equal`() throws {
        let run = try run()
        for name in ["/a", "/b"] { mkdir(source + name, 0o755) }
        for name in ["/a/one", "/a/two", "/a/three"] {
            OddTree.write(source + name, OddTree.bytes(100_000, UInt64(name.utf8.last ?? 0)))
        }
        link(source + "/a/two", source + "/b/two")
        link(source + "/a/three", source + "/b/three")
        try run.mirror(full: true, filter: IncludeAll())
        let since = later()
        link(source + "/a/one", source + "/b/one")
        unlink(source + "/b/two")
        unlink(source + "/a/three")
        rename(source + "/b/three", source + "/b/third")
        link(source + "/b/third", source + "/b/three")
        _ = try resync(run, ChangedSince(since))
        #expect(run.dataBytes == 0)
        expectEqual(run)
    }

    @Test func `What left or entered the set while nobody looked goes or comes`() throws {
        struct NoOut: MirrorFilter {
            var includesAll: Bool { false }
            func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool {
                !path.starts(with: Array("out".utf8))
            }
        }
        let run = try run()
        for name in ["/in", "/out", "/in/leaves", "/out/enters", "/out/enters/deep"] {
            mkdir(source + name, 0o755)
        }
        OddTree.write(source + "/in/leaves/file", [1])
        OddTree.write(source + "/out/enters/deep/file", OddTree.bytes(100_000, 7))
        try run.mirror(full: true, filter: NoOut())
        let since = later()
        rename(source + "/in/leaves", source + "/out/left")
        rename(source + "/out/enters", source + "/in/entered")
        _ = try resync(run, ChangedSince(since), filter: NoOut())
        #expect(access(target + "/out", F_OK) != 0)
        TemporaryFolder.remove(source + "/out")
        let times = TreePicture(source, root: false).differences(
            from: TreePicture(target, root: false))
        #expect(times == [])
        #expect(run.applier.takeProblems() == [])
    }

    @Test func `A rule that a renamed folder's content falls under is kept`() throws {
        struct NoBin: MirrorFilter {
            var includesAll: Bool { false }
            func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool {
                !path.elementsEqual(Array("work/bin".utf8))
            }
        }
        let run = try run()
        for name in ["/work", "/work/bin", "/other", "/other/bin"] { mkdir(source + name, 0o755) }
        OddTree.write(source + "/work/bin/file", [1])
        OddTree.write(source + "/other/bin/file", [2])
        try run.mirror(full: true, filter: NoBin())
        #expect(access(target + "/work/bin", F_OK) != 0)
        #expect(access(target + "/other/bin/file", F_OK) == 0)
        let since = later()
        rename(source + "/work", source + "/aside")
        rename(source + "/other", source + "/work")
        rename(source + "/aside", source + "/other")
        _ = try resync(run, ChangedSince(since), filter: NoBin())
        #expect(access(target + "/work/bin", F_OK) != 0)
        #expect(TreePicture(target).objects[Array("other/bin/file".utf8)]?.content == [1])
    }

    @Test func `A different mirror that compares content finds damage that no time tells`() throws {
        OddTree.make(at: source)
        let run = try run()
        try run.mirror(full: true, filter: IncludeAll())
        var status = stat()
        lstat(target + "/large", &status)
        let file = open(target + "/large", O_RDWR)
        pwrite(file, "damage", 6, 2_000_000)
        close(file)
        utimensat(AT_FDCWD, target + "/large", [status.st_atim, status.st_mtim], 0)
        run.dataBytes = 0
        try run.mirror(full: false, filter: IncludeAll())
        #expect(run.dataBytes == 0)
        var settings = MirrorSettings(isFull: false, removesOrphans: false)
        settings.comparesContent = true
        try run.mirror(settings: settings, filter: IncludeAll())
        #expect(run.dataBytes == 65536)
        expectEqual(run)
    }

    @Test func `A sparse file that came in part is not taken for whole`() throws {
        struct Broken: Error {}
        let run = try run()
        OddTree.sparse(source + "/sparse", size: 4 << 20)
        let settings = MirrorSettings(isFull: true, removesOrphans: false)
        var parts = 0
        #expect(throws: Broken.self) {
            var small = settings
            small.stepBytesMax = 1
            try run.mirror(settings: small, filter: IncludeAll()) { batch in
                parts += 1
                if parts < 3 { return }
                // All that was written so far arrives, and then the link breaks.
                try run.apply(&batch)
                throw Broken()
            }
        }
        var status = stat()
        lstat(target + "/sparse", &status)
        #expect(status.st_size == 4 << 20)
        let arrived = TreePicture(target).objects[Array("sparse".utf8)]?.content
        let isWhole = arrived == TreePicture(source).objects[Array("sparse".utf8)]?.content
        #expect(!isWhole)
        try run.reopen()
        try run.mirror(full: false, filter: IncludeAll())
        expectEqual(run)
    }

    @Test func `Questions for what nobody has are answered, and bounded`() throws {
        let run = try run()
        OddTree.write(source + "/file", OddTree.bytes(100_000, 1))
        mkdir(source + "/dir", 0o755)
        try run.mirror(full: true, filter: IncludeAll())
        #expect(run.applier.readable(FileID(inode: 99, generation: 1, mount: 1)) == nil)
        #expect(run.applier.readable(file("/dir")) == nil)
        #expect(run.applier.readable(.none) == nil)
        let found = try #require(run.applier.readable(file("/file")))
        let reader = BlockReader()
        #expect(try reader.sums(of: found.descriptor, firstBlock: 0, count: .max).sums.count == 2)
        for first in [2, 1 << 40, UInt64.max] {
            let (size, sums) = try reader.sums(
                of: found.descriptor, firstBlock: first, count: .max)
            #expect(size == 100_000)
            #expect(sums == [])
        }
        truncate(target + "/file", 1 << 40)
        let (_, sums) = try reader.sums(of: found.descriptor, firstBlock: 1, count: .max)
        #expect(sums.count == 1024)
        #expect(sums.dropFirst().allSatisfy { $0 == Blocks.hole })
    }

    @Test func `An object in trouble is named, skipped, and told to the source`() throws {
        let run = try run()
        OddTree.write(source + "/fixed", OddTree.bytes(1000, 1))
        OddTree.write(source + "/other", OddTree.bytes(1000, 2))
        try run.mirror(full: true, filter: IncludeAll())
        run.applier.closeIdle()
        let descriptor = open(target + "/fixed", O_RDONLY)
        defer { close(descriptor) }
        var flags: CInt = 0x10
        guard cposix_ioctlInt(descriptor, 0x4008_6602, &flags) >= 0 else { return }
        for name in ["/fixed", "/other"] { OddTree.write(source + name, OddTree.bytes(900, 3)) }
        _ = try resync(run, marks(["/fixed", "/other"]))
        #expect(!run.applier.takeProblems().isEmpty)
        let failed = run.applier.takeFailed()
        #expect(failed.map(\.file) == [file("/fixed")])
        #expect(failed.map(\.errno) == [.notPermitted])
        flags = 0
        _ = cposix_ioctlInt(descriptor, 0x4008_6602, &flags)
        let again = Set(failed.map(\.file))
        _ = try resync(run, Marks { again.contains($0) ? .everything : .nothing })
        expectEqual(run)
    }
}
