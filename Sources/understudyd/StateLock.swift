import Glibc

/// Sees to it that one daemon at a time uses a state folder. The kernel takes the lock away with
/// the process, however that ends, so nothing stale is ever left; programs that the daemon starts
/// do not inherit it.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// - Throws: naming the process that holds the lock.
    init(folder: StateFolder) throws(StartError) {
        let path = folder.path + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw StartError(
                "the lock '\(path)' cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.holder(descriptor)
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw StartError(
                    "the lock '\(path)' cannot be taken: \(String(cString: strerror(reason)))")
            }
            throw StartError("another understudyd\(holder) uses '\(folder.path)'")
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        // Who holds the lock is only told to people; the lock itself does not need it.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    deinit {
        _ = ftruncate(descriptor, 0)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? "" : " (pid \(String(decoding: digits, as: UTF8.self)))"
    }
}
