/// Which events a hook asks for: `mirror.completed`, `mirror.*` or `*`.
public enum HookPattern: Sendable, Hashable {
    case exact(String)
    /// Everything that begins so; the dot is part of it.
    case prefix(String)
    case all

    /// nil for what is no pattern: words of small letters, digits, `-` and `_` with dots between
    /// them, the last of which may be `*`.
    public init?(_ text: String) {
        if text == "*" {
            self = .all
            return
        }
        var words = text.split(separator: ".", omittingEmptySubsequences: false)
        let isPrefix = words.last == "*"
        if isPrefix { words.removeLast() }
        guard !words.isEmpty, text.utf8.count <= 255,
            words.allSatisfy({ word in
                !word.isEmpty
                    && word.utf8.allSatisfy {
                        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
                            || $0 == 0x5F
                    }
            })
        else { return nil }
        let name = words.joined(separator: ".")
        self = isPrefix ? .prefix(name + ".") : .exact(name)
    }

    public var text: String {
        switch self {
        case .exact(let name): name
        case .prefix(let prefix): prefix + "*"
        case .all: "*"
        }
    }

    public func matches(_ name: String) -> Bool {
        switch self {
        case .exact(let exact): exact == name
        case .prefix(let prefix): name.hasPrefix(prefix)
        case .all: true
        }
    }
}
