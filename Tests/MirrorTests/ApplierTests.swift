import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import ReplicationModel
import TargetApply
import Testing

@Suite(.serialized)
struct ApplierTests {
    private let folder = TemporaryFolder()
    private let rootFile = FileID(inode: 2, generation: 9, mount: 1)
    private var target: String { folder.path("target") }

    private func open(privileged: Bool = true, replayThrough: UInt64 = 0) throws -> Applier {
        umask(0)
        return try Applier.open(
            ApplySettings(
                stateFolder: BytePath(folder.path("state")),
                roots: [ApplyRoot(file: rootFile, path: BytePath(target))],
                isPrivileged: privileged, replayThrough: replayThrough))
    }

    private func file(_ number: UInt64) -> FileID { FileID(inode: number, generation: 1, mount: 1) }

    private func create(_ number: UInt64, _ name: String, mode: UInt32 = 0o100644) -> (
        OperationRecord, [UInt8]
    ) {
        var change = NameChange()
        change.parent = rootFile
        change.nameLength = UInt16(name.utf8.count)
        change.attributes.mode = mode
        return (
            OperationRecord(.create, file(number)),
            withUnsafeBytes(of: change) { Array($0) } + Array(name.utf8)
        )
    }

    private func apply(
        _ applier: Applier, _ sequence: UInt64, _ change: (OperationRecord, [UInt8])
    ) throws {
        var record = change.0
        record.sequence = sequence
        try change.1.withUnsafeBytes { try applier.apply(record, $0) }
    }

    private func content(_ name: String) -> [UInt8]? {
        TreePicture(target, root: false).objects[Array(name.utf8)]?.content
    }

    @Test func `Bytes are taken out of a file once, however often it comes`() throws {
        let applier = try open()
        let block = 4096
        let bytes = OddTree.bytes(block * 4, 5)
        try apply(applier, 1, create(5, "file"))
        try apply(applier, 2, (OperationRecord(.write, file(5)), bytes))
        _ = try applier.finishBatch(lastSequence: 2)
        var collapse = OperationRecord(.allocate, file(5))
        collapse.flags = UInt8(FALLOC_FL_COLLAPSE_RANGE)
        collapse.offset = Int64(block)
        collapse.length = UInt64(block)
        try apply(applier, 3, (collapse, []))
        let wanted = Array(bytes[..<block] + bytes[(2 * block)...])
        #expect(content("file") == wanted)
        #expect(applier.takeProblems() == [])
        // The process dies before the batch ends.
        let again = try open(replayThrough: 3)
        #expect(again.positions.applied == 2)
        try apply(again, 3, (collapse, []))
        #expect(content("file") == wanted)
    }

