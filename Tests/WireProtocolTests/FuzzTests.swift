import ReplicationModel
import Testing

@testable import WireProtocol

/// Whatever a peer sends is an error or a value, never a crash or a read outside of it.
@Suite struct FuzzTests {
    private static let seed: UInt64 = 20_240_517

    @Test func damagedBatchesAreRefusedOrWhole() {
        print("seed \(Self.seed)")
        var generator = SeededGenerator(seed: Self.seed)
        let body = Array(Samples.batchFrame()[32...])
        var readable = 0
        for _ in 0..<20_000 {
            var damaged = body
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                Self.damage(&damaged, using: &generator)
            }
            readable += Self.read(damaged) ? 1 : 0
        }
        // Some damage (an offset, a time) leaves a batch that can be read: the loop below ran.
        #expect(readable > 0)
    }

    @Test func randomBytesAreNoBatch() {
        print("seed \(Self.seed)")
        var generator = SeededGenerator(seed: Self.seed)
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...400, using: &generator)
            _ = Self.read([UInt8](randomBytes: count, using: &generator))
        }
    }

    @Test func damagedMessagesAreRefusedOrWhole() throws {
        print("seed \(Self.seed)")
        var generator = SeededGenerator(seed: Self.seed)
        for message in Samples.messages { try Self.fuzz(message, using: &generator) }
    }

    @Test func randomBytesAreNoHeader() {
        print("seed \(Self.seed)")
        var generator = SeededGenerator(seed: Self.seed)
        for _ in 0..<5_000 {
            let bytes = [UInt8](randomBytes: 32, using: &generator)
            #expect(throws: WireError.self) { try decodeHeader(bytes) }
        }
    }

    private static func fuzz<Message: WireMessage>(
        _ message: Message, using generator: inout SeededGenerator
    ) throws {
        let body = try message.bodyBytes
        for _ in 0..<2_000 {
            var damaged = body
            damage(&damaged, using: &generator)
            guard let decoded = try? Message.decode(damaged) else { continue }
            // What was accepted has one encoding and means the same in it.
            #expect(try Message.decode(try decoded.bodyBytes) == decoded)
        }
    }

    private static func damage(
        _ bytes: inout [UInt8], using generator: inout SeededGenerator
    ) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 2: bytes.removeLast(bytes.count - place)
        case 3: bytes[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
        default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
    }

    /// Reads everything of a batch, in memory that ends where the batch ends. false: refused.
    private static func read(_ bytes: [UInt8]) -> Bool {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        guard let view = try? BatchView(UnsafeRawBufferPointer(memory)) else { return false }
        var sum: UInt64 = 0
        for record in view.records {
            sum &+= record.kind == nil ? 0 : Checksum.of64(view.payload(of: record))
        }
        return view.count > 0 || sum == 0
    }
}
