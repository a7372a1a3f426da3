/// What is mounted where, as `/proc/self/mountinfo` tells it.
package struct MountTable: Sendable {
    package struct Entry: Hashable, Sendable {
        /// Its number, and that of the mount that it is mounted on.
        package let number: Int
        package let parent: Int
        /// Of the file system.
        package let device: [UInt8]
        /// What of the file system is mounted.
        package let root: [UInt8]
        /// Where it is mounted, bytes as on disk.
        package let point: [UInt8]
        package let type: [UInt8]
    }

    /// In the kernel's order: what is mounted over something stands after it.
    package let entries: [Entry]

    /// The type of a capture's mount.
    package static let captureType = Array("fuse.understudy".utf8)

    /// `text` in the format of `/proc/self/mountinfo`; lines that do not fit are left out.
    package init(_ text: [UInt8]) {
        entries = text.split(separator: 0x0A).compactMap { line in
            let fields = line.split(separator: 0x20)
            guard fields.count > 6, let dash = fields.firstIndex(of: [0x2D]),
                dash + 1 < fields.count
            else { return nil }
            return Entry(
                number: Self.number(fields[0]), parent: Self.number(fields[1]),
                device: Array(fields[2]), root: Self.unescaped(fields[3]),
                point: Self.unescaped(fields[4]), type: Array(fields[dash + 1]))
        }
    }

    /// What is mounted exactly at a path; the topmost where several are.
    package func mount(at path: some Sequence<UInt8>) -> Entry? {
        entries.last { $0.point.elementsEqual(path) }
    }

    /// The first mount below a path, not at it.
    package func mount(below path: [UInt8]) -> Entry? {
        let prefix = path == [0x2F] ? path : path + [0x2F]
        return entries.first { $0.point.starts(with: prefix) && $0.point != path }
    }

    /// Whether the newest mount at `path` is one of ours.
    package func isCaptured(_ path: some Sequence<UInt8>) -> Bool {
        mount(at: path)?.type == Self.captureType
    }

    /// A folder as its file system knows it.
    package struct Place: Hashable, Sendable {
        package let device: [UInt8]
        package let path: [UInt8]
    }

    /// What `path` means on the disk, reached through the mount with that number.
    package func place(of path: [UInt8], through number: Int) -> Place? {
        guard let entry = entries.first(where: { $0.number == number }),
            let rest = Self.rest(of: path, after: entry.point)
        else { return nil }
        return Place(device: entry.device, path: Self.join(entry.root, rest))
    }

    /// The paths at which a folder, or a part of it, shows without a capture (or anything else)
    /// over it.
    package func ways(to place: Place) -> [[UInt8]] {
        entries.compactMap { entry in
            guard entry.device == place.device, !isHidden(entry) else { return nil }
            let shown: [UInt8]
            if let rest = Self.rest(of: place.path, after: entry.root) {
                shown = Self.join(entry.point, rest)
            } else if Self.rest(of: entry.root, after: place.path) != nil {
                shown = entry.point
            } else {
                return nil
            }
            let isCovered = entries.contains {
                $0.parent == entry.number && $0.number != entry.number
                    && Self.rest(of: $0.point, after: entry.point) != nil
                    && Self.rest(of: shown, after: $0.point) != nil
            }
            return isCovered ? nil : shown
        }
    }

    /// Something lies over a folder above it.
    private func isHidden(_ entry: Entry) -> Bool {
        entries.contains {
            $0.parent == entry.parent && $0.number != entry.number
                && $0.point.count < entry.point.count
                && Self.rest(of: entry.point, after: $0.point) != nil
        }
    }

    /// `/` and all that follows `parent` in `path`; empty where they are the same, nil where it
    /// does not lie below.
    private static func rest(of path: [UInt8], after parent: [UInt8]) -> ArraySlice<UInt8>? {
        if path == parent { return [] }
        let start = parent == [0x2F] ? 0 : parent.count
        guard path.starts(with: parent[..<start]), path.count > start, path[start] == 0x2F else {
            return nil
        }
        return path[start...]
    }

    private static func join(_ parent: [UInt8], _ rest: ArraySlice<UInt8>) -> [UInt8] {
        rest.isEmpty ? parent : (parent == [0x2F] ? [] : parent) + rest
    }

    private static func number(_ field: ArraySlice<UInt8>) -> Int {
        Int(String(decoding: field, as: UTF8.self)) ?? -1
    }

    /// Blanks, tabs, line ends and backslashes are written as three octal digits.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var place = field.startIndex
        while place < field.endIndex {
            if field[place] == 0x5C, place + 3 < field.endIndex {
                let digits = field[(place + 1)...(place + 3)]
                let value = digits.reduce(0) { $0 * 8 + Int($1) - 0x30 }
                result.append(UInt8(truncatingIfNeeded: value))
                place += 4
            } else {
                result.append(field[place])
                place += 1
            }
        }
        return result
    }
}
