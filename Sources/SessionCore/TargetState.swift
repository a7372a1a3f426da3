/// What the source says of a connection's target; the words are the manual's (chapter "Managing
/// connections").
package enum TargetState: Hashable, Sendable {
    /// The target holds a state that the source had.
    case ok
    /// A mirror runs.
    case mirroring
    /// What may differ is being put right, without being asked.
    case resyncing(ResyncReason)
    /// Only a mirror makes the target good again.
    case mirrorRequired(MirrorReason)
    /// The target repeats an operation that fails there, such as for want of space.
    case retrying
    /// The target makes changes again that it had made in part when it was killed: until that is
    /// over, what was changed early can be seen beside what was changed late.
    case repeating
    /// There is no link to the target.
    case notReached
    /// The target refused the connection.
    case refused(String)

    package var word: String {
        switch self {
        case .ok: "OK"
        case .mirroring, .resyncing: "Mirroring"
        case .mirrorRequired: "Mirror Required"
        case .retrying, .repeating: "Retrying"
        case .notReached: "Unknown"
        case .refused: "Error"
        }
    }
}

/// Why a mirror is required; kept with the connection and shown by STATUS.
package enum MirrorReason: String, Hashable, Sendable {
    case neverMirrored = "no mirror has been completed yet"
    case mirrorStopped = "the mirror was stopped before its end"
    case targetReset = "the target does not know this connection's data"
    case targetInconsistent = "the target says that its data is not consistent"
    case objectsMissing = "the target misses objects that cannot be found at the source"
}
