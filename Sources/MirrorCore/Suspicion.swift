package import ReplicationModel

/// Which part of an object may differ between source and target.
package struct Suspect: Hashable, Sendable {
    /// Mode, owner, times, extended attributes.
    package var attributes: Bool
    /// Of a directory: which names it has, and whose they are.
    package var entries: Bool
    /// Of a regular file.
    package var content: Content

    package init(attributes: Bool = false, entries: Bool = false, content: Content = .none) {
        self.attributes = attributes
        self.entries = entries
        self.content = content
    }

    package static let nothing = Suspect()
    package static let everything = Suspect(attributes: true, entries: true, content: .all)

    /// Everything that an object of this kind has.
    package static func whole(isDirectory: Bool) -> Suspect {
        Suspect(attributes: true, entries: isDirectory, content: isDirectory ? .none : .all)
    }

    /// What marks say of an object that has any.
    ///
    /// - Parameter blocks: as in `Content.blocks`.
    package init(entries: Bool, blocks: [Range<Int64>]) {
        self.init(attributes: true, entries: entries)
        guard !blocks.isEmpty else { return }
        content = .blocks(blocks.map { UInt64($0.lowerBound)..<UInt64($0.upperBound) })
    }

    package var isNothing: Bool { !attributes && !entries && content == .none }

    package mutating func formUnion(_ other: Suspect) {
        attributes = attributes || other.attributes
        entries = entries || other.entries
        content.formUnion(other.content)
    }

    package enum Content: Hashable, Sendable {
        case none
        case all
        /// Numbers of blocks of `Blocks.byteCount`, in ascending order, none of them twice. The
        /// file's size may differ, too.
        case blocks([Range<UInt64>])

        /// How much of a file of `size` bytes it is.
        package func byteCount(size: UInt64) -> UInt64 {
            switch self {
            case .none: return 0
            case .all: return size
            case .blocks(let ranges):
                return ranges.reduce(0) { sum, range in
                    let block = UInt64(Blocks.byteCount)
                    let end = min(size / block &+ 1, range.upperBound)
                    guard range.lowerBound < end else { return sum }
                    return sum + min(end * block, size)
                        - min(range.lowerBound * block, size)
                }
            }
        }

        /// Whether a file of `size` bytes has nothing besides.
        package func covers(size: Int64) -> Bool {
            byteCount(size: UInt64(max(size, 0))) == UInt64(max(size, 0))
        }

        package mutating func formUnion(_ other: Content) {
            switch (self, other) {
            case (.all, _), (_, .none): break
            case (_, .all), (.none, _): self = other
            case (.blocks(let one), .blocks(let two)): self = .blocks(Blocks.union(one, two))
            }
        }
    }
}

/// Says of an object what may differ at the target. Asked by the walker of a resync about every
/// object of the source's tree; what nobody suspects is equal.
package protocol Suspicion: Sendable {
    /// Whether an object with this inode number can be suspect at all: asked first, because to find
    /// out an object's generation costs a system call. `changeTime` as below.
    func maySuspect(inode: UInt64, mount: UInt32, changeTime: Int64) -> Bool

    /// - Parameter changeTime: when the inode was changed last (`st_ctim`), nanoseconds since
    ///   1970-01-01 UTC.
    func suspect(_ file: FileID, changeTime: Int64, isDirectory: Bool) -> Suspect
}

extension Suspicion {
    package func maySuspect(inode: UInt64, mount: UInt32, changeTime: Int64) -> Bool { true }
}

/// All of everything: a resync with it compares whole trees, block by block.
package struct EverythingSuspicion: Suspicion {
    package init() {}

    package func suspect(_ file: FileID, changeTime: Int64, isDirectory: Bool) -> Suspect {
        .whole(isDirectory: isDirectory)
    }
}

/// What was changed at or after a time, as far as the inode's change time reached the disk.
package struct ChangedSince: Suspicion {
    /// Nanoseconds since 1970-01-01 UTC.
    package let time: Int64

    package init(_ time: Int64) { self.time = time }

    package func maySuspect(inode: UInt64, mount: UInt32, changeTime: Int64) -> Bool {
        changeTime >= time
    }

    package func suspect(_ file: FileID, changeTime: Int64, isDirectory: Bool) -> Suspect {
        guard changeTime >= time else { return .nothing }
        return .whole(isDirectory: isDirectory)
    }
}

/// Objects whose neighbourhood was written to: groups of inode numbers, noted before the first
/// change.
package struct HotGroups: Suspicion {
    private let contain: @Sendable (_ inode: UInt64, _ mount: UInt32) -> Bool

    /// - Parameter contain: is called on the pump's thread, at every object of the tree.
    package init(_ contain: @escaping @Sendable (_ inode: UInt64, _ mount: UInt32) -> Bool) {
        self.contain = contain
    }

    package func maySuspect(inode: UInt64, mount: UInt32, changeTime: Int64) -> Bool {
        contain(inode, mount)
    }

    package func suspect(_ file: FileID, changeTime: Int64, isDirectory: Bool) -> Suspect {
        guard maySuspect(inode: file.inode, mount: file.mount, changeTime: changeTime) else {
            return .nothing
        }
        return .whole(isDirectory: isDirectory)
    }
}

/// What a dirty index says, asked by identity.
package struct Marks: Suspicion {
    private let find: @Sendable (FileID) -> Suspect

    /// - Parameter find: is called on the pump's thread, at every object of the tree.
    package init(_ find: @escaping @Sendable (FileID) -> Suspect) { self.find = find }

    package func suspect(_ file: FileID, changeTime: Int64, isDirectory: Bool) -> Suspect {
        find(file)
    }
}

/// What any of several suspects.
package struct UnionSuspicion: Suspicion {
    private let parts: [any Suspicion]

    package init(_ parts: [any Suspicion]) { self.parts = parts }

    package func maySuspect(inode: UInt64, mount: UInt32, changeTime: Int64) -> Bool {
        parts.contains { $0.maySuspect(inode: inode, mount: mount, changeTime: changeTime) }
    }

    package func suspect(_ file: FileID, changeTime: Int64, isDirectory: Bool) -> Suspect {
        var result = Suspect.nothing
        for part in parts {
            result.formUnion(
                part.suspect(file, changeTime: changeTime, isDirectory: isDirectory))
        }
        return result
    }
}
