import CaptureControl
import Testing

@Suite struct CaptureProtocolTests {
    @Test func `requests survive the way through text`() {
        let rules = [
            SelectionRule(bit: 0, includes: true, isRecursive: true, path: Array("/a b/%c".utf8)),
            SelectionRule(bit: 15, includes: false, isRecursive: false, path: [0x2F, 0xFF, 0x0A]),
        ]
        let requests: [CaptureRequest] = [
            .hello, .stats, .flush, .rotate, .suspects, .unmount, .rules(generation: 12, rules),
            .rules(generation: 0, []),
        ]
        for request in requests { #expect(CaptureRequest(request.text) == request) }
        #expect(
            CaptureRequest.rules(generation: 12, rules).text
                == "rules 12\n0 include recursive /a%20b/%25c\n"
                + "15 exclude nonrecursive /%FF%0A\n")
    }

    @Test func `replies survive the way through text`() {
        let replies: [CaptureReply] = [
            .ok([:]), .ok(["mount": "/a b=c", "pid": "7"]), .error("busy: files are in use"),
        ]
        for reply in replies { #expect(CaptureReply(reply.text) == reply) }
    }

    @Test(arguments: [
        "", "hi", "hello you", "rules", "rules x", "rules 1\n16 include recursive /a",
        "rules 1\n0 maybe recursive /a", "rules 1\n0 include recursive a",
        "rules 1\n0 include recursive /%4", "rules 1\n0 include recursive /%GG",
    ])
    func `anything else is refused`(text: String) {
        #expect(CaptureRequest(text) == nil)
    }

    @Test func `mount points are read as they are on disk`() {
        let text = """
            25 1 0:1 / / rw,relatime shared:1 - ext4 /dev/vda rw
            30 25 0:40 / /a\\040b rw - fuse.understudy understudy rw
            nonsense
            """
        let table = MountTable(Array(text.utf8))
        #expect(table.entries.map(\.point) == [Array("/".utf8), Array("/a b".utf8)])
        #expect(table.isCaptured(Array("/a b".utf8)))
        #expect(!table.isCaptured(Array("/".utf8)))
    }

    @Test func `a folder shows wherever its disk is mounted and nothing lies over it`() throws {
        let table = MountTable(
            Array(
                """
                20 1 8:1 / / rw - ext4 /dev/vda rw
                21 20 8:2 / /srv rw - ext4 /dev/vdb rw
                22 21 0:40 / /srv/data rw - fuse.understudy understudy rw
                23 20 8:2 / /whole rw - ext4 /dev/vdb rw
                24 20 8:2 /data /bound rw - ext4 /dev/vdb rw
                25 20 8:2 /data/deep /part rw - ext4 /dev/vdb rw
                26 20 8:2 /other /other rw - ext4 /dev/vdb rw
                27 20 8:2 /data /covered rw - ext4 /dev/vdb rw
                28 27 0:40 / /covered rw - fuse.understudy understudy rw
                29 20 8:2 /database /database rw - ext4 /dev/vdb rw
                30 20 8:2 / /mnt/hidden rw - ext4 /dev/vdb rw
                31 20 0:50 / /mnt rw - tmpfs tmpfs rw
                """.utf8))
        let place = try #require(table.place(of: Array("/srv/data".utf8), through: 21))
        #expect(place.path == Array("/data".utf8) && place.device == Array("8:2".utf8))
        let ways = table.ways(to: place).map { String(decoding: $0, as: UTF8.self) }
        #expect(ways == ["/whole/data", "/bound", "/part"])
        #expect(table.place(of: Array("/else".utf8), through: 21) == nil)
        #expect(table.place(of: Array("/srv".utf8), through: 99) == nil)
    }
}
