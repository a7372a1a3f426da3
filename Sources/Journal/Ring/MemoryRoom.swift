internal import CPosix
package import FileSystemAccess
internal import Glibc

/// How much room a file system has left for a journal's memory.
package enum MemoryRoom {
    /// Bytes that are free at a path.
    package static func freeBytes(at path: BytePath) throws(Errno) -> Int64 {
        let folder = try DirectoryTree.open(path)
        defer { SystemCall.close(folder) }
        var result = statvfs()
        _ = try SystemCall.check { cposix_fstatvfs(folder, &result) }
        return Int64(clamping: UInt64(result.f_bavail) * UInt64(result.f_frsize))
    }
}
