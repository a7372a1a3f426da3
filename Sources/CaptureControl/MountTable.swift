/// What is mounted where, as `/proc/self/mountinfo` tells it.
package struct MountTable: Sendable {
    package struct Entry: Hashable, Sendable {
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
            return Entry(point: Self.unescaped(fields[4]), type: Array(fields[dash + 1]))
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
