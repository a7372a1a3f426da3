import ReplicationModel

@testable import WireProtocol

/// One message of every kind with every field set: the golden frames of Docs/Formats/Wire.md, and
/// where the tests that damage messages start from.
enum Samples {
    static let hello = Hello(
        versions: 1...1, serverID: Digest(low: 0x0102_0304_0506_0708, high: 0x1112_1314_1516_1718),
        serverName: "alpha", bootID: "boot", machineID: "machine", softwareVersion: "0.1",
        listenPort: 1500)
    static let open = Open(
        connectionID: 3, connectionUUID: Digest(low: 1, high: 2), setName: "docs", journalID: 77,
        oldestSequence: 10, newestSequence: 900, policy: [.noMirror, .privileged],
        mappings: [
            Open.Mapping(
                sourcePath: Array("/srv/docs".utf8), targetPath: Array("/mirror/docs".utf8),
                root: FileID(inode: 2, generation: 5, mount: 1), sourceDevice: 0x801,
                sourceInode: 2)
        ])
    static let opened = Opened(
        isAccepted: false, code: -12, reason: "overlap", applied: 899, durable: 800, journalID: 77,
        isInconsistent: true, mirrorGeneration: 4, needsWholeMirror: true)
    static let acknowledge = Acknowledge(
        applied: 899, durable: 800, appliedBytes: 1 << 33, problemCount: 1, skippedCount: 2,
        flags: [.mirrorRequired, .outOfSpace], mirrorMarker: 6, lastProblem: "no space",
        stuckSeconds: 21, removedCount: 3, movedCount: 4)
    static let inspect = Inspect(
        requestID: 9, question: .digest, mapping: 1, path: Array("a/b".utf8), entries: [entry])
    static let inspected = Inspected(
        requestID: 9, status: 2, hasMore: true, attributes: entry.attributes, extendedDigest: 6,
        entries: [entry])
    static let awaited = Awaited(mapping: 2, path: Array("x/y".utf8), isKnown: true)
    static let sums = Sums(
        requestID: 10, file: FileID(inode: 11, generation: 7, mount: 1), firstBlock: 256,
        count: 256)
    static let summed = Summed(
        requestID: 10, status: 0, size: 16_842_752,
        sums: [Digest(low: 0, high: 0), Digest(low: 8, high: 9)])
    static let failed = Failed(objects: [
        Failed.Object(file: FileID(inode: 11, generation: 7, mount: 1), status: 1)
    ])
    static let refuse = Refuse(code: -3, reason: "unknown connection")
    static let heartbeat = Heartbeat(time: 1_700_000_000_000_000_000)
    static let bye = Bye()

    static var entry: Entry {
        var attributes = ObjectAttributes()
        attributes.mode = 0o100644
        attributes.user = 1000
        attributes.group = 100
        attributes.linkCount = 1
        attributes.size = 4096
        attributes.accessed = -1
        attributes.modified = 1_700_000_000_123_456_789
        return Entry(
            name: Array("file".utf8), attributes: attributes, digest: Digest(low: 3, high: 4),
            extendedDigest: 5, inode: 12)
    }

    static let messages: [any WireMessage] = [
        hello, open, opened, acknowledge, inspect, inspected, heartbeat, refuse, bye, awaited,
        sums, summed, failed,
    ]

    /// Two records: a write of 5 bytes and a size.
    static func batchFrame() -> [UInt8] {
        withBuilder { builder in
            var write = OperationRecord(.write, FileID(inode: 11, generation: 7, mount: 1))
            write.sequence = 41
            write.offset = 4096
            write.length = 5
            let payload = Array("hello".utf8)
            payload.withUnsafeBytes { bytes in
                write.checksum = Checksum.of(bytes)
                _ = builder.append(write, payload: bytes)
            }
            var truncate = OperationRecord(.truncate, FileID(inode: 11, generation: 7, mount: 1))
            truncate.sequence = 42
            truncate.length = 100
            _ = builder.append(truncate)
            return builder.finish(connection: 3, through: 45)
        }
    }

    /// Gives `body` a builder over fresh memory, and answers the bytes it says to have used.
    static func withBuilder(
        byteCount: Int = 64 << 10, _ body: (inout BatchBuilder) -> Int
    ) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        defer { memory.deallocate() }
        var builder = BatchBuilder(memory: memory)
        let used = body(&builder)
        return Array(memory[..<used])
    }
}

/// SplitMix64: tests that use chance print the seed they started from.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension WireMessage {
    /// The body alone.
    var bodyBytes: [UInt8] {
        get throws { Array(try frame(connection: 3).dropFirst(FrameHeader.byteCount)) }
    }

    static func decode(_ bytes: [UInt8]) throws(WireError) -> Self {
        try bytes.withUnsafeBytes { body in
            Result { () throws(WireError) in try Self(body: body) }
        }.get()
    }
}

func decodeHeader(_ bytes: [UInt8]) throws(WireError) -> FrameHeader {
    try bytes.withUnsafeBytes { place in
        Result { () throws(WireError) in try FrameHeader(decoding: place) }
    }.get()
}

/// What is wrong with a batch's body; nil: nothing.
func batchProblem(_ body: [UInt8]) -> WireError? {
    body.withUnsafeBytes { place -> WireError? in
        do throws(WireError) {
            _ = try BatchView(place)
            return nil
        } catch {
            return error
        }
    }
}
