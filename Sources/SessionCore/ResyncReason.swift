/// Why what may differ is being put right; kept with the connection and shown by STATUS. Ordered by
/// how much has to be looked at.
package enum ResyncReason: String, Hashable, Sendable, Comparable, CaseIterable {
    case targetStuck = "the target could not take changes and they were marked instead"
    case queueFull = "the queue was full and changes were marked instead"
    case openAround = "files were open around the mount"
    case changedAround = "files were changed around the mount"
    case captureBroken = "the path was not captured for some time"
    case queueLost = "the source's queue did not survive"
    case objectsMissing = "the target lacked objects that changes were made to"
    case targetInconsistent = "the target says that its data is not consistent"

    /// What has to be compared.
    package enum Scope: Hashable, Sendable {
        /// What was marked while changes were dropped.
        case marks
        /// That, what changed since the last time that is vouched for, and what was being written.
        case scan
        case everything
    }

    package var scope: Scope {
        switch self {
        case .targetStuck, .queueFull, .openAround: .marks
        case .changedAround, .captureBroken, .queueLost: .scan
        case .objectsMissing, .targetInconsistent: .everything
        }
    }

    /// Whether what is looked for was not captured. Then nothing but the source's disk knows of it,
    /// and the target must not hear of it before it is there.
    package var isOfUncaptured: Bool {
        switch self {
        case .openAround, .changedAround, .captureBroken, .queueLost: true
        case .targetStuck, .queueFull, .objectsMissing, .targetInconsistent: false
        }
    }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    package static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }
}
