package import ReplicationModel

/// The pieces that files are compared in.
package enum Blocks {
    /// Bytes of a block; the last one of a file may be shorter.
    package static let byteCount: Int64 = 64 << 10
    /// Blocks that one question asks for: 16 MiB of data.
    package static let questionMax = 256

    /// How many blocks a file of `size` bytes has.
    package static func count(size: Int64) -> UInt64 {
        size <= 0 ? 0 : UInt64((size - 1) / byteCount + 1)
    }

    /// Stands for a block that lies in a hole as a whole.
    package static let hole = Digest(low: 0, high: 0)

    /// Of a block's bytes; never `hole`.
    package static func sum(of bytes: UnsafeRawBufferPointer) -> Digest {
        let sum = Checksum.of128(bytes)
        return sum == hole ? Digest(low: 1, high: 0) : sum
    }

    /// Two lists of ranges, each in ascending order, as one.
    package static func union(
        _ one: [Range<UInt64>], _ two: [Range<UInt64>]
    ) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        for range in (one + two).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] =
                    last.lowerBound..<max(last.upperBound, range.upperBound)
            } else if !range.isEmpty {
                result.append(range)
            }
        }
        return result
    }
}
