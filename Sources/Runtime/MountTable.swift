internal import CPosix
internal import Glibc

/// The mounts that this process sees (`/proc/self/mountinfo`), as a value.
struct MountTable: Sendable {
    struct Entry: Hashable, Sendable {
        /// Where it is mounted.
        let point: String
        let type: String
        let source: String
    }

    /// In the kernel's order: what is mounted over something stands after it.
    let entries: [Entry]

    static func current() -> MountTable {
        MountTable(parsing: TextFile.read("/proc/self/mountinfo") ?? "")
    }

    init(parsing text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            let halves = line.split(separator: " - ", maxSplits: 1)
            guard halves.count == 2 else { return nil }
            let left = halves[0].split(separator: " ")
            let right = halves[1].split(separator: " ")
            guard left.count >= 5, right.count >= 2 else { return nil }
            return Entry(
                point: Self.unescape(left[4]), type: String(right[0]),
                source: Self.unescape(right[1]))
        }
    }

    /// What is mounted exactly at a path; the topmost where several are.
    func mount(at path: String) -> Entry? { entries.last { $0.point == path } }

    /// Mounts below a path, not at it.
    func mounts(below path: String) -> [Entry] {
        entries.filter { Paths.lies($0.point, below: path) }
    }

    /// The kernel writes blanks, tabs, line breaks and backslashes as three octal digits.
    private static func unescape(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 0x5C, rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Small whole files of the system's own.
enum TextFile {
    /// nil where it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = cposix_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { return nil }
        defer { _ = cposix_close(descriptor) }
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = cposix_read(descriptor, &piece, piece.count)
            guard count >= 0 else { return nil }
            if count == 0 { return String(decoding: all, as: UTF8.self) }
            all.append(contentsOf: piece[..<count])
        }
    }
}

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
