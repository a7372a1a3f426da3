internal import ReplicationModel

/// Finds names that stand for one object at one side and for several at the other. Told of every
/// name that both have, over all folders of a mapping; remembers the objects with several names.
package struct HardLinkComparison: Sendable {
    /// A name that contradicts what was said of another name before.
    package struct Contradiction: Hashable, Sendable {
        package let name: [UInt8]
        /// The folder of the other name, as it was given.
        package let otherFolder: Int
    }

    private struct Partner {
        let inode: UInt64
        let folder: Int32
    }

    /// By the inode number of the one side, what the other has.
    private var targets: [UInt64: Partner] = [:]
    private var sources: [UInt64: Partner] = [:]

    package init() {}

    /// Compares the names that both sides have of one folder, which is called `folder` from now on.
    package mutating func contradictions(
        folder: Int, source: [TreeEntry], target: [TreeEntry]
    ) -> [Contradiction] {
        var found: [Contradiction] = []
        var theirs: [[UInt8]: UInt64] = [:]
        for entry in target where entry.attributes.type != .directory {
            theirs[entry.name] = entry.inode
        }
        for entry in source where entry.attributes.type != .directory {
            guard let inode = theirs[entry.name],
                let other = contradicted(entry.inode, inode, Int32(clamping: folder))
            else { continue }
            found.append(Contradiction(name: entry.name, otherFolder: Int(other)))
        }
        return found
    }

    /// Inode numbers; 0: the object has no other name. It may have some outside of what is
    /// replicated, at either side: only two names make a difference.
    ///
    /// - Returns: the folder of the name that was told before and does not fit; nil: all fits.
    private mutating func contradicted(
        _ source: UInt64, _ target: UInt64, _ folder: Int32
    ) -> Int32? {
        if source != 0, let known = targets[source] {
            return known.inode != target || target == 0 ? known.folder : nil
        }
        if target != 0, let known = sources[target] {
            return known.inode != source || source == 0 ? known.folder : nil
        }
        if source != 0 { targets[source] = Partner(inode: target, folder: folder) }
        if target != 0 { sources[target] = Partner(inode: source, folder: folder) }
        return nil
    }
}
