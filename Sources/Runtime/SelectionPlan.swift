internal import CaptureControl
internal import CommandModel
internal import ReplicationModel
internal import StateStore

/// What a replication set's rules mean for mirroring: the folders to read, and what in them
/// belongs.
struct SelectionPlan {
    /// Folders, none below another, that hold everything the set includes.
    let rootPaths: [String]

    /// - Throws: `noSuchRule` where nothing is included, `invalidSourcePath` where a folder is
    ///   missing.
    init(_ set: ReplicationSet) throws(CommandError) {
        let included = set.savedRules.filter(\.included)
        guard !included.isEmpty else {
            throw CommandError(
                .noSuchRule,
                "replication set '\(set.name)' includes nothing; add a path with "
                    + "REPSET RULE ADD \"/path\" INCLUDE TO \(set.name), then REPSET SAVE")
        }
        var roots: [String] = []
        for rule in included {
            let path = try MountRules.resolve(Self.folder(rule.path))
            if roots.contains(where: { $0 == path || Paths.lies(path, below: $0) }) { continue }
            roots.removeAll { Paths.lies($0, below: path) }
            roots.append(path)
        }
        rootPaths = roots
    }

    /// The path up to its first component with a wild card.
    private static func folder(_ path: String) -> String {
        let plain = path.split(separator: "/").prefix { !$0.contains("*") && !$0.contains("?") }
        return "/" + plain.joined(separator: "/")
    }

    static func rules(_ set: ReplicationSet, bit: Int) -> [SelectionRule] {
        set.savedRules.map { rule in
            SelectionRule(
                bit: UInt8(bit), includes: rule.included, isRecursive: rule.recursive,
                path: Array((Paths.real(rule.path) ?? rule.path).utf8))
        }
    }
}

/// Whether a place below one root belongs to a set; the same decision as at capture.
struct RootFilter: Sendable {
    private let rules: SelectionRules
    private let rootPath: [UInt8]
    private let bit: UInt16
    /// Everything below the root belongs to the set.
    let isWhole: Bool

    init(rules: [SelectionRule], rootPath: String, bit: Int) {
        let root = Array(rootPath.utf8)
        isWhole =
            rules.contains { $0.includes && $0.isRecursive && $0.path == root }
            && rules.allSatisfy(\.includes)
        self.rules = SelectionRules(generation: 0, rules)
        self.rootPath = Array(rootPath.utf8)
        self.bit = 1 << UInt16(bit)
    }

    /// Whether the root itself belongs to the set, or is only the way to what does.
    var includesRoot: Bool { rules.membership(of: rootPath, isDirectory: true) & bit != 0 }

    /// - Parameter path: relative to the root, empty for the root itself.
    func includes(_ path: some Collection<UInt8>, isDirectory: Bool) -> Bool {
        if path.isEmpty { return true }
        return rules.membership(of: rootPath + [0x2F] + path, isDirectory: isDirectory) & bit != 0
    }
}
