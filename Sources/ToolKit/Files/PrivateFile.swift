import Glibc

/// Files that are nobody else's business.
package enum PrivateFile {
    package struct Failure: Error, Sendable {
        /// Lower case, with the path.
        package var message: String
    }

    /// Reads a file that must belong to the caller and be closed to everybody else; nil when there
    /// is none.
    package static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        if descriptor < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(message: "'\(path)' is no file")
        }
        guard status.st_uid == geteuid() else {
            throw Failure(
                message: "'\(path)' belongs to user \(status.st_uid), expected \(geteuid())")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw Failure(
                message: "'\(path)' has mode \(mode) and is open to others, "
                    + "expected 600: use chmod 600")
        }
        return try contents(descriptor, path, bytesMax: bytesMax)
    }

    private static func contents(
        _ descriptor: Int32, _ path: String, bytesMax: Int
    ) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else {
                throw Failure(message: "'\(path)' is larger than \(bytesMax >> 10) KB")
            }
        }
    }

    /// Adds to a file that only the caller may read; makes it and its folders when there is none.
    static func append(_ text: String, to path: String) {
        makeFolders(above: path)
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else { return }
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }

    private static func makeFolders(above path: String) {
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            mkdir(folder, 0o700)
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(message: "cannot read '\(path)': \(String(cString: strerror(errno)).lowercased())")
    }
}
