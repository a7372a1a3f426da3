/// Finds names that stand for one object at one side and for several at the other. Told of every
/// name that both have, over all folders of a mapping; remembers the objects with several names.
package struct HardLinkComparison: Sendable {
    private var targets: [UInt64: UInt64] = [:]
    private var sources: [UInt64: UInt64] = [:]

    package init() {}

    /// Compares the names that both sides have of one folder.
    ///
    /// - Returns: those that contradict what was said of names before.
    package mutating func differences(
        source: [TreeEntry], target: [TreeEntry]
    ) -> [EntryDifference] {
        var found: [EntryDifference] = []
        var theirs: [[UInt8]: UInt64] = [:]
        for entry in target { theirs[entry.name] = entry.inode }
        for entry in source {
            guard let inode = theirs[entry.name] else { continue }
            if differ(entry.inode, inode) {
                found.append(EntryDifference(name: entry.name, reason: .linkCount))
            }
        }
        return found
    }

    /// Inode numbers; 0: the object has no other name. It may have some outside of what is
    /// replicated, at either side: only two names make a difference.
    private mutating func differ(_ source: UInt64, _ target: UInt64) -> Bool {
        if source != 0, let known = targets[source] { return known != target || target == 0 }
        if target != 0, let known = sources[target] { return known != source || source == 0 }
        if source != 0 { targets[source] = target }
        if target != 0 { sources[target] = source }
        return false
    }
}
