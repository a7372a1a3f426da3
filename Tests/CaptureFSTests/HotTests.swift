import CaptureControl
import CPosix
import CaptureFS
import FileSystemAccess
import Glibc
import Journal
import ReplicationModel
import Synchronization
import Testing

/// What is about to change is written down before it does.
@Suite(.serialized)
struct HotTests {
    private func rig(_ prepare: (String) -> Void = { _ in }) throws -> (CaptureRig, BytePath) {
        let folder = try CaptureRig.makeFolder()
        let rig = try CaptureRig(options: ["--marks", folder], prepare: prepare)
        return (rig, BytePath(folder))
    }

    private func inode(_ path: String) -> UInt64 {
        var status = stat()
        stat(path, &status)
        return UInt64(status.st_ino)
    }

    @Test func `nothing is written down as long as nothing is replicated`() throws {
        let (rig, folder) = try rig()
        defer {
            rig.stop()
            CaptureRig.remove(folder.description)
        }
        Probe(rig.root).make("a", "text")
        #expect(HotSet.read(folder: folder, mount: 7).groupCount == 0)
        rig.memory.setWatched(1)
        Probe(rig.root).make("a", "again")
        let hot = HotSet.read(folder: folder, mount: 7)
        #expect(hot.isSure && hot.contains(inode(rig.root + "/a")))
    }

    @Test func `every kind of change makes hot what it touches`() throws {
        let (rig, folder) = try rig { root in
            for name in ["a", "b", "c"] { mkdir(root + "/" + name, 0o755) }
            for name in ["a/write", "a/mode", "a/attribute", "a/moved"] {
                close(open(root + "/" + name, O_CREAT, 0o644))
            }
        }
        defer {
            rig.stop()
            CaptureRig.remove(folder.description)
        }
        rig.memory.setWatched(1)
        func path(_ name: String) -> String { rig.root + "/" + name }
        func isHot(_ name: String) -> Bool {
            HotSet.read(folder: folder, mount: 7).contains(inode(path(name)))
        }
        let file = open(path("a/write"), O_WRONLY)
        pwrite(file, "x", 1, 0)
        close(file)
        #expect(isHot("a/write"))
        chmod(path("a/mode"), 0o600)
        #expect(isHot("a/mode"))
        _ = lsetxattr(path("a/attribute"), "user.x", "y", 1, 0)
        #expect(isHot("a/attribute"))
        rename(path("a/moved"), path("b/moved"))
        #expect(isHot("a") && isHot("b") && isHot("b/moved"))
        mkdir(path("c/new"), 0o755)
        #expect(isHot("c"))
    }

    @Test func `a new generation knows nothing of the old one, nor does a new server`() throws {
        let (rig, folder) = try rig { root in close(open(root + "/a", O_CREAT, 0o644)) }
        defer {
            rig.stop()
            CaptureRig.remove(folder.description)
        }
        rig.memory.setWatched(1)
        let file = open(rig.root + "/a", O_WRONLY)
        defer { close(file) }
        for round in 0..<4 {
            pwrite(file, "x", 1, off_t(round))
            let hot = HotSet.read(folder: folder, mount: 7)
            #expect(hot.contains(inode(rig.root + "/a")), "round \(round)")
            if round == 1 {
                rig.killServer()
                pwrite(file, "y", 1, 100)
                rig.connectAgain()
            }
            guard case .ok(let fields)? = rig.ask(.rotate),
                let generation = fields["generation"].flatMap({ UInt32($0) })
            else {
                Issue.record("no new generation")
                return
            }
            #expect(fields["newest"] == String(rig.memory.newest))
            try HotSet.drop(folder: folder, mount: 7, through: generation - 1)
            #expect(HotSet.read(folder: folder, mount: 7).groupCount == 0)
        }
        #expect(rig.count("hotFailures") == 0)
    }

    @Test func `a change never stands behind a rotation without being hot in it`() throws {
        let (rig, folder) = try rig()
        defer {
            rig.stop()
            CaptureRig.remove(folder.description)
        }
        rig.memory.setWatched(1)
        let isOver = Atomic<Bool>(false)
        withUnsafePointer(to: isOver) { isOver in
            nonisolated(unsafe) let isOver = isOver
            let threads = (0..<3).map { number in
                Probe(rig.root).start { probe in
                    var round = 0
                    while !isOver.pointee.load(ordering: .relaxed) {
                        round += 1
                        probe.make("f\(number)-\(round % 40)", "round \(round)")
                    }
                }
            }
            for _ in 0..<20 {
                guard case .ok(let fields)? = rig.ask(.rotate),
                    let generation = fields["generation"].flatMap({ UInt32($0) }),
                    let newest = fields["newest"].flatMap({ UInt64($0) })
                else {
                    Issue.record("no new generation")
                    break
                }
                try? HotSet.drop(folder: folder, mount: 7, through: generation - 1)
                // Every record from here on is of something that is hot now.
                let later = rig.records().filter { $0.record.sequence > newest }
                let hot = HotSet.read(folder: folder, mount: 7)
                let cold = later.filter {
                    $0.record.kind != .create && !hot.contains($0.record.inode)
                        && $0.record.kind != .unlink
                }
                // New files have their folder's heat.
                let born = Set(later.filter { $0.record.kind == .create }.map(\.record.inode))
                #expect(cold.allSatisfy { born.contains($0.record.inode) })
            }
            isOver.pointee.store(true, ordering: .relaxed)
            for thread in threads { pthread_join(thread, nil) }
        }
    }

    @Test func `without a folder for them there are no generations`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        guard case .error? = rig.ask(.rotate) else {
            Issue.record("not refused")
            return
        }
    }
}
