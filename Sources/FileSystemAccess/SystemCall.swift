package import CPosix
internal import Glibc

/// System calls as Swift sees them: a result, or an `Errno` thrown. `EINTR` is repeated here and
/// nowhere else. Names are C strings, because names on disk need not be UTF-8.
package enum SystemCall {
    /// Turns "-errno or a result" into a throw or the result.
    @inline(__always)
    package static func check<Count: BinaryInteger & SignedInteger>(
        _ call: () -> Count
    ) throws(Errno) -> Count {
        while true {
            let result = call()
            if result >= 0 { return result }
            if result == -Count(EINTR) { continue }
            throw Errno(rawValue: CInt(-result))
        }
    }

    /// A descriptor, close-on-exec.
    package static func open(
        _ path: UnsafePointer<CChar>, _ flags: CInt, mode: UInt32 = 0
    ) throws(Errno) -> CInt {
        try check { cposix_open(path, flags, mode) }
    }

    package static func open(
        at directory: CInt, _ name: UnsafePointer<CChar>, _ flags: CInt, mode: UInt32 = 0
    ) throws(Errno) -> CInt {
        try check { cposix_openat(directory, name, flags, mode) }
    }

    /// Opens `path` below `root` and nowhere else: no `..` out of it, no link followed, no mount
    /// crossed by a magic link.
    package static func openBeneath(
        _ root: CInt, _ path: UnsafePointer<CChar>, _ flags: CInt, mode: UInt32 = 0
    ) throws(Errno) -> CInt {
        let resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
        let wide = UInt64(UInt32(bitPattern: flags))
        return try check { cposix_openat2(root, path, wide, UInt64(mode), resolve) }
    }

    package static func close(_ descriptor: CInt) { _ = cposix_close(descriptor) }

    /// Writes all bytes; a short write is continued.
    package static func writeAll(
        _ descriptor: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let place = Int(offset) + done
            done += try check { cposix_pwrite(descriptor, rest.baseAddress, rest.count, place) }
        }
    }

    /// Appends all bytes at the descriptor's own position.
    package static func writeAll(
        _ descriptor: CInt, _ bytes: UnsafeRawBufferPointer
    ) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try check { cposix_write(descriptor, rest.baseAddress, rest.count) }
        }
    }

    /// Reads until `bytes` is full or the file ends; answers how many.
    package static func readAll(
        _ descriptor: CInt, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(Errno) -> Int {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
            let place = Int(offset) + done
            let count = try check { cposix_pread(descriptor, rest.baseAddress, rest.count, place) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    package static func status(of descriptor: CInt) throws(Errno) -> stat {
        var result = stat()
        _ = try check { cposix_fstat(descriptor, &result) }
        return result
    }

    /// Does not follow a symbolic link at the end.
    package static func status(
        at directory: CInt, _ name: UnsafePointer<CChar>
    ) throws(Errno) -> stat {
        var result = stat()
        _ = try check { cposix_fstatat(directory, name, &result, AT_SYMLINK_NOFOLLOW) }
        return result
    }
}
