import ReplicationModel
import Testing

@testable import WireProtocol

@Suite struct FrameHeaderTests {
    private static let frame = Samples.batchFrame()

    @Test func theFixedPartsHaveTheSizesOfTheFormat() {
        #expect(MemoryLayout<FrameHeader>.size == 32)
        #expect(MemoryLayout<FrameHeader>.stride == 32)
        #expect(MemoryLayout<BatchHeader>.size == 32)
        #expect(MemoryLayout<FrameHeader>.offset(of: \.bodyChecksum) == 16)
        #expect(MemoryLayout<FrameHeader>.offset(of: \.headerChecksum) == 28)
        #expect(MemoryLayout<ObjectAttributes>.size == 48)
        #expect(MemoryLayout<OperationRecord>.size == 64)
    }

    @Test func aHeaderComesBackAsItWasWritten() throws {
        let header = try decodeHeader(Self.frame)
        #expect(header.kind == .batch)
        #expect(header.connection == 3)
        #expect(Int(header.bodyLength) == Self.frame.count - 32)
        let body = Array(Self.frame[32...])
        try body.withUnsafeBytes { try header.check($0) }
    }

    @Test func everyFlippedBitOfAHeaderIsNoticed() {
        for bit in 0..<32 * 8 {
            var damaged = Self.frame
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: WireError.self, "bit \(bit)") { try decodeHeader(damaged) }
        }
    }

    @Test func everyFlippedBitOfABodyIsNoticed() throws {
        let header = try decodeHeader(Self.frame)
        let body = Array(Self.frame[32...])
        for bit in 0..<body.count * 8 {
            var damaged = body
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: WireError.bodyDamaged, "bit \(bit)") {
                try damaged.withUnsafeBytes { try header.check($0) }
            }
        }
    }

    @Test func aHeaderThatIsTooShortIsTruncated() {
        for count in 0..<32 {
            #expect(throws: WireError.truncated) { try decodeHeader(Array(Self.frame[..<count])) }
        }
    }

    @Test func aBodyOfAnotherLengthIsTruncated() throws {
        let header = try decodeHeader(Self.frame)
        #expect(throws: WireError.truncated) {
            try Self.frame[33...].withUnsafeBytes { try header.check($0) }
        }
    }

    @Test func aLengthAboveTheKindsLimitIsRefused() throws {
        for kind in FrameKind.allCases {
            let most = UInt32(kind.bodyBytesMax)
            let allowed = try decodeHeader(
                Self.header { header in
                    header.kindNumber = kind.rawValue
                    header.bodyLength = most
                })
            #expect(allowed.bodyLength == most)
            #expect(throws: WireError.tooLong(UInt64(most) + 1, limit: UInt64(most))) {
                try decodeHeader(
                    Self.header { header in
                        header.kindNumber = kind.rawValue
                        header.bodyLength = most + 1
                    })
            }
        }
    }

    @Test func anotherMagicVersionKindOrFlagIsRefused() {
        #expect(throws: WireError.notAFrame) {
            try decodeHeader(Self.header { $0.magic = 0x2154_5448 })
        }
        #expect(throws: WireError.unknownVersion(2)) {
            try decodeHeader(Self.header { $0.version = 2 })
        }
        #expect(throws: WireError.unknownKind(99)) {
            try decodeHeader(Self.header { $0.kindNumber = 99 })
        }
        #expect(throws: WireError.badValue(.reserved)) {
            try decodeHeader(Self.header { $0.flags = 1 })
        }
    }

    @Test func versionsMeetAtTheHighestThatBothSpeak() {
        #expect(ProtocolVersion.negotiate(own: 1...3, peer: 2...5) == 3)
        #expect(ProtocolVersion.negotiate(own: 2...5, peer: 1...3) == 3)
        #expect(ProtocolVersion.negotiate(own: 1...1, peer: 1...9) == 1)
        #expect(ProtocolVersion.negotiate(own: 1...2, peer: 3...4) == nil)
        #expect(ProtocolVersion.negotiate(own: 3...4, peer: 1...2) == nil)
    }

    /// A header whose checksum is right although its contents are changed.
    private static func header(_ change: (inout FrameHeader) -> Void) -> [UInt8] {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        var header = FrameHeader(.bye, connection: 0, body: empty)
        change(&header)
        header.headerChecksum = withUnsafeBytes(of: header) {
            Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<28]))
        }
        return withUnsafeBytes(of: header) { Array($0) }
    }
}
