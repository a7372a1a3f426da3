package import FileSystemAccess

/// What can be said of a connection's data at its target from its state alone: before, and without,
/// a word of the source.
package enum TargetClaim: String, Hashable, Sendable {
    /// The applier was closed in good order: what is there is a state that the source had.
    case whole = ""
    /// The server ended without closing it. Of the changes that it was making some may be there and
    /// others, older ones, not.
    case maybeInPart =
        "changes that were being made when the server ended may be there in part"
    case incomplete = "a mirror or resync did not come to its end"
    case lacking = "objects that changes were made to are missing"
    case lost = "what is known of it was lost or is damaged"
    case nothing = "nothing has been replicated yet"

    /// Reads what an applier keeps in `stateFolder`; changes nothing there.
    ///
    /// The mark of a good end is on the disk, and taken away there before the first change is made,
    /// so nothing has to be noted for each of them.
    package static func read(_ stateFolder: BytePath) -> TargetClaim {
        guard let descriptor = try? DirectoryTree.open(stateFolder) else { return .nothing }
        defer { SystemCall.close(descriptor) }
        guard let stored = try? CheckpointStore.read(in: descriptor) else { return .lost }
        return TargetClaim(stored.flags)
    }

    private init(_ flags: CheckpointFlags) {
        if flags.contains(.inconsistent) {
            self = .incomplete
        } else if !flags.isDisjoint(with: [.mirrorRequired, .wholeRequired]) {
            self = .lacking
        } else {
            self = flags.contains(.closed) ? .whole : .maybeInPart
        }
    }
}

extension Applier {
    /// The same of one that lives.
    package var claim: TargetClaim {
        if isInconsistent { return .incomplete }
        if isMirrorRequired || needsWholeMirror { return .lacking }
        return isRepeating ? .maybeInPart : .whole
    }
}
