internal import CPosix
internal import Glibc

/// Files that are always either the old content or the new one, a power cut included.
package enum AtomicFile {
    /// Replaces `name` in `directory`: a temporary file is written, synced and renamed over it,
    /// then the directory is synced.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to name: String, in directory: CInt, mode: UInt32 = 0o600
    ) throws(Errno) {
        let temporary = name + ".new"
        let descriptor = try SystemCall.open(
            at: directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        do throws(Errno) {
            try SystemCall.writeAll(descriptor, bytes)
            _ = try SystemCall.check { cposix_fsync(descriptor) }
        } catch {
            SystemCall.close(descriptor)
            throw error
        }
        SystemCall.close(descriptor)
        try replace(name, by: temporary, in: directory)
    }

    /// Renames a synced file over another and makes that durable.
    package static func replace(
        _ name: String, by temporary: String, in directory: CInt
    ) throws(Errno) {
        _ = try SystemCall.check {
            cposix_renameat2(directory, temporary, directory, name, 0)
        }
        _ = try SystemCall.check { cposix_fsync(directory) }
    }

    /// Replaces `name` by a file that is there already, if it is, and keeps what is replaced under
    /// that one's name for the next time: needs no room on the disk from the second time on.
    ///
    /// - Parameter bytes: always the same count.
    package static func exchange(
        _ bytes: UnsafeRawBufferPointer, to name: String, by spare: String, in directory: CInt
    ) throws(Errno) {
        let descriptor = try SystemCall.open(
            at: directory, spare, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
        do throws(Errno) {
            try SystemCall.writeAll(descriptor, bytes, at: 0)
            _ = try SystemCall.check { cposix_fsync(descriptor) }
        } catch {
            SystemCall.close(descriptor)
            throw error
        }
        SystemCall.close(descriptor)
        let result = cposix_renameat2(directory, spare, directory, name, exchanges)
        // There is none yet, or the file system cannot exchange.
        if result == -ENOENT || result == -EINVAL {
            return try replace(name, by: spare, in: directory)
        }
        _ = try SystemCall.check { result }
        _ = try SystemCall.check { cposix_fsync(directory) }
    }

    /// Flag of renameat2.
    private static let exchanges: UInt32 = 2

    /// All bytes of a file, at most `bytesMax`; nil when there is no such file.
    package static func read(
        _ name: String, in directory: CInt, bytesMax: Int
    ) throws(Errno) -> [UInt8]? {
        let descriptor: CInt
        do throws(Errno) {
            descriptor = try SystemCall.open(at: directory, name, O_RDONLY | O_NOFOLLOW)
        } catch {
            if error == .noSuchFile { return nil }
            throw error
        }
        defer { SystemCall.close(descriptor) }
        let size = Int(try SystemCall.status(of: descriptor).st_size)
        guard size <= bytesMax else { throw Errno(rawValue: EFBIG) }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 1)
        defer { room.deallocate() }
        let count = try SystemCall.readAll(descriptor, room, at: 0)
        return Array(room[..<min(count, size)])
    }
}
