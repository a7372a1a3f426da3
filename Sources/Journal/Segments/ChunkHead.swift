internal import ReplicationModel

/// The 64 bytes before a chunk of a segment. A chunk is: head, records (64 bytes each), entries
/// (16 bytes each: when it was appended, payload bytes of all records before), payloads, each at a
/// multiple of 8. A record's `payloadPlace` counts from the start of the payloads.
struct ChunkHead: BitwiseCopyable {
    var magic: UInt64 = Self.magicNumber
    var journalID: UInt64 = 0
    var first: UInt64 = 0
    var count: UInt32 = 0
    /// Of the payload area, a multiple of 8.
    var payloadBytes: UInt32 = 0
    /// Payload bytes of all records before the first.
    var bytesBefore: UInt64 = 0
    /// Of the records and entries.
    var recordsSum: UInt64 = 0
    /// Of the payload area.
    var payloadSum: UInt64 = 0
    /// Of the 56 bytes before.
    var headSum: UInt64 = 0

    static let magicNumber: UInt64 = 0x3147_4553_5444_4E55  // "UNDTSEG1"
    static let byteCount = 64
    static let entryBytes = 16
    /// A chunk gets no more records beyond this; a single record may be larger.
    static let bytesMax = 1 << 20
    static let recordsMax = 8192
    /// The largest chunk that can be: one record of the largest payload, or a full one and that.
    static let largestBytes =
        byteCount + recordsMax * (64 + entryBytes) + bytesMax + Limits.payloadBytesMax + 8

    var last: UInt64 { first + UInt64(count) - 1 }
    var recordsBytes: Int { Int(count) * (OperationRecord.byteCount + Self.entryBytes) }
    var totalBytes: Int { Self.byteCount + recordsBytes + Int(payloadBytes) }

    mutating func seal() { headSum = computedSum }

    private var computedSum: UInt64 {
        withUnsafeBytes(of: self) {
            Checksum.of64(UnsafeRawBufferPointer(rebasing: $0[0..<Self.byteCount - 8]))
        }
    }

    /// Whether this is a head of that journal.
    func isValid(_ journalID: UInt64) -> Bool {
        magic == Self.magicNumber && headSum == computedSum && self.journalID == journalID
            && count > 0 && count <= Self.recordsMax && first > 0 && totalBytes <= Self.largestBytes
    }
}

/// Where a chunk lies.
struct ChunkPlace: BitwiseCopyable {
    var first: UInt64
    var count: UInt32
    var payloadBytes: UInt32
    /// Of the head in its file.
    var offset: Int64

    var last: UInt64 { first + UInt64(count) - 1 }
}

/// The name of a segment: the first sequence in it, 16 hexadecimal digits.
enum SegmentName {
    static func text(_ first: UInt64) -> String {
        let digits = String(first, radix: 16)
        return "queue-" + String(repeating: "0", count: 16 - digits.count) + digits + ".seg"
    }

    static func first(_ name: String) -> UInt64? {
        guard name.hasPrefix("queue-"), name.hasSuffix(".seg"), name.utf8.count == 26 else {
            return nil
        }
        return UInt64(name.dropFirst(6).dropLast(4), radix: 16)
    }
}
