package import ReplicationModel

/// What may differ of an object.
@frozen
package struct DirtyKinds: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Mode, owner, times, size, extended attributes, number of names.
    package static let attributes = DirtyKinds(rawValue: 1)
    /// The names in a directory.
    package static let entries = DirtyKinds(rawValue: 2)
    /// Single blocks of data.
    package static let data = DirtyKinds(rawValue: 4)
    /// All data from some block on.
    package static let wholeData = DirtyKinds(rawValue: 8)
}

/// One entry of a dirty index, 64 bytes: 256 blocks of 64 KiB of one object, or (range
/// `objectRange`) what concerns it as a whole. The word that holds `kinds` is written last: an
/// entry without kinds is none.
struct DirtyEntry: BitwiseCopyable {
    var inode: UInt64 = 0
    /// Generation (32 bits), mount (8), kinds (8), 0.
    var word: UInt64 = 0
    var range: UInt32 = 0
    var reserved: UInt32 = 0
    /// The newest record that marked it; 0: none did.
    var lastSequence: UInt64 = 0
    /// A bit for each block. Of the object's own entry the first word alone is used: the first
    /// block from which on all data is suspect, with `wholeData`.
    var bits: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static let byteCount = 64
    static let objectRange = UInt32.max
    static let blockShift: UInt64 = 16
    static let rangeShift: UInt64 = 24
    static let kindsShift: UInt64 = 40

    var kinds: DirtyKinds {
        DirtyKinds(rawValue: UInt8(truncatingIfNeeded: word >> Self.kindsShift))
    }

    var file: FileID {
        FileID(
            inode: inode, generation: UInt32(truncatingIfNeeded: word),
            mount: UInt32(UInt8(truncatingIfNeeded: word >> 32)))
    }

    /// Generation and mount of an identity, as they stand in `word`.
    @inline(__always)
    static func key(_ file: FileID) -> UInt64 {
        UInt64(file.generation) | UInt64(UInt8(truncatingIfNeeded: file.mount)) << 32
    }

    static let keyMask: UInt64 = (1 << 40) - 1
}

/// What is suspect of one object.
package struct FileMarks: Hashable, Sendable {
    package var file: FileID
    package var kinds: DirtyKinds
    /// Suspect blocks of 64 KiB, ascending, apart from each other; counted from 0. With `wholeData`
    /// the last one has no end (`Int64.max`).
    package var blocks: [Range<Int64>]
    /// The newest record that marked it.
    package var lastSequence: UInt64
}
