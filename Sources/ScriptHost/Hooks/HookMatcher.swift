/// All hooks in force, arranged so that an event that nobody asks for costs one look-up. Immutable.
struct HookMatcher: Sendable {
    let hooks: [Hook]
    /// Hooks with just this name, and with prefixes of it, in their order.
    private var exact: [String: [Hook]] = [:]
    /// Hooks for everything that begins so.
    private var prefixes: [(prefix: String, hook: Hook)] = []

    init(_ hooks: [Hook] = []) {
        self.hooks = hooks.sorted {
            ($1.options.priority, $0.id) < ($0.options.priority, $1.id)
        }
        for hook in self.hooks {
            switch hook.pattern {
            case .exact(let name): exact[name] = []
            case .prefix(let prefix): prefixes.append((prefix, hook))
            case .all: prefixes.append(("", hook))
            }
        }
        for name in exact.keys {
            exact[name] = self.hooks.filter { $0.pattern.matches(name) }
        }
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