    @Test func `Positions survive a restart and journals are told apart`() throws {
        var applier = try open()
        #expect(applier.positions == ApplyPositions(applied: 0, durable: 0))
        #expect(applier.journalID == 0)
        try applier.begin(journalID: 77, applied: 10)
        #expect(applier.positions == ApplyPositions(applied: 10, durable: 10))
        try apply(applier, 11, create(5, "file"))
        #expect(
            try applier.finishBatch(lastSequence: 15) == ApplyPositions(applied: 15, durable: 10))
        applier = try open()
        #expect(applier.positions == ApplyPositions(applied: 15, durable: 10))
        #expect(applier.journalID == 77)
        #expect(try applier.syncer.sync() == 15)
        try apply(applier, 12, create(6, "twice"))
        #expect(applier.counters.repeated == 1)
        #expect(access(target + "/twice", F_OK) != 0)
        #expect(!applier.isMirrorRequired)
    }

    @Test func `What a kill or a cut left half made is known until it came again`() throws {
        var applier = try open()
        try apply(applier, 1, create(5, "file"))
        _ = try applier.finishBatch(lastSequence: 1)
        #expect(!applier.isRepeating)
        try apply(applier, 2, create(6, "other"))
        // Killed: how far it came in the batch is not known, so all that was sent counts.
        applier = try open(replayThrough: 3)
        #expect(applier.isRepeating)
        try apply(applier, 2, create(6, "other"))
        _ = try applier.finishBatch(lastSequence: 2)
        #expect(applier.isRepeating)
        _ = try applier.finishBatch(lastSequence: 3)
        #expect(!applier.isRepeating)

        // A batch that was cut off.
        try apply(applier, 4, create(7, "third"))
        applier.cutOffBatch()
        #expect(applier.isRepeating)
        try applier.close()
        applier = try open(replayThrough: 9)
        #expect(applier.isRepeating)
        _ = try applier.finishBatch(lastSequence: 9)
        try applier.close()
        applier = try open(replayThrough: 12)
        #expect(!applier.isRepeating, "closed in good order")
    }

    @Test func `State that is gone or damaged asks for a mirror`() throws {
        var applier = try open()
        try apply(applier, 1, create(5, "file"))
        _ = try applier.finishBatch(lastSequence: 1)
        #expect(!applier.isMirrorRequired)
        unlink(folder.path("state/map.log"))
        applier = try open()
        #expect(applier.isMirrorRequired)
        #expect(applier.positions.applied == 0)
        unlink(folder.path("state/checkpoint"))
        applier = try open()
        #expect(applier.isMirrorRequired)
    }

    @Test func `A mirror is inconsistent on disk until all of it is there`() throws {
        var applier = try open()
        var begin = OperationRecord(.mirrorBegin, .none)
        begin.sequence = 3
        try apply(applier, 3, (begin, []))
        #expect(applier.isInconsistent)
        applier = try open()
        #expect(applier.isInconsistent)
        #expect(applier.mirrorGeneration == 1)
        try apply(applier, 4, (OperationRecord(.mirrorEnd, .none), []))
        _ = try applier.finishBatch(lastSequence: 4)
        #expect(!applier.isInconsistent)
        #expect(try open().isInconsistent)
        try applier.syncer.sync()
        #expect(applier.positions.durable == 4)
        #expect(try !open().isInconsistent)
    }

    @Test func `Trouble with one object is named and the rest goes on`() throws {
        let applier = try open()
        try apply(applier, 1, create(5, "fixed"))
        _ = try applier.finishBatch(lastSequence: 1)
        applier.closeIdle()
        var flags: CInt = 0x10
        let fixed = Glibc.open(target + "/fixed", O_RDONLY)
        let isImmutable = cposix_ioctlInt(fixed, 0x4008_6602, &flags) >= 0
        try apply(applier, 2, (OperationRecord(.write, file(5)), [1, 2, 3]))
        try apply(applier, 3, create(6, "other"))
        if isImmutable {
            let problems = applier.takeProblems()
            #expect(
                problems.map(\.description) == ["cannot write 'fixed': Operation not permitted"])
            flags = 0
            _ = cposix_ioctlInt(fixed, 0x4008_6602, &flags)
        }
        close(fixed)
        #expect(access(target + "/other", F_OK) == 0)
        #expect(!applier.isMirrorRequired)
    }

    @Test func `What the connection does not allow is not applied`() throws {
        let applier = try open(privileged: false)
        try apply(applier, 1, create(5, "suid", mode: 0o104755))
        try apply(applier, 2, create(6, "device", mode: 0o020666))
        _ = try applier.finishBatch(lastSequence: 2)
        let picture = TreePicture(target, root: false)
        #expect(picture.objects[Array("suid".utf8)]?.mode == 0o100755)
        #expect(picture.objects[Array("device".utf8)] == nil)
        #expect(applier.takeProblems().count == 1)
    }

    @Test func `Changes of what nobody knows ask for a mirror, of what was removed do not`() throws
    {
        let applier = try open()
        try apply(applier, 1, create(5, "file"))
        var (unlink, payload) = create(5, "file")
        unlink.kindNumber = OperationKind.unlink.rawValue
        try apply(applier, 2, (unlink, payload))
        try apply(applier, 3, (OperationRecord(.write, file(5)), [1]))
        #expect(!applier.isMirrorRequired)
        (unlink, payload) = create(99, "unknown")
        try apply(applier, 4, (OperationRecord(.write, file(99)), [1]))
        #expect(applier.isMirrorRequired)
        #expect(applier.counters.skipped == 2)
    }

    @Test func `A target folder that cannot be made is told`() {
        OddTree.write(folder.path("occupied"), [1])
        do {
            _ = try Applier.open(
                ApplySettings(
                    stateFolder: BytePath(folder.path("state")),
                    roots: [ApplyRoot(path: BytePath(folder.path("occupied/below")))]))
            Issue.record("opened")
        } catch {
            #expect(error == .root(mapping: 0, .notDirectory))
        }
    }

    @Test func `A deep tree that leaves is removed whole`() throws {
        let applier = try open()
        try apply(applier, 1, create(5, "top", mode: 0o040755))
        _ = try applier.finishBatch(lastSequence: 1)
        let top = Glibc.open(target + "/top", O_RDONLY)
        var inner = dup(top)
        for level in 0..<300 {
            mkdirat(inner, "level with a long name \(level)", 0o755)
            let next = openat(inner, "level with a long name \(level)", O_RDONLY)
            close(inner)
            inner = next
            close(openat(inner, "file", O_CREAT | O_WRONLY, 0o644))
        }
        close(inner)
        close(top)
        var (leave, payload) = create(5, "top", mode: 0o040755)
        leave.kindNumber = OperationKind.leave.rawValue
        try apply(applier, 2, (leave, payload))
        #expect(applier.takeProblems() == [])
        #expect(TreePicture(target, root: false).objects.isEmpty)
    }
}
