internal import ReplicationModel

/// What a frame's body is. Numbers are part of the wire format and never change their meaning.
@frozen
package enum FrameKind: UInt16, CaseIterable, Hashable, Sendable {
    /// Both ways, first of all: who I am and which versions I speak.
    case hello = 1
    /// Source to target: a connection between folders begins or continues.
    case open = 2
    /// Target to source: whether it may, and from where.
    case opened = 3
    /// Source to target: operations, in order.
    case batch = 4
    /// Target to source: how far it has got.
    case acknowledge = 5
    /// Source to target: tell what lies below a path, or compare it.
    case inspect = 6
    /// Target to source: the answer to `inspect`.
    case inspected = 7
    /// Both ways, when nothing else is to be said.
    case heartbeat = 8
    /// Both ways: what you asked for is not done, and why.
    case refuse = 9
    /// Both ways: the connection ends on purpose.
    case bye = 10
    /// Target to source: content that the target needs before it can go on with an object.
    case awaited = 11
    /// Source to target: sums of a file's blocks, by the file's identity.
    case sums = 12
    /// Target to source: the answer to `sums`.
    case summed = 13
    /// Target to source: objects that it could not bring up to date.
    case failed = 14

    /// The largest body, bytes; a longer one is refused before a byte of it is kept.
    package var bodyBytesMax: Int {
        switch self {
        case .batch: Limits.batchBytesMax
        case .inspect, .inspected: Limits.messageBytesMax
        // A set may have many folders; two paths each.
        case .open: 1 << 20
        default: 64 << 10
        }
    }
}
