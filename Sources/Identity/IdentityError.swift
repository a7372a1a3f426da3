/// Why a server has no key and certificate to show.
package enum IdentityError: Error, Hashable, Sendable {
    /// A system call on the file at `path` failed.
    case file(path: String, errno: Int32)
    /// Users other than the owner can read the key.
    case exposed(path: String, mode: UInt32)
    /// The file does not hold a certificate and a key in PEM.
    case unreadable(path: String, problem: String)
    /// The key is not the one that the certificate was made for.
    case keyDoesNotMatch(path: String)
    /// Key or certificate could not be made.
    case notMade(problem: String)
}

extension IdentityError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path, let errno): "'\(path)': \(StateFile.text(ofErrno: errno))"
        case .exposed(let path, let mode):
            "'\(path)' has mode \(String(mode, radix: 8)), expected 600: its key is not secret"
        case .unreadable(let path, let problem):
            "'\(path)' does not hold a certificate and a key: \(problem)"
        case .keyDoesNotMatch(let path):
            "the key in '\(path)' does not belong to the certificate beside it"
        case .notMade(let problem): "no key or certificate could be made: \(problem)"
        }
    }
}
