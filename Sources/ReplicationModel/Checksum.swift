internal import CXXHash

/// XXH3 over bytes, in the widths that the formats use.
package enum Checksum {
    /// The low half of the 64-bit sum; 0 for no bytes.
    @inline(__always)
    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        bytes.isEmpty ? 0 : UInt32(truncatingIfNeeded: of64(bytes))
    }

    @inline(__always)
    package static func of64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        cxxhash_64(bytes.baseAddress, bytes.count)
    }

    package static func of128(_ bytes: UnsafeRawBufferPointer) -> Digest {
        let sum = cxxhash_128(bytes.baseAddress, bytes.count)
        return Digest(low: sum.low64, high: sum.high64)
    }
}

/// 128 bits that stand for a content.
@frozen
package struct Digest: BitwiseCopyable, Hashable, Sendable {
    package var low: UInt64
    package var high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// A 128-bit sum over bytes that come piece by piece.
package struct RunningDigest: ~Copyable {
    private let state: UnsafeMutableRawPointer

    package init() {
        guard let state = cxxhash_create() else {
            preconditionFailure("no memory for a checksum state")
        }
        self.state = state
        cxxhash_reset(state)
    }

    deinit { cxxhash_free(state) }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        cxxhash_update(state, bytes.baseAddress, bytes.count)
    }

    package mutating func finish() -> Digest {
        let sum = cxxhash_digest(state)
        cxxhash_reset(state)
        return Digest(low: sum.low64, high: sum.high64)
    }
}
