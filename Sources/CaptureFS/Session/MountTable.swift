internal import CLinuxFuse
internal import CPosix
internal import Glibc

/// What is mounted where, as this process sees it.
package struct MountTable: Sendable {
    /// Absolute paths, bytes as on disk.
    package private(set) var mountPoints: [[UInt8]] = []
    private var types: [[UInt8]] = []

    /// `text` in the format of /proc/self/mountinfo; lines that do not fit are left out.
    package init(_ text: [UInt8]) {
        for line in text.split(separator: 0x0A) {
            let fields = line.split(separator: 0x20)
            guard fields.count > 6, let dash = fields.firstIndex(of: [0x2D]),
                dash + 1 < fields.count
            else { continue }
            mountPoints.append(Self.unescaped(fields[4]))
            types.append(Array(fields[dash + 1]))
        }
    }

    package static func read() -> MountTable {
        let file = cposix_open("/proc/self/mountinfo", O_RDONLY, 0)
        guard file >= 0 else { return MountTable([]) }
        defer { _ = cposix_close(file) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = cposix_read(file, &piece, piece.count)
            guard count > 0 else { return MountTable(text) }
            text.append(contentsOf: piece[..<count])
        }
    }

    /// Whether the newest mount at `path` is one of ours.
    package func isCaptured(_ path: [UInt8]) -> Bool {
        guard let index = mountPoints.lastIndex(of: path) else { return false }
        return types[index] == Array("fuse.understudy".utf8)
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
