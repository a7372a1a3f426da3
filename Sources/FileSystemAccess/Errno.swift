internal import Glibc

/// Why a system call failed: its `errno`, never 0.
@frozen
package struct Errno: Error, BitwiseCopyable, Hashable, Sendable {
    package let rawValue: CInt

    @inlinable
    package init(rawValue: CInt) { self.rawValue = rawValue }

    package static let noSuchFile = Errno(rawValue: ENOENT)
    package static let exists = Errno(rawValue: EEXIST)
    package static let notDirectory = Errno(rawValue: ENOTDIR)
    package static let isDirectory = Errno(rawValue: EISDIR)
    package static let notEmpty = Errno(rawValue: ENOTEMPTY)
    package static let stale = Errno(rawValue: ESTALE)
    package static let noSpace = Errno(rawValue: ENOSPC)
    package static let quota = Errno(rawValue: EDQUOT)
    package static let inputOutput = Errno(rawValue: EIO)
    package static let busy = Errno(rawValue: EBUSY)
    package static let again = Errno(rawValue: EAGAIN)
    package static let notPermitted = Errno(rawValue: EPERM)
    package static let accessDenied = Errno(rawValue: EACCES)
    package static let invalid = Errno(rawValue: EINVAL)
    package static let notSupported = Errno(rawValue: EOPNOTSUPP)
    package static let noData = Errno(rawValue: ENODATA)
    package static let tooManyLinks = Errno(rawValue: ELOOP)
    package static let crossDevice = Errno(rawValue: EXDEV)
    package static let range = Errno(rawValue: ERANGE)
}

extension Errno: CustomStringConvertible {
    /// The C library's words for it.
    package var description: String {
        guard let text = strerror(rawValue) else { return "errno \(rawValue)" }
        return String(cString: text)
    }
}

extension Errno {
    package static let readOnly = Errno(rawValue: EROFS)
    package static let noMemory = Errno(rawValue: ENOMEM)
    /// No descriptor left in this process.
    package static let processFiles = Errno(rawValue: EMFILE)
    /// No descriptor left in this machine.
    package static let systemFiles = Errno(rawValue: ENFILE)
    /// A special file that nothing stands behind.
    package static let noDevice = Errno(rawValue: ENXIO)
    package static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
}
