import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing

@Suite(.serialized)
struct VerifyTests {
    private let folder = TemporaryFolder()

    private func differences() throws -> [String: EntryDifference.Reason] {
        let root = OwnedDescriptor(
            try SystemCall.open(folder.path("source"), O_RDONLY | O_DIRECTORY))
        let source = Inspector(descriptors: [root])
        let target = try Inspector(roots: [BytePath(folder.path("target"))])
        var found: [String: EntryDifference.Reason] = [:]
        let (ours, theirs) = (
            try source.own(mapping: 0, path: BytePath()),
            try target.own(mapping: 0, path: BytePath())
        )
        for one in Comparison.differences(source: [ours], target: [theirs]) {
            found["."] = one.reason
        }
        var links = HardLinkComparison()
        var pending = [BytePath()]
        while let directory = pending.popLast() {
            let entries = try source.digest(mapping: 0, path: directory)
            for entry in entries where entry.attributes.type == .directory {
                var path = directory
                path.append(entry.name)
                pending.append(path)
            }
            let own = (try? target.digest(mapping: 0, path: directory)) ?? []
            for one in links.contradictions(folder: 0, source: entries, target: own) {
                var path = directory
                path.append(one.name)
                found[path.description] = .linkCount
            }
            for one in Comparison.differences(source: entries, target: own) {
                var path = directory
                path.append(one.name)
                found[path.description] = one.reason
            }
        }
        return found
    }

    private func mirrored() throws {
        OddTree.make(at: folder.path("source"))
        let run = try MirrorRun(
            source: folder.path("source"), target: folder.path("target"),
            state: folder.path("state"))
        try run.mirror(full: true, filter: IncludeAll())
    }

    @Test func `Nothing differs after a mirror`() throws {
        try mirrored()
        #expect(try differences() == [:])
    }

    @Test func `Every kind of damage is found and named`() throws {
        try mirrored()
        let target = folder.path("target")
        // One byte, with size and time as before.
        var status = stat()
        lstat(target + "/large", &status)
        let file = open(target + "/large", O_RDWR)
        var byte: UInt8 = 0
        pread(file, &byte, 1, 777_777)
        byte ^= 1
        pwrite(file, &byte, 1, 777_777)
        close(file)
        restoreTimes(target + "/large", status)
        unlink(target + "/a/fifo")
        OddTree.write(target + "/sticky/extra", [1])
        lstat(target + "/sticky", &status)
        unlink(target + "/empty")
        mkdir(target + "/empty", 0o755)
        truncate(target + "/capable", 3)
        chmod(target + "/readonly", 0o700)
        chown(target + "/sticky", 1, 1)
        OddTree.attribute(target + "/inherits", "user.more", [1])
        unlink(target + "/a/link")
        symlink("../nowhere/at AL", target + "/a/link")
        let found = try differences()
        let wanted: [String: EntryDifference.Reason] = [
            "large": .content, "a/fifo": .missing, "sticky/extra": .orphan, "empty": .type,
            "capable": .size, "readonly": .mode, "sticky": .owner, "inherits": .extended,
            "a/link": .linkText, "a": .modified, ".": .modified,
        ]
        #expect(found == wanted)
    }

    @Test func `Names that stand for other objects are found`() throws {
        try mirrored()
        let target = folder.path("target")
        // One of three names gets an object of its own with the same content.
        let content = TreePicture(target).objects[Array("small".utf8)]?.content ?? []
        var (status, parent) = (stat(), stat())
        lstat(target + "/small", &status)
        lstat(target + "/a", &parent)
        unlink(target + "/a/hard one")
        OddTree.write(target + "/a/hard one", content)
        chmod(target + "/a/hard one", 0o444)
        OddTree.attribute(target + "/a/hard one", "user.note", OddTree.bytes(200, 8))
        restoreTimes(target + "/a/hard one", status)
        restoreTimes(target + "/a", parent)
        #expect(try differences() == ["a/hard one": .linkCount])
    }

    @Test func `Two objects that became one are found`() throws {
        let (source, target) = (folder.path("source"), folder.path("target"))
        mkdir(source, 0o755)
        for name in ["one", "two"] {
            OddTree.write(source + "/" + name, [1, 2, 3])
            _ = cposix_utimensat(AT_FDCWD, source + "/" + name, 5, 5, 0)
        }
        let run = try MirrorRun(source: source, target: target, state: folder.path("state"))
        try run.mirror(full: true, filter: IncludeAll())
        var root = stat()
        lstat(target, &root)
        unlink(target + "/two")
        link(target + "/one", target + "/two")
        restoreTimes(target, root)
        #expect(try differences() == ["two": .linkCount])
    }

    @Test func `The folder's own attributes count`() throws {
        try mirrored()
        chmod(folder.path("target"), 0o700)
        #expect(try differences() == [".": .mode])
    }

    @Test func `A directory that is missing differs in all its entries`() throws {
        try mirrored()
        TemporaryFolder.remove(folder.path("target/readonly"))
        let found = try differences()
        #expect(found["readonly"] == .missing)
        #expect(found["readonly/file"] == .missing)
    }

    private func restoreTimes(_ path: String, _ status: stat) {
        utimensat(AT_FDCWD, path, [status.st_atim, status.st_mtim], 0)
    }
}
