/// All hooks in force, arranged so that an event that nobody asks for costs one look-up. Immutable.
final class HookMatcher: Sendable {
    let hooks: [Hook]
    /// Hooks with just this name, and with prefixes of it, in their order.
    private let exact: [String: [Hook]]
    /// Hooks for everything that begins so.
    private let prefixes: [(prefix: String, hook: Hook)]

    init(_ hooks: [Hook] = []) {
        let sorted = hooks.sorted {
            ($1.options.priority, $0.id) < ($0.options.priority, $1.id)
        }
        var exact: [String: [Hook]] = [:]
        var prefixes: [(prefix: String, hook: Hook)] = []
        for hook in sorted {
            switch hook.pattern {
            case .exact(let name): exact[name] = []
            case .prefix(let prefix): prefixes.append((prefix, hook))
            case .all: prefixes.append(("", hook))
            }
        }
        for name in exact.keys {
            exact[name] = sorted.filter { $0.pattern.matches(name) }
        }
        self.hooks = sorted
        self.exact = exact
        self.prefixes = prefixes
    }

    /// Higher priorities first.
    func hooks(for name: String) -> [Hook] {
        if hooks.isEmpty { return [] }
        if let known = exact[name] { return known }
        if prefixes.isEmpty { return [] }
        var found: [Hook] = []
        for entry in prefixes where name.utf8.starts(with: entry.prefix.utf8) {
            found.append(entry.hook)
        }
        return found
    }
}
