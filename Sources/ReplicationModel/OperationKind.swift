/// What a record says. Numbers are part of the wire format and never change their meaning.
@frozen
package enum OperationKind: UInt8, CaseIterable, Sendable {
    // Data of one object.
    /// Bytes at `offset`; the payload is the bytes.
    case write = 1
    /// The size becomes `length`.
    case truncate = 2
    /// `fallocate` with mode `flags` over `offset ..< offset + length`.
    case allocate = 3

    // Names. The payload is a `NameChange`.
    /// A new object of any type under a new name.
    case create = 16
    /// A further name for an object.
    case link = 17
    /// A name of something that is no directory goes.
    case unlink = 18
    /// A directory goes.
    case removeDirectory = 19
    /// A name moves; `flags` are renameat2's (2 exchanges).
    case rename = 20
    /// An object and all below it leaves the replicated set. Made by the sender out of a rename.
    case leave = 21

    // Attributes of one object.
    /// Mode, owner or times; the payload is `ObjectAttributes`, `flags` an `AttributeSet`.
    case attributes = 32
    /// An extended attribute; the payload is an `AttributeChange`.
    case setExtended = 33
    /// An extended attribute goes; the payload is an `AttributeChange` without a value.
    case removeExtended = 34

    // Control, made by the sender; they stand in the stream where they must be obeyed.
    /// Nothing to do but to acknowledge it.
    case barrier = 48
    /// A mirror starts: the target is not consistent from here on. `flags` is a `MirrorOptions`.
    case mirrorBegin = 49
    /// One object as it stands now: identity, name, attributes. The payload is a `NameChange`.
    case mirrorObject = 50
    /// Bytes of an object; like `write`, but does not count as a change of it. `flags` is a
    /// `MirrorDataFlags`.
    case mirrorData = 51
    /// The names that a directory has now. The payload is a `NameList`, or an `IdentityList`.
    case mirrorDirectory = 52
    /// The mirror is complete; the target is consistent from here on.
    case mirrorEnd = 53
    /// The mirror was stopped before its end; the target stays inconsistent.
    case mirrorStopped = 54
    /// All names of a resync have come: what no name was said of since it was taken away is gone.
    case mirrorNames = 55

    /// Whether a capture makes records of this kind, in the order of the source's own changes.
    @inlinable
    package var isChange: Bool { rawValue < 48 }
}

/// Which attributes an `attributes` record carries.
@frozen
package struct AttributeSet: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let mode = AttributeSet(rawValue: 1)
    package static let owner = AttributeSet(rawValue: 2)
    package static let group = AttributeSet(rawValue: 4)
    package static let accessed = AttributeSet(rawValue: 8)
    package static let modified = AttributeSet(rawValue: 16)
}

/// Flags of `mirrorObject` records.
@frozen
package struct MirrorObjectFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Content follows as `mirrorData`; what the target has now is to be emptied first. Of a
    /// directory in a resync: its names follow.
    package static let contentFollows = MirrorObjectFlags(rawValue: 1)
    /// The content has holes: the size must be set, data covers it only in part.
    package static let sparse = MirrorObjectFlags(rawValue: 2)
    /// The object has other names as well, which come as objects with the same identity.
    package static let hasOtherNames = MirrorObjectFlags(rawValue: 4)
    /// Whatever content the target has will be compared, and what differs of it follows as
    /// `mirrorData`. Until the last of it came, the content counts as unfinished.
    package static let compared = MirrorObjectFlags(rawValue: 8)
    /// Only some blocks of the content are compared: the target must have the others already.
    package static let inPart = MirrorObjectFlags(rawValue: 16)
}

/// Flags of `mirrorData` records.
@frozen
package struct MirrorDataFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The object's content is complete with this record.
    package static let last = MirrorDataFlags(rawValue: 1)
    /// No bytes: `length` of them from `offset` on are a hole.
    package static let hole = MirrorDataFlags(rawValue: 2)
    /// No bytes: the size becomes `length`.
    package static let size = MirrorDataFlags(rawValue: 4)
}

/// Flags of `mirrorDirectory` records.
@frozen
package struct NameListFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The first part of a list.
    package static let first = NameListFlags(rawValue: 1)
    /// The last part: names that no part had are gone at the source.
    package static let last = NameListFlags(rawValue: 2)
    /// Remove what was never replicated (orphans), too.
    package static let removeOrphans = NameListFlags(rawValue: 4)
    /// The payload is an `IdentityList`; what has other names than it says is put right at once,
    /// and what is missing in it goes at `mirrorNames`.
    package static let identities = NameListFlags(rawValue: 8)
}

/// Flags of `mirrorBegin` records.
@frozen
package struct MirrorOptions: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Everything travels, whatever the target has.
    package static let full = MirrorOptions(rawValue: 1)
    /// Names that the source does not have are removed from the target.
    package static let removeOrphans = MirrorOptions(rawValue: 2)
    /// Only what the target asked for travels: what it knows besides stays as good as it was, and
    /// its changes go on being applied.
    package static let partial = MirrorOptions(rawValue: 4)
    /// Only what may differ travels: all else counts as equal, and changes to everything are
    /// applied. Directories come as lists of identities.
    package static let resync = MirrorOptions(rawValue: 8)
}
