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
        var pending = [BytePath()]
        while let directory = pending.popLast() {
            let entries = try source.digest(mapping: 0, path: directory)
            for entry in entries where entry.attributes.type == .directory {
                var path = directory
                path.append(entry.name)
                pending.append(path)
            }
            for one in try target.verify(mapping: 0, path: directory, entries: entries) {
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
            "a/link": .linkText, "a": .modified,
        ]
        #expect(found == wanted)
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
