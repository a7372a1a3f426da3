import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing
import WireProtocol

/// What the target misses, and how it comes to have it.
@Suite(.serialized)
struct AwaitedTests {
    private let folder = TemporaryFolder()
    private let rootFile = FileID(inode: 2, generation: 9, mount: 1)
    private let stream: RecordStream

    init() throws {
        umask(0)
        stream = RecordStream(
            try Applier.open(
                ApplySettings(
                    stateFolder: BytePath(folder.path("state")),
                    roots: [ApplyRoot(file: rootFile, path: BytePath(folder.path("target")))])))
        try stream.create(10, .directory, rootFile, "tree")
        try stream.create(11, .directory, rootFile, "other")
        try stream.finish()
    }

    private var applier: Applier { stream.applier }

    private func awaitedPaths() -> [String] {
        applier.takeAwaited().map { String(decoding: $0.path.bytes, as: UTF8.self) }
    }

    private func isThere(_ path: String) -> Bool {
        access(folder.path("target/" + path), F_OK) == 0
    }

    @Test func `A mirror does not end while a name that came in is missing`() throws {
        try stream.rename(20, .none, "outside", RecordStream.file(10), "deep")
        #expect(awaitedPaths() == ["tree/deep"])
        try stream.rename(10, rootFile, "tree", rootFile, "renamed")
        try stream.finish()
        #expect(applier.isMirrorRequired)
        try stream.mirror(.mirrorBegin, flags: MirrorOptions.partial.rawValue)
        try stream.mirror(.mirrorEnd)
        #expect(applier.isMirroring)
        #expect(applier.isInconsistent)
        #expect(awaitedPaths() == ["renamed/deep"])
        try stream.object(20, .directory, RecordStream.file(10), "deep")
        try stream.mirror(.mirrorEnd)
        try stream.finish()
        #expect(!applier.isMirroring)
        #expect(!applier.isInconsistent)
        #expect(!applier.isMirrorRequired)
        #expect(awaitedPaths() == [])
        #expect(isThere("renamed/deep"))
    }

    @Test func `What goes again before it came is not waited for`() throws {
        let tree = RecordStream.file(10)
        try stream.rename(20, .none, "a", tree, "unlinked")
        try stream.rename(21, .none, "b", tree, "moved")
        try stream.rename(22, .none, "c", tree, "left")
        try stream.rename(23, .none, "d", tree, "covered")
        #expect(awaitedPaths().count == 4)
        try stream.names(.unlink, 20, tree, "unlinked")
        try stream.rename(21, tree, "moved", RecordStream.file(11), "here")
        #expect(awaitedPaths() == ["other/here"])
        try stream.names(.leave, 22, tree, "left")
        try stream.create(24, .regular, tree, "covered")
        try stream.mirror(.mirrorBegin, flags: MirrorOptions.partial.rawValue)
        try stream.mirror(.mirrorEnd)
        #expect(awaitedPaths() == ["other/here"])
        try stream.names(.removeDirectory, 11, rootFile, "other")
        try stream.mirror(.mirrorEnd)
        try stream.finish()
        #expect(!applier.isMirroring)
        #expect(!applier.isMirrorRequired)
    }

    @Test func `What moves into a missing folder comes and goes with that`() throws {
        let tree = RecordStream.file(10)
        try stream.create(30, .regular, tree, "file")
        try stream.rename(20, .none, "a", tree, "folder")
        try stream.rename(30, tree, "file", RecordStream.file(20), "file")
        try stream.names(.leave, 20, tree, "folder")
        try stream.mirror(.mirrorBegin, flags: MirrorOptions.partial.rawValue)
        try stream.mirror(.mirrorEnd)
        try stream.finish()
        #expect(!applier.isMirroring)
        #expect(!isThere("tree/file"))
    }

    @Test func `A partial mirror does not hide that everything is needed`() throws {
        try stream.data(99, [1])
        #expect(applier.isMirrorRequired)
        try stream.rename(20, .none, "a", RecordStream.file(10), "came")
        try stream.mirror(.mirrorBegin, flags: MirrorOptions.partial.rawValue)
        try stream.object(20, .directory, RecordStream.file(10), "came")
        try stream.mirror(.mirrorEnd)
        try stream.finish()
        #expect(!applier.isMirroring)
        #expect(applier.isMirrorRequired)
    }

    @Test func `A new object keeps no access list that it inherited at the target only`() throws {
        let list: [UInt8] = [
            2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 7, 0, 99, 0, 0, 0, 4, 0, 5, 0, 255,
            255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 5, 0, 255, 255, 255, 255,
        ]
        let tree = RecordStream.file(10)
        try stream.create(40, .regular, tree, "before")
        try stream.extended(10, "system.posix_acl_default", list)
        try stream.create(41, .regular, tree, "live")
        try stream.create(42, .directory, tree, "folder")
        try stream.mirror(.mirrorBegin, flags: MirrorOptions.partial.rawValue)
        try stream.object(43, .regular, tree, "mirrored")
        try stream.object(44, .regular, rootFile, "elsewhere")
        try stream.mirror(.mirrorEnd)
        try stream.finish()
        #expect(applier.takeProblems() == [])
        for name in ["before", "live", "folder", "mirrored"] {
            for kind in ["access", "default"] {
                #expect(try listBytes("tree/" + name, kind) == 0, "\(name)")
            }
        }
        #expect(try listBytes("tree", "default") == list.count)
    }

    private func listBytes(_ path: String, _ kind: String) throws -> Int {
        let descriptor = try SystemCall.open(folder.path("target/" + path), O_RDONLY)
        defer { SystemCall.close(descriptor) }
        let none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        return try ExtendedAttributes.get(
            descriptor, isPath: false, "system.posix_acl_" + kind, into: none) ?? 0
    }
}
