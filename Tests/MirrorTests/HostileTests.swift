import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import ReplicationModel
import TargetApply
import Testing

/// Nothing that a peer sends, and no link that a local user plants, may touch what lies outside the
/// target folder.
@Suite(.serialized)
struct HostileTests {
    private let folder = TemporaryFolder()
    private let rootFile = FileID(inode: 2, generation: 9, mount: 1)

    private func open() throws -> Applier {
        umask(0)
        mkdir(folder.path("outside"), 0o755)
        OddTree.write(folder.path("outside/precious"), [1, 2, 3])
        return try Applier.open(
            ApplySettings(
                stateFolder: BytePath(folder.path("state")),
                roots: [ApplyRoot(file: rootFile, path: BytePath(folder.path("target")))]))
    }

    private func file(_ number: UInt64) -> FileID { FileID(inode: number, generation: 1, mount: 1) }

    private func names(
        _ kind: OperationKind, _ number: UInt64, parent: FileID, _ name: [UInt8],
        mode: UInt32 = 0o100644, other: (FileID, [UInt8])? = nil
    ) -> (OperationRecord, [UInt8]) {
        var change = NameChange()
        change.parent = parent
        change.nameLength = UInt16(name.count)
        change.attributes.mode = mode
        change.attributes.linkCount = 1
        if let other {
            change.otherParent = other.0
            change.otherNameLength = UInt16(other.1.count)
        }
        let payload = withUnsafeBytes(of: change) { Array($0) } + name + (other?.1 ?? [])
        return (OperationRecord(kind, file(number)), payload)
    }

    private var sequenceBox = SequenceBox()
    private final class SequenceBox { var last: UInt64 = 0 }

    private func apply(_ applier: Applier, _ change: (OperationRecord, [UInt8])) throws {
        sequenceBox.last += 1
        var record = change.0
        record.sequence = sequenceBox.last
        try change.1.withUnsafeBytes { try applier.apply(record, $0) }
    }

    private func expectOutsideUntouched() {
        let picture = TreePicture(folder.path("outside"), root: false)
        #expect(picture.objects.keys.map { String(decoding: $0, as: UTF8.self) } == ["precious"])
        #expect(picture.objects[Array("precious".utf8)]?.content == [1, 2, 3])
        #expect(picture.objects[Array("precious".utf8)]?.mode == 0o100644)
    }

    @Test func `Names that climb or are none are refused`() throws {
        let applier = try open()
        let bad = ["..", ".", "", "../outside/new", "a/b", "/etc/new", "nul\u{0}byte"]
        for (number, name) in bad.enumerated() {
            for kind in [
                OperationKind.create, .mirrorObject, .unlink, .link, .leave, .removeDirectory,
            ] {
                try apply(
                    applier, names(kind, UInt64(100 + number), parent: rootFile, Array(name.utf8)))
            }
            try apply(
                applier,
                names(
                    .rename, 100, parent: rootFile, Array("x".utf8),
                    other: (rootFile, Array(name.utf8))))
        }
        let long = [UInt8](repeating: 0x61, count: 300)
        try apply(applier, names(.create, 200, parent: rootFile, long))
        _ = try applier.finishBatch(lastSequence: sequenceBox.last)
        #expect(applier.counters.problems > 30)
        expectOutsideUntouched()
        #expect(TreePicture(folder.path("target"), root: false).objects.isEmpty)
    }

    @Test(arguments: [77, 78, 79, 80] as [UInt64])
    func `Any bytes as payload of any record do no harm`(seed: UInt64) throws {
        let applier = try open()
        try apply(applier, names(.create, 5, parent: rootFile, Array("dir".utf8), mode: 0o040755))
        try apply(applier, names(.create, 6, parent: file(5), Array("file".utf8)))
        var numbers = SeededNumbers(seed: seed)
        for round in 0..<4000 {
            let kind = OperationKind.allCases[
                Int(numbers.next() % UInt64(OperationKind.allCases.count))]
            if kind == .mirrorEnd { continue }
            var (record, payload) = names(
                kind, 4 + numbers.next() % 4, parent: numbers.next() % 2 == 0 ? rootFile : file(5),
                Array("f\(numbers.next() % 4)".utf8),
                mode: [0o100644, 0o040755, 0o120777, 0o010600][Int(numbers.next() % 4)],
                other: numbers.next() % 2 == 0 ? nil : (file(5), Array("g".utf8)))
            for _ in 0..<numbers.next() % 6 {
                payload[Int(numbers.next() % UInt64(payload.count))] = UInt8(
                    truncatingIfNeeded: numbers.next())
            }
            if numbers.next() % 5 == 0 {
                payload.removeLast(Int(numbers.next() % UInt64(payload.count)))
            }
            record.flags = UInt8(truncatingIfNeeded: numbers.next())
            record.offset = Int64(bitPattern: numbers.next() >> (numbers.next() % 64))
            record.length = numbers.next() >> (numbers.next() % 64)
            do {
                try apply(applier, (record, payload))
            } catch {
                // A file of any size may be asked for: no space is an answer.
            }
            if round % 100 == 0 { _ = try applier.finishBatch(lastSequence: sequenceBox.last) }
        }
        expectOutsideUntouched()
    }

