/// How much may be on its way: bytes sent on a link and not yet applied by the target.
package struct SendWindow: Hashable, Sendable {
    package let bytesMax: Int
    /// On this link, frames of batches only.
    package private(set) var sentBytes: UInt64 = 0
    package private(set) var appliedBytes: UInt64 = 0

    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package var flyingBytes: Int { Int(sentBytes - appliedBytes) }
    package var isOpen: Bool { flyingBytes < bytesMax }

    package mutating func sent(_ bytes: Int) { sentBytes += UInt64(bytes) }

    /// What the target claims; a claim beyond what was sent is cut, not believed.
    package mutating func applied(_ total: UInt64) {
        appliedBytes = max(appliedBytes, min(total, sentBytes))
    }

    /// A new link counts from zero.
    package mutating func reset() { (sentBytes, appliedBytes) = (0, 0) }
}
