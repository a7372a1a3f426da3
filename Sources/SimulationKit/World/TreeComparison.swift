internal import Glibc

extension DiskImage {
    private static let asidePrefix = Array(".understudy-aside-".utf8)

    /// Whether a program would see the same in both trees: names, kinds, contents, attributes,
    /// times of modification, and which names are of one object.
    ///
    /// - Parameters:
    ///   - ignoringAsides: names that the target uses while changes are made again are left out.
    ///   - ignoringRootTime: the root's own time of modification is left out.
    func hasTree(
        of other: DiskImage, ignoringAsides: Bool, ignoringRootTime: Bool
    ) -> Bool {
        var twins: [UInt64: UInt64] = [:]
        var open: [(UInt64, UInt64)] = [(Self.rootNode, Self.rootNode)]
        var objects = 0
        while let (own, theirs) = open.popLast() {
            guard let one = nodes[own], let two = other.nodes[theirs] else { return false }
            guard one.mode == two.mode, one.user == two.user,
                one.modified == two.modified || ignoringRootTime && own == Self.rootNode,
                one.group == two.group, one.device == two.device, one.hasSameData(as: two),
                one.hasSameExtended(as: two)
            else { return false }
            objects += 1
            guard one.isDirectory else { continue }
            var names = one.entries
            if ignoringAsides, own == Self.rootNode {
                names.removeAll { $0.name.starts(with: Self.asidePrefix) }
            }
            guard names.count == two.entries.count else { return false }
            for entry in names {
                guard let twin = two.entry(entry.name) else { return false }
                if let known = twins[entry.node] {
                    guard known == twin.node else { return false }
                } else {
                    twins[entry.node] = twin.node
                    open.append((entry.node, twin.node))
                }
            }
        }
        // No two objects here for one there.
        return Set(twins.values).count == twins.count
    }
}

extension DiskNode {
    func hasSameData(as other: DiskNode) -> Bool {
        guard data.count == other.data.count else { return false }
        return data.withUnsafeBytes { one in
            other.data.withUnsafeBytes { two in
                guard let start = one.baseAddress, let other = two.baseAddress else { return true }
                return memcmp(start, other, one.count) == 0
            }
        }
    }

    func hasSameExtended(as other: DiskNode) -> Bool {
        guard extended.count == other.extended.count else { return false }
        return extended.allSatisfy { one in
            other.extended.contains { $0.name == one.name && $0.value == one.value }
        }
    }
}
