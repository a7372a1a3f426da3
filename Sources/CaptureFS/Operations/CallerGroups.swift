internal import CPosix
internal import Glibc

/// The groups of whoever made a request. The kernel sends only one of them, so this asks /proc, for
/// the rare question that needs it.
enum CallerGroups {
    /// False also when the caller cannot be seen from here.
    static func contain(_ group: UInt32, process: UInt32) -> Bool {
        guard process != 0 else { return false }
        let file = cposix_open("/proc/\(process)/status", O_RDONLY, 0)
        guard file >= 0 else { return false }
        defer { _ = cposix_close(file) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while text.count < 1 << 20 {
            let count = cposix_read(file, &piece, piece.count)
            guard count > 0 else { break }
            text.append(contentsOf: piece[..<count])
        }
        return list(text, contains: group)
    }

    /// `text` is what /proc/N/status says.
    static func list(_ text: [UInt8], contains group: UInt32) -> Bool {
        let key = Array("Groups:".utf8)
        for line in text.split(separator: 0x0A) where line.starts(with: key) {
            let words = line.dropFirst(key.count).split { $0 == 0x20 || $0 == 0x09 }
            return words.contains { UInt32(String(decoding: $0, as: UTF8.self)) == group }
        }
        return false
    }
}
