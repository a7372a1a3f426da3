/// One line of a replication set: a path with what it stands for.
package struct ReplicationRule: Sendable, Hashable {
    /// Absolute, without a slash at the end (but `/`); the last part may hold `*` and `?`.
    package var path: String
    package var included: Bool
    /// Whether the rule reaches everything below the path.
    package var recursive: Bool

    package init(path: String, included: Bool = true, recursive: Bool = true) {
        self.path = path
        self.included = included
        self.recursive = recursive
    }

    /// Whether the rule's path lies truly below another path.
    package func isBelow(_ other: String) -> Bool {
        path.count > other.count && path.hasPrefix(other == "/" ? "/" : other + "/")
    }
}

extension [ReplicationRule] {
    /// The rules with one more. A rule for the same path is replaced; a recursive rule swallows
    /// narrower rules of its kind, and is swallowed by a wider one, as long as no rule of the other
    /// kind lies between them.
    package func adding(_ rule: ReplicationRule) -> [ReplicationRule] {
        var rules = filter { $0.path != rule.path }
        let isSwallowed = rules.contains { wider in
            wider.recursive && wider.included == rule.included && rule.isBelow(wider.path)
                && !rules.contains {
                    $0.included != rule.included && $0.isBelow(wider.path)
                        && rule.isBelow($0.path)
                }
        }
        if isSwallowed { return rules }
        if rule.recursive {
            let before = rules
            rules.removeAll { narrower in
                narrower.included == rule.included && narrower.isBelow(rule.path)
                    && !before.contains {
                        $0.included != rule.included && $0.isBelow(rule.path)
                            && narrower.isBelow($0.path)
                    }
            }
        }
        rules.append(rule)
        return rules
    }
}
