internal import TargetApply

/// A connection at its target as it stood at one moment.
struct TargetSnapshot: Hashable, Sendable {
    /// nil while no applier is open: what its state says then counts.
    var claim: TargetClaim?
    var isLinked = false
    var isMirroring = false
    /// What cannot be done at the moment and is tried again; empty: nothing.
    var retrying = ""
    var applied: UInt64 = 0
    var durable: UInt64 = 0

    /// Words as of `TargetState`.
    func word(_ claim: TargetClaim) -> String {
        if !retrying.isEmpty { return "Retrying" }
        return switch claim {
        case .whole: "OK"
        case .maybeInPart: "Retrying"
        case .incomplete: isMirroring && isLinked ? "Mirroring" : "Mirror Required"
        case .lacking, .lost, .nothing: "Mirror Required"
        }
    }
}
