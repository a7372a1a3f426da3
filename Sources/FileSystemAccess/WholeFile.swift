internal import CPosix
internal import Glibc

/// Small files of the system's own, such as those below `/proc`, read at once.
package enum WholeFile {
    /// nil where it cannot be read.
    package static func read(_ path: String) -> [UInt8]? {
        guard let descriptor = try? SystemCall.open(path, O_RDONLY) else { return nil }
        defer { SystemCall.close(descriptor) }
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = cposix_read(descriptor, &piece, piece.count)
            guard count >= 0 else { return nil }
            if count == 0 { return all }
            all.append(contentsOf: piece[..<count])
        }
    }

    /// The mounts that this process sees.
    package static let mounts = "/proc/self/mountinfo"
}
