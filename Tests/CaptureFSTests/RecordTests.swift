internal import CaptureControl

import CPosix
import CaptureFS
import Glibc
import Journal
import ReplicationModel
import Testing

/// What a small piece of work leaves in the journal.
@Suite(.serialized)
struct RecordTests {
    /// With and without being able to read what an effect left.
    @Test(arguments: [[], ["UNDERSTUDY_HIDE_OUTCOME=1"]])
    func `every change becomes one record, in order`(_ environment: [String]) throws {
        let rig = try CaptureRig(environment: environment)
        defer { rig.stop() }
        func path(_ name: String) -> String { rig.root + "/" + name }
        mkdir(path("d"), 0o755)
        let file = open(path("d/a"), O_CREAT | O_RDWR, 0o644)
        pwrite(file, "hello", 5, 0)
        pwrite(file, "far", 3, 70_000)
        ftruncate(file, 4)
        _ = fallocate(file, 3, 0, 2)
        fchmod(file, 0o4755)
        rename(path("d/a"), path("b"))
        link(path("b"), path("c"))
        symlink("b", path("s"))
        _ = lsetxattr(path("b"), "user.x", "yz", 2, 0)
        _ = lremovexattr(path("b"), "user.x")
        chown(path("b"), 5, 6)
        unlink(path("b"))
        unlink(path("c"))
        // Nothing leads to it any more: its data is nobody's.
        pwrite(file, "unseen", 6, 0)
        close(file)
        unlink(path("s"))
        rmdir(path("d"))
        let expected = [
            "create d 40755", "create a 100644", "write 0 hello", "write 70000 far", "truncate 4",
            "allocate 3 0 2", "attributes mode 104755", "rename a b", "link c links 2",
            "create s 120777 b", "setExtended user.x=yz", "removeExtended user.x",
            "attributes mode owner group 100755", "unlink b", "unlink c", "unlink s",
            "removeDirectory d",
        ]
        #expect(rig.records().map(\.text) == expected)
        #expect((rig.count("unread") > 0) == !environment.isEmpty)
    }

    @Test func `records carry identities, membership and times`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let path = rig.root + "/a"
        let file = open(path, O_CREAT | O_RDWR, 0o644)
        pwrite(file, "hello", 5, 0)
        close(file)
        var status = stat()
        stat(path, &status)
        let records = rig.records()
        #expect(records.count == 2)
        // The backing file system's generation: the mount has handles of its own.
        let descriptors = rig.askWithDescriptors(.hello).1
        defer { for descriptor in descriptors { close(descriptor) } }
        let generation = cposix_generation(try #require(descriptors.last), "a", 0)
        for seen in records {
            #expect(seen.record.file.inode == UInt64(status.st_ino))
            #expect(seen.record.file.mount == 7)
            #expect(seen.record.generation == generation)
            #expect(seen.record.membership == 1 << 3)
        }
        #expect(records.last?.record.time == cposix_nanoseconds(status.st_mtim))
        var parent = stat()
        stat(rig.root, &parent)
        let change = records.first.flatMap(\.change)
        #expect(change?.parent.inode == UInt64(parent.st_ino))
        #expect(change?.parentModified == cposix_nanoseconds(parent.st_mtim))
    }

    @Test func `a replaced file's identity is named`() throws {
        let rig = try CaptureRig { root in
            close(open(root + "/old", O_CREAT, 0o644))
            close(open(root + "/new", O_CREAT, 0o644))
        }
        defer { rig.stop() }
        var old = stat()
        stat(rig.root + "/old", &old)
        rename(rig.root + "/new", rig.root + "/old")
        let change = rig.records().first.flatMap(\.change)
        #expect(change?.replaced.inode == UInt64(old.st_ino))
        #expect(change?.otherMembership == 1 << 3)
    }

    @Test func `a file that gets its first name late brings its content along`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let file = open(rig.root, 0o20200000 | O_RDWR, 0o600)
        pwrite(file, "start", 5, 0)
        pwrite(file, "end", 3, 1 << 20)
        ftruncate(file, 2 << 20)
        _ = fsetxattr(file, "user.x", "y", 1, 0)
        #expect(rig.records().isEmpty)
        linkat(AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, rig.root + "/named", AT_SYMLINK_FOLLOW)
        let texts = rig.records().map { String($0.text.prefix(24)) }
        pwrite(file, "later", 5, 0)
        close(file)
        #expect(texts.first == "create named 100600")
        #expect(texts.dropFirst().first == "setExtended user.x=y")
        #expect(texts.contains { $0.hasPrefix("write 0 start") })
        #expect(texts.contains { $0.hasPrefix("write 1048576 end") })
        #expect(texts.last == "truncate 2097152")
        #expect(rig.records().map(\.text) == ["write 0 later"])
    }

    @Test func `a new file names the access list that it inherited`() throws {
        let rig = try CaptureRig { root in
            mkdir(root + "/d", 0o755)
            let list = PosixCase.accessList([
                (1, 7, .max), (2, 5, 1000), (4, 5, .max), (16, 7, .max), (32, 5, .max),
            ])
            _ = lsetxattr(root + "/d", "system.posix_acl_default", list, list.count, 0)
        }
        defer { rig.stop() }
        close(open(rig.root + "/d/file", O_CREAT, 0o666))
        mkdir(rig.root + "/d/below", 0o777)
        let records = rig.records()
        let names = records.map { seen in
            seen.extended.withUnsafeBytes { bytes in
                AttributeChangeIterator(bytes).map { String(decoding: $0.name, as: UTF8.self) }
            }
        }
        #expect(
            names == [
                ["system.posix_acl_access"],
                ["system.posix_acl_access", "system.posix_acl_default"],
            ])
    }

    @Test func `a user's write to a setuid file is recorded with the mode it leaves`() throws {
        let rig = try CaptureRig { root in
            close(open(root + "/program", O_CREAT, 0o644))
            chmod(root + "/program", 0o4777)
        }
        defer { rig.stop() }
        Probe(rig.root).asUser(1000, 1000) { probe in
            let file = open(probe.path("program"), O_WRONLY)
            write(file, "x", 1)
            close(file)
        }
        #expect(rig.records().map(\.text) == ["attributes mode 100777", "write 0 x"])
    }

    @Test func `what no rule includes is not recorded, and what moves in is`() throws {
        let rig = try CaptureRig(isFollowed: false) { root in
            mkdir(root + "/in", 0o755)
            mkdir(root + "/out", 0o755)
        }
        defer { rig.stop() }
        let file = open(rig.root + "/out/a", O_CREAT | O_RDWR, 0o644)
        pwrite(file, "before", 6, 0)
        rig.select("/in")
        pwrite(file, "out", 3, 0)
        mkdir(rig.root + "/out/d", 0o755)
        rename(rig.root + "/out/a", rig.root + "/in/a")
        pwrite(file, "in", 2, 0)
        rename(rig.root + "/in/a", rig.root + "/out/b")
        pwrite(file, "gone", 4, 0)
        close(file)
        let moved = open(rig.root + "/out/d/x", O_CREAT | O_RDWR, 0o644)
        rename(rig.root + "/out/d", rig.root + "/in/d")
        pwrite(moved, "moved", 5, 0)
        close(moved)
        let records = rig.records()
        #expect(
            records.map(\.text) == [
                "rename a a", "write 0 in", "rename a b", "rename d d", "write 0 moved",
            ])
        #expect(records.map(\.record.membership) == [0, 1, 1, 0, 1])
        #expect(records.compactMap(\.change?.otherMembership) == [1, 0, 1])
    }
}
