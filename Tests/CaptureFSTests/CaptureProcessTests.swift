import CPosix
import CaptureControl
import CaptureFS
import FileSystemAccess
import Glibc
import Testing

/// A capture process as its daemon sees it.
@Suite(.serialized)
struct CaptureProcessTests {
    @Test func `it says who it is and hands out its descriptors`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let (reply, descriptors) = rig.askWithDescriptors(.hello)
        defer { for descriptor in descriptors { close(descriptor) } }
        guard case .ok(let fields) = reply else {
            Issue.record("no answer")
            return
        }
        #expect(fields["pid"] == String(rig.process))
        #expect(fields["number"] == "7")
        #expect(fields["mount"] == rig.root)
        #expect(descriptors.count == 3)
    }

    @Test func `it counts what it does`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let file = open(rig.root + "/a", O_CREAT | O_WRONLY, 0o600)
        for index in 0..<10 { pwrite(file, "1234567", 7, off_t(index)) }
        close(file)
        guard case .ok(let fields) = rig.ask(.stats) else {
            Issue.record("no answer")
            return
        }
        #expect(fields["writes"] == "10")
        #expect(fields["bytes"] == "70")
        #expect(fields["records"] == "11")
    }

    @Test func `a busy mount is not unmounted and goes on working`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let file = open(rig.root + "/a", O_CREAT | O_RDWR, 0o600)
        guard case .error(let words) = rig.ask(.unmount) else {
            Issue.record("not refused")
            return
        }
        #expect(words.hasPrefix("busy"))
        #expect(write(file, "x", 1) == 1)
        close(file)
        #expect(rig.ask(.unmount) == .ok([:]))
        #expect(access(rig.root + "/a", F_OK) == 0)
        #expect(!MountTable(WholeFile.read(WholeFile.mounts) ?? []).isCaptured(rig.root.utf8))
    }

    @Test func `what must not be covered is refused in words`() throws {
        let base = try CaptureRig.makeFolder()
        defer { CaptureRig.remove(base) }
        close(open(base + "/file", O_CREAT, 0o600))
        #expect(problem("/") == .root)
        #expect(problem(base + "/file") == .notADirectory(base + "/file"))
        #expect(problem(base + "/absent") == .system("open \(base)/absent", errno: ENOENT))
        let rig = try CaptureRig()
        defer { rig.stop() }
        #expect(problem(rig.root) == .alreadyMounted(rig.root))
        #expect(problem(rig.base) == .submount(rig.base, inside: rig.root))
    }

    private func problem(_ path: String) -> CaptureError? {
        do throws(CaptureError) {
            _ = try CaptureMount(path: path)
            return nil
        } catch {
            return error
        }
    }

    @Test func `many threads at once leave what one would have left`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let workers = (0..<4).map { number in
            Probe(rig.root).start { probe in
                let folder = "w\(number)"
                mkdir(probe.path(folder), 0o755)
                for index in 0..<200 {
                    let name = "\(folder)/f\(index)"
                    let file = open(probe.path(name), O_CREAT | O_RDWR, 0o600)
                    let text = "\(number) \(index)"
                    write(file, text, text.utf8.count)
                    close(file)
                    if index % 3 == 0 { unlink(probe.path(name)) }
                    if index % 3 == 1 {
                        rename(probe.path(name), probe.path("m\(number)-\(index)"))
                    }
                }
            }
        }
        for worker in workers { pthread_join(worker, nil) }
        var wrong: [String] = []
        for number in 0..<4 {
            for index in 0..<200 {
                let name =
                    index % 3 == 1 ? "m\(number)-\(index)" : "w\(number)/f\(index)"
                let expected = index % 3 == 0 ? nil : "\(number) \(index)"
                if content(rig.root + "/" + name) != expected { wrong.append(name) }
            }
        }
        #expect(wrong.isEmpty)
    }

    private func content(_ path: String) -> String? {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var room = [UInt8](repeating: 0, count: 100)
        let count = read(file, &room, room.count)
        return String(decoding: room[..<max(0, count)], as: UTF8.self)
    }
}
