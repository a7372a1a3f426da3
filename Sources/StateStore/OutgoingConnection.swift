/// Where a part of the source's tree goes on the target.
package struct PathMapping: Sendable, Hashable {
    package var source: String
    package var target: String

    package init(source: String, target: String) {
        self.source = source
        self.target = target
    }
}

/// What is known about the target holding what it should.
package enum MirrorState: String, Sendable, Hashable {
    /// Never mirrored, and nobody asked for it.
    case none
    /// The target may differ; the reason says why.
    case required
    case runningFull
    case runningDifferent
    /// What may differ is being put right; the reason says why.
    case resyncing
    /// The target held everything once, and changes since then went in order.
    case done
}

/// Counters of a connection since it was established.
package struct ConnectionStatistics: Sendable, Hashable {
    /// Bytes before and after compression.
    package var mirrorBytesTransferred: Int64 = 0
    package var mirrorBytesTransmitted: Int64 = 0
    package var replicationBytesTransferred: Int64 = 0
    package var replicationBytesTransmitted: Int64 = 0
    package var operationsSent: Int64 = 0
    package var filesMirrored: Int64 = 0

    package init() {}
}

/// A replication set joined to a target, on the source.
package struct OutgoingConnection: Sendable, Hashable {
    /// Counted from 1; what people call it. Stays the same as long as the connection lives.
    package let id: Int
    /// What the target calls it; never used again.
    package let uuid: String
    package let set: String
    package let peer: Peer
    package let mappings: [PathMapping]
    package let replicates: Bool
    package let removesOrphans: Bool
    package let mirrorState: MirrorState
    /// Why a mirror is required, for people; empty else.
    package let mirrorReason: String
    /// Nanoseconds since 1970.
    package let establishedNanoseconds: Int64
    /// The set's bit in `OperationRecord.membership`.
    package let membershipBit: Int
    /// As last saved; the counters run on in memory.
    package let statistics: ConnectionStatistics
}