    @Test func `Links planted at the target are not followed`() throws {
        let applier = try open()
        try apply(applier, names(.create, 5, parent: rootFile, Array("dir".utf8), mode: 0o040755))
        try apply(applier, names(.create, 6, parent: file(5), Array("precious".utf8)))
        _ = try applier.finishBatch(lastSequence: sequenceBox.last)
        applier.closeIdle()
        // A local user exchanges the directory for a link to one that looks the same.
        rename(folder.path("target/dir"), folder.path("target/hidden"))
        symlink(folder.path("outside"), folder.path("target/dir"))
        var write = OperationRecord(.write, file(6))
        write.length = 4
        try apply(applier, (write, [9, 9, 9, 9]))
        try apply(applier, names(.create, 7, parent: file(5), Array("new".utf8)))
        try apply(applier, names(.unlink, 6, parent: file(5), Array("precious".utf8)))
        var attributes = ObjectAttributes()
        attributes.mode = 0o100777
        var change = OperationRecord(.attributes, file(6))
        change.flags = AttributeSet.mode.rawValue
        try apply(applier, (change, withUnsafeBytes(of: attributes) { Array($0) }))
        try apply(applier, names(.leave, 5, parent: rootFile, Array("dir".utf8), mode: 0o040755))
        _ = try applier.finishBatch(lastSequence: sequenceBox.last)
        expectOutsideUntouched()
        #expect(applier.isMirrorRequired)
    }

    @Test func `A mirror replaces planted links instead of writing through them`() throws {
        let applier = try open()
        symlink(folder.path("outside/precious"), folder.path("target/file"))
        symlink(folder.path("outside"), folder.path("target/dir"))
        link(folder.path("outside/precious"), folder.path("target/hard"))
        var begin = OperationRecord(.mirrorBegin, .none)
        begin.flags = MirrorOptions.full.rawValue
        try apply(applier, (begin, []))
        var (record, payload) = names(
            .mirrorObject, 5, parent: rootFile, Array("dir".utf8), mode: 0o040700)
        try apply(applier, (record, payload))
        (record, payload) = names(
            .mirrorObject, 6, parent: file(5), Array("precious".utf8), mode: 0o100600)
        record.flags = MirrorObjectFlags.contentFollows.rawValue
        try apply(applier, (record, payload))
        for (number, name) in [(UInt64(7), "file"), (8, "hard")] {
            (record, payload) = names(
                .mirrorObject, number, parent: rootFile, Array(name.utf8), mode: 0o100600)
            record.flags = MirrorObjectFlags.contentFollows.rawValue
            try apply(applier, (record, payload))
            var data = OperationRecord(.mirrorData, file(number))
            data.length = 2
            try apply(applier, (data, [7, 7]))
        }
        var list = OperationRecord(.mirrorDirectory, rootFile)
        list.flags = NameListFlags([.first, .last, .removeOrphans]).rawValue
        try apply(applier, (list, []))
        _ = try applier.finishBatch(lastSequence: sequenceBox.last)
        expectOutsideUntouched()
        #expect(TreePicture(folder.path("target"), root: false).objects.isEmpty)
    }

    @Test func `Directories cannot be moved into themselves`() throws {
        let applier = try open()
        try apply(applier, names(.create, 5, parent: rootFile, Array("a".utf8), mode: 0o040755))
        try apply(applier, names(.create, 6, parent: file(5), Array("b".utf8), mode: 0o040755))
        try apply(
            applier,
            names(.rename, 5, parent: rootFile, Array("a".utf8), other: (file(6), Array("c".utf8))))
        try apply(
            applier, names(.mirrorObject, 5, parent: file(6), Array("c".utf8), mode: 0o040755))
        _ = try applier.finishBatch(lastSequence: sequenceBox.last)
        #expect(applier.counters.problems == 2)
        #expect(access(folder.path("target/a/b"), F_OK) == 0)
    }
}
