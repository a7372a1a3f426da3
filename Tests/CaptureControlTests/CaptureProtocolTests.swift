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
}
