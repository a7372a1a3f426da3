import Glibc

/// The socket's place in the file system.
enum ControlSocket {
    /// A path with its end must fit into the kernel's address.
    static let pathBytesMax = 107

    /// Removes what a killed server has left at the path, and nothing else.
    static func clear(_ path: String) throws(ControlServerError) {
        guard path.utf8.count <= pathBytesMax else {
            throw .pathTooLong(path, bytesMax: pathBytesMax)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw failure(path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        if try isAnswered(path) { throw .inUse(path) }
        try remove(path)
    }

    /// Everybody may knock; who it is decides what is answered.
    static func open(_ path: String) throws(ControlServerError) {
        guard chmod(path, 0o666) == 0 else { throw failure(path) }
    }

    static func remove(_ path: String) throws(ControlServerError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure(path) }
    }

    private static func isAnswered(_ path: String) throws(ControlServerError) -> Bool {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // A full queue of callers means a server, too.
        if status == 0 || errno == EAGAIN { return true }
        if errno == ECONNREFUSED || errno == ENOENT { return false }
        throw failure(path)
    }

    private static func failure(_ path: String) -> ControlServerError {
        .failed(path, reason: String(cString: strerror(errno)))
    }
}
