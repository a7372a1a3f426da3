internal import CPosix
internal import Glibc

/// Folders of our own choosing on this machine, named by absolute paths of the administrator.
package enum DirectoryTree {
    /// A descriptor of the directory `path`, made with its missing parents when `mode` is given.
    package static func open(
        _ path: BytePath, creating mode: UInt32? = nil
    ) throws(Errno) -> CInt {
        do throws(Errno) {
            return try path.withCString { (text) throws(Errno) in
                try SystemCall.open(text, O_RDONLY | O_DIRECTORY)
            }
        } catch {
            guard let mode, error == .noSuchFile, !path.isRoot else { throw error }
            try make(path, mode: mode)
        }
        return try path.withCString { (text) throws(Errno) in
            try SystemCall.open(text, O_RDONLY | O_DIRECTORY)
        }
    }

    /// Makes `path` and its missing parents.
    private static func make(_ path: BytePath, mode: UInt32) throws(Errno) {
        var known: [UInt8] = path.bytes.first == 0x2F ? [0x2F] : []
        for component in path.components {
            if known.last != 0x2F, !known.isEmpty { known.append(0x2F) }
            known += component
            try BytePath(known).withCString { (text) throws(Errno) in
                let result = cposix_mkdirat(AT_FDCWD, text, mode)
                if result < 0, result != -EEXIST { throw Errno(rawValue: -result) }
            }
        }
    }
}
