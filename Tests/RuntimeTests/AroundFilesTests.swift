import ReplicationModel
import Testing

@testable import Runtime

@Suite("Files that are open around a capture")
struct AroundFilesTests {
    private let key = OpenFileScan.Key(inode: 12, generation: 3)
    private let file = FileID(inode: 12, generation: 3, mount: 1)

    private func held(_ changed: Int64, mapped: Bool = false) -> OpenFileScan.HeldFile {
        var file = OpenFileScan.HeldFile(
            path: "/srv/log", look: .init(size: 1, modified: 1, changed: changed))
        file.holders = [
            .init(process: 7, command: "cat", path: "/srv/log", use: mapped ? .maps : .writes)
        ]
        return file
    }

    @Test("a file is compared when it is found, now and then as it changes, and when it is closed")
    func life() {
        var files = AroundFiles()
        #expect(files.isEmpty && files.kept == nil)
        files.saw([key: held(1)], mount: 1, look: 1, now: 0)
        #expect(files.shown.map(\.text) == ["written around the mount: /srv/log by cat (7)"])
        #expect(files.take(mirrors: [1: 4], now: 0) == [file])
        #expect(files.mirrorsBefore == [1: 4])
        files.saw([key: held(1)], mount: 1, look: 2, now: Clock.second)
        #expect(files.take(mirrors: [1: 4], now: Clock.second).isEmpty)
        // Not at each change, but none is forgotten.
        files.saw([key: held(2)], mount: 1, look: 3, now: 2 * Clock.second)
        #expect(files.take(mirrors: [1: 5], now: 2 * Clock.second).isEmpty)
        files.saw([key: held(2)], mount: 1, look: 4, now: AroundFiles.pause)
        #expect(files.take(mirrors: [1: 5], now: AroundFiles.pause) == [file])
        files.settled()
        #expect(files.isUrgent)
        files.saw([:], mount: 1, look: 5, now: AroundFiles.pause)
        #expect(files.isUrgent)
        #expect(files.take(mirrors: [1: 6], now: AroundFiles.pause) == [file])
        #expect(!files.isUrgent && !files.isEmpty)
        #expect(
            files.shown.map(\.text)
                == ["written around the mount: /srv/log closed, being compared"])
        files.settled()
        #expect(files.isEmpty && files.kept == nil)
    }

    @Test("a look that began earlier does not take back what a later one saw")
    func order() {
        var files = AroundFiles()
        files.saw([key: held(1)], mount: 1, look: 2, now: 0)
        files.saw([:], mount: 1, look: 1, now: 0)
        #expect(files.held.count == 1)
    }

    @Test("what was open when the process ended is owed by the next one")
    func kept() {
        var files = AroundFiles()
        files.saw([key: held(1, mapped: true)], mount: 1, look: 1, now: 0)
        #expect(files.shown.first?.words == "by cat (7), mapped")
        let before = files.kept
        _ = files.take(mirrors: [:], now: 0)
        #expect(files.kept == before)
        var next = AroundFiles(kept: before, mount: 1)
        #expect(next.owed == [file: "/srv/log"] && next.isUrgent)
        next.saw([:], mount: 1, look: 1, now: 0)
        #expect(next.take(mirrors: [:], now: 0) == [file])
        for nonsense in [nil, "", "[1]", "{\"x\":1}"] {
            #expect(AroundFiles(kept: nonsense, mount: 1).isEmpty)
        }
    }

    @Test("a folder is told from others by its disk, where both sides know it")
    func identities() {
        let old = FolderIdentity(text: "2.77")
        let one = FolderIdentity(text: "2.77.aa01")
        #expect(old.isSame(as: one) && one.isSame(as: old) && one.isSame(as: one))
        #expect(!one.isSame(as: FolderIdentity(text: "2.77.aa02")))
        #expect(!old.isSame(as: FolderIdentity(text: "2.78.aa01")))
        #expect(one.text == "2.77.aa01" && old.text == "2.77")
    }
}
