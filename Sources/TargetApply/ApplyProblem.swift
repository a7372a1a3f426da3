package import FileSystemAccess

/// Trouble with one object: it was skipped, the stream went on.
package struct ApplyProblem: Hashable, Sendable {
    package var mapping: UInt16
    /// Below the mapping's root.
    package var path: BytePath
    package var what: Action
    package var errno: Errno

    package enum Action: String, Hashable, Sendable {
        case create, link, remove, rename, write, truncate, allocate, open
        case mode, owner, times
        case setExtended = "set extended attribute"
        case mirror
        /// A change is about something that is not known.
        case find
        /// What a peer sent makes no sense.
        case understand
    }
}

extension ApplyProblem: CustomStringConvertible {
    package var description: String { "cannot \(what.rawValue) '\(path)': \(errno)" }
}

/// Content that the source has to send, because the target does not have the object.
package struct AwaitedObject: Hashable, Sendable {
    package var mapping: UInt16
    /// Below the mapping's root; what is there and all below it.
    package var path: BytePath
    /// The target has the object; only what may differ of it is wanted.
    package var isKnown = false
}

/// What was counted since the applier was made.
package struct ApplyCounters: Hashable, Sendable {
    /// Records that took effect, those of mirrors included.
    package var applied: UInt64 = 0
    /// Records that the target had already.
    package var repeated: UInt64 = 0
    /// Records skipped because the object is not known, or had a problem before.
    package var skipped: UInt64 = 0
    /// Objects in trouble.
    package var problems: UInt64 = 0
    /// Of files, written.
    package var bytes: UInt64 = 0
    package var mirrorObjects: UInt64 = 0
    package var mirrorBytes: UInt64 = 0
    /// Names that a mirror removed.
    package var removed: UInt64 = 0
    /// Objects that a resync found elsewhere.
    package var moved: UInt64 = 0
    /// Operations of a replay whose object is gone again by the end of it.
    package var overtaken: UInt64 = 0
}

/// How far a target has got.
package struct ApplyPositions: Hashable, Sendable {
    package var applied: UInt64
    package var durable: UInt64

    package init(applied: UInt64, durable: UInt64) {
        self.applied = applied
        self.durable = durable
    }
}
