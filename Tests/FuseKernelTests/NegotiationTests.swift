import CLinuxFuse
import FuseKernel
import Testing

@Suite struct NegotiationTests {
    private func offer(
        major: UInt32 = 7, minor: UInt32 = 38, flags: UInt64 = .max
    ) -> InitializeRequest {
        InitializeRequest(major: major, minor: minor, readaheadBytesMax: 131_072, flags: flags)
    }

    @Test func `only what is offered and wanted is agreed on`() throws {
        let all = try #require(Negotiation(offer(), writeBytesMax: 1 << 20))
        #expect(all.flags == Negotiation.wanted)
        #expect(!all.flags.contains(.atomicTruncate))
        #expect(!all.flags.contains(.writebackCache))
        let few = InitializeFlags([.asyncRead, .posixAccessLists, .writebackCache])
        let some = try #require(Negotiation(offer(flags: few.rawValue), writeBytesMax: 1 << 20))
        #expect(some.flags == [.asyncRead, .posixAccessLists])
    }

    @Test func `the lower minor version is spoken`() throws {
        #expect(try #require(Negotiation(offer(minor: 31), writeBytesMax: 1 << 20)).minor == 31)
        let newer = try #require(Negotiation(offer(minor: 90), writeBytesMax: 1 << 20))
        #expect(newer.minor == Negotiation.minorMax)
        #expect(Negotiation(offer(major: 6), writeBytesMax: 1 << 20) == nil)
    }

    @Test func `large writes need a kernel that has them`() throws {
        let old = try #require(Negotiation(offer(flags: 0), writeBytesMax: 1 << 20))
        #expect(old.writeBytesMax == 128 * 1024)
        let new = try #require(Negotiation(offer(), writeBytesMax: 1 << 20))
        #expect(new.writeBytesMax == 1 << 20)
    }

    @Test func `the answer says what was agreed`() throws {
        let agreed = try #require(Negotiation(offer(), writeBytesMax: 1 << 20))
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Negotiation.byteCount, alignment: 8)
        defer { room.deallocate() }
        agreed.encode(into: room)
        let answer = room.load(as: fuse_init_out.self)
        #expect(answer.major == 7)
        #expect(UInt64(answer.flags) | UInt64(answer.flags2) << 32 == agreed.flags.rawValue)
        #expect(answer.max_write == 1 << 20)
        #expect(answer.max_pages == 256)
        #expect(answer.time_gran == 1)
    }

    @Test func `the short request of an old kernel is understood`() throws {
        var body = RequestBytes.bytes(UInt32(7)) + RequestBytes.bytes(UInt32(26))
        body += RequestBytes.bytes(UInt32(4096)) + RequestBytes.bytes(UInt32(9))
        let request = try RequestBytes.decode(RequestBytes.make(.initialize, body))
        guard case .initialize(let offer) = request.operation else {
            Issue.record("no offer")
            return
        }
        #expect(offer.flags == 9)
        #expect(offer.minor == 26)
    }
}
