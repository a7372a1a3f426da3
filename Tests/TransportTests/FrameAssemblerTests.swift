import NIOCore
import ReplicationModel
import Testing
import WireProtocol

@testable import Transport

@Suite struct FrameAssemblerTests {
    private static let sizes = [0, 1, 31, 32, 33, 1000, 0, 70_000]

    private static func stream() -> ByteBuffer {
        var stream = ByteBuffer()
        for size in sizes { stream.writeImmutableBuffer(makeFrame(byteCount: size)) }
        return stream
    }

    @Test(arguments: [1, 7, 31, 32, 33, 4096, 1_000_000])
    func piecesOfAnySizeMakeTheSameFrames(pieceSize: Int) throws {
        var assembler = FrameAssembler(allocator: ByteBufferAllocator())
        var stream = Self.stream()
        var sizes: [Int] = []
        while stream.readableBytes > 0 {
            let count = min(pieceSize, stream.readableBytes)
            guard var piece = stream.readSlice(length: count) else { break }
            while let frame = try assembler.next(from: &piece) {
                #expect(frame.body.readableBytes == frame.header.bodyLength)
                sizes.append(frame.body.readableBytes)
            }
            #expect(piece.readableBytes == 0)
        }
        #expect(sizes == Self.sizes)
    }

    @Test func aHalfFrameIsNoFrame() throws {
        var assembler = FrameAssembler(allocator: ByteBufferAllocator())
        var piece = makeFrame(byteCount: 100).getSlice(at: 0, length: 131) ?? ByteBuffer()
        #expect(try assembler.next(from: &piece) == nil)
        var rest = ByteBuffer(bytes: [100])
        #expect(try assembler.next(from: &rest) != nil)
    }

    @Test func aLengthAboveTheLimitIsRefusedAtTheHeader() {
        let body = UnsafeRawBufferPointer(start: nil, count: 0)
        var header = FrameHeader(.heartbeat, connection: 0, body: body)
        header.bodyLength = .max
        header.headerChecksum = withUnsafeBytes(of: header) {
            Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<28]))
        }
        var bytes = ByteBuffer(bytes: withUnsafeBytes(of: header) { Array($0) })
        var assembler = FrameAssembler(allocator: ByteBufferAllocator())
        #expect(throws: WireError.tooLong(0xFFFF_FFFF, limit: 65_536)) {
            try assembler.next(from: &bytes)
        }
    }

    @Test func aDamagedBodyIsRefused() {
        var frame = makeFrame(byteCount: 100)
        frame.setInteger(UInt8(1), at: 80)
        var assembler = FrameAssembler(allocator: ByteBufferAllocator())
        #expect(throws: WireError.bodyDamaged) { try assembler.next(from: &frame) }
    }

    @Test func aBodyStartsWhereRecordsCanBeReadInPlace() throws {
        var assembler = FrameAssembler(allocator: ByteBufferAllocator())
        var bytes = makeFrame(.bye, byteCount: 3)
        bytes.writeImmutableBuffer(makeFrame(byteCount: 640))
        _ = try assembler.next(from: &bytes)
        let frame = try assembler.next(from: &bytes)
        let place = frame?.body.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(place.map { $0 % 8 } == 0)
    }
}
