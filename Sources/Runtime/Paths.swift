internal import CPosix
internal import Glibc

/// Absolute paths as text.
enum Paths {
    /// Whether `path` is beneath `parent`, not the same.
    static func lies(_ path: String, below parent: String) -> Bool {
        parent == "/" ? path.hasPrefix("/") && path != "/" : path.hasPrefix(parent + "/")
    }

    /// Whether one of them is, contains or is contained by the other.
    static func overlap(_ one: String, _ other: String) -> Bool {
        one == other || lies(one, below: other) || lies(other, below: one)
    }

    /// With symbolic links, `.` and `..` resolved; nil where it does not exist.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Like `real`, for a path whose last components do not exist yet.
    static func realOfDeepestExisting(_ path: String) -> String? {
        guard path.hasPrefix("/") else { return nil }
        if let real = real(path) { return real }
        var kept = path.split(separator: "/").map(String.init)
        guard !kept.contains("..") else { return nil }
        var missing: [String] = []
        while let last = kept.popLast() {
            missing.insert(last, at: 0)
            if let real = real("/" + kept.joined(separator: "/")) {
                return (real == "/" ? "" : real) + "/" + missing.joined(separator: "/")
            }
        }
        return nil
    }

    /// `path` without `parent` and the slash between them; "" where they are the same.
    static func relative(_ path: String, to parent: String) -> String? {
        if path == parent { return "" }
        guard lies(path, below: parent) else { return nil }
        return String(path.dropFirst(parent == "/" ? 1 : parent.count + 1))
    }

    /// No trailing slash, no empty components.
    static func tidy(_ path: String) -> String {
        "/" + path.split(separator: "/").joined(separator: "/")
    }
}
