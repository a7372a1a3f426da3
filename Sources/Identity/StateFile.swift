internal import CPosix
internal import Glibc

/// A small secret file: read as a whole, written as a whole or not at all.
enum StateFile {
    /// Larger files are no identity; bytes.
    static let byteCountMax = 64 << 10

    static func text(ofErrno errno: Int32) -> String { String(cString: strerror(errno)) }

    /// nil when there is no such file. Refuses one that others than its owner may read.
    static func read(_ path: String) throws(IdentityError) -> [UInt8]? {
        let descriptor = cposix_open(path, O_RDONLY | O_NOFOLLOW, 0)
        if descriptor == -ENOENT { return nil }
        guard descriptor >= 0 else { throw .file(path: path, errno: -descriptor) }
        defer { _ = cposix_close(descriptor) }
        var identity = cposix_identity()
        let answer = cposix_identify(descriptor, "", CInt(AT_EMPTY_PATH), &identity)
        guard answer == 0 else { throw .file(path: path, errno: -answer) }
        let mode = identity.mode & 0o7777
        guard mode & 0o077 == 0 else { throw .exposed(path: path, mode: mode) }
        var bytes = [UInt8](repeating: 0, count: byteCountMax + 1)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { place in
                cposix_read(descriptor, place.baseAddress.map { $0 + done }, place.count - done)
            }
            if count == -Int(EINTR) { continue }
            guard count >= 0 else { throw .file(path: path, errno: Int32(-count)) }
            if count == 0 { break }
            done += count
        }
        guard done <= byteCountMax else { throw .file(path: path, errno: EFBIG) }
        bytes.removeLast(bytes.count - done)
        return bytes
    }

    /// Makes `path` with mode 600 and these bytes, durable before the name appears.
    static func write(_ bytes: [UInt8], folder: String, name: String) throws(IdentityError) {
        let path = folder + "/" + name
        let fresh = path + ".new"
        _ = cposix_unlinkat(AT_FDCWD, fresh, 0)
        let descriptor = cposix_open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .file(path: fresh, errno: -descriptor) }
        var errno = fill(descriptor, with: bytes)
        _ = cposix_close(descriptor)
        if errno == 0 { errno = -cposix_renameat2(AT_FDCWD, fresh, AT_FDCWD, path, 0) }
        guard errno == 0 else {
            _ = cposix_unlinkat(AT_FDCWD, fresh, 0)
            throw .file(path: path, errno: errno)
        }
        try flush(folder)
    }

    /// 0 or the errno of what failed.
    private static func fill(_ descriptor: CInt, with bytes: [UInt8]) -> CInt {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { place in
                cposix_write(descriptor, place.baseAddress.map { $0 + done }, place.count - done)
            }
            if count == -Int(EINTR) { continue }
            guard count > 0 else { return count < 0 ? CInt(-count) : EIO }
            done += count
        }
        return -cposix_fsync(descriptor)
    }

    /// The new name survives a power cut.
    private static func flush(_ folder: String) throws(IdentityError) {
        let descriptor = cposix_open(folder, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw .file(path: folder, errno: -descriptor) }
        defer { _ = cposix_close(descriptor) }
        let answer = cposix_fsync(descriptor)
        guard answer == 0 else { throw .file(path: folder, errno: -answer) }
    }
}
