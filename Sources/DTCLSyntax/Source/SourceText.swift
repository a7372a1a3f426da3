/// The bytes of one script and the name that messages give it.
public struct SourceText: Sendable, Hashable {
    /// Longest text the parser reads, in bytes; ranges are 32 bits wide.
    public static let bytesMax = 16 << 20

    public let name: String
    public let bytes: [UInt8]

    public init(_ text: String, name: String = "script") {
        self.init(bytes: Array(text.utf8), name: name)
    }

    public init(bytes: [UInt8], name: String) {
        self.name = name
        self.bytes = bytes
    }

    /// The text of a range; a range beyond the end gives what there is.
    public func text(in range: SourceRange) -> String {
        let lower = min(Int(range.lower), bytes.count)
        let upper = min(Int(range.upper), bytes.count)
        return String(decoding: bytes[lower..<upper], as: UTF8.self)
    }

    /// Offset of the first byte that is no part of valid UTF-8, nil when all are.
    func firstInvalidByte() -> Int? {
        var offset = bytes.withUnsafeBytes { bytes in
            // Eight bytes at a time while all are ASCII.
            var offset = 0
            while offset + 8 <= bytes.count,
                bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    & 0x8080_8080_8080_8080 == 0
            {
                offset += 8
            }
            return offset
        }
        var parser = Unicode.UTF8.ForwardParser()
        var input = bytes[offset...].makeIterator()
        while true {
            switch parser.parseScalar(from: &input) {
            case .valid(let scalar): offset += scalar.count
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }
}
