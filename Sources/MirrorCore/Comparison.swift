package import ReplicationModel

/// How two objects, or two lists of a directory's entries, differ.
package enum Comparison {
    /// Whether a mirror has to send content, or the target's object will do. Only regular files
    /// have content of their own; everything else travels whole with its name.
    package static func decide(
        source: ObjectAttributes, target: ObjectAttributes?
    ) -> MirrorDecision {
        guard source.type == .regular else { return .bind }
        guard let target, target.type == .regular, target.size == source.size,
            target.modified == source.modified
        else { return .content }
        return .bind
    }

    /// All names at which the two are not the same, in the order of the source's names, then those
    /// that only the target has. One reason a name: the first that applies.
    package static func differences(
        source: [TreeEntry], target: [TreeEntry], findsOrphans: Bool = true,
        comparesLinkCounts: Bool = false
    ) -> [EntryDifference] {
        var found: [EntryDifference] = []
        var places: [[UInt8]: Int] = [:]
        places.reserveCapacity(target.count)
        for (place, entry) in target.enumerated() { places[entry.name] = place }
        for entry in source {
            guard let place = places.removeValue(forKey: entry.name) else {
                found.append(EntryDifference(name: entry.name, reason: .missing))
                continue
            }
            if let reason = reason(entry, target[place], comparesLinkCounts) {
                found.append(EntryDifference(name: entry.name, reason: reason))
            }
        }
        if findsOrphans {
            for place in places.values.sorted() {
                found.append(EntryDifference(name: target[place].name, reason: .orphan))
            }
        }
        return found
    }

    private static func reason(
        _ source: TreeEntry, _ target: TreeEntry, _ comparesLinkCounts: Bool
    ) -> EntryDifference.Reason? {
        let (ours, theirs) = (source.attributes, target.attributes)
        if ours.type != theirs.type { return .type }
        if source.isUnreadable || target.isUnreadable { return .unreadable }
        switch ours.type {
        case .regular:
            if ours.size != theirs.size { return .size }
            if differ(source.digest, target.digest) { return .content }
        case .symbolicLink:
            if ours.size != theirs.size || differ(source.digest, target.digest) { return .linkText }
        case .characterDevice, .blockDevice:
            if ours.deviceMajor != theirs.deviceMajor || ours.deviceMinor != theirs.deviceMinor {
                return .device
            }
        default: break
        }
        if ours.user != theirs.user || ours.group != theirs.group { return .owner }
        if ours.type != .symbolicLink, ours.mode & 0o7777 != theirs.mode & 0o7777 { return .mode }
        if differ(source.extendedDigest, target.extendedDigest) { return .extended }
        if ours.modified != theirs.modified { return .modified }
        if comparesLinkCounts, ours.type != .directory, ours.linkCount != theirs.linkCount {
            return .linkCount
        }
        return nil
    }

    /// What one side was not asked for does not differ.
    private static func differ<Value: Equatable>(_ one: Value?, _ other: Value?) -> Bool {
        guard let one, let other else { return false }
        return one != other
    }
}

package enum MirrorDecision: Hashable, Sendable {
    /// The name and the attributes are enough.
    case bind
    /// The bytes have to be sent.
    case content
}

/// A name at which source and target are not the same.
package struct EntryDifference: Hashable, Sendable {
    package var name: [UInt8]
    package var reason: Reason

    package init(name: [UInt8], reason: Reason) {
        self.name = name
        self.reason = reason
    }

    /// Numbers are part of the wire format.
    package enum Reason: UInt8, CaseIterable, Hashable, Sendable {
        case missing = 1
        /// At the target only.
        case orphan = 2
        case type = 3
        case size = 4
        case content = 5
        case mode = 6
        case owner = 7
        case modified = 8
        case extended = 9
        case linkText = 10
        case unreadable = 11
        case linkCount = 12
        case device = 13
    }
}
