import Glibc

/// The folder of everything a server remembers.
struct StateFolder {
    let path: String

    /// Makes the folder, and those it lies in, where they are not there.
    ///
    /// It is made such that others may pass through to the control socket, which looks at who asks,
    /// but cannot see what else lies there; every other file in it is its owner's alone.
    ///
    /// - Throws: also where somebody else could put files into it.
    init(_ path: String) throws(StartError) {
        self.path = path
        try Self.makeParents(of: path)
        if mkdir(path, 0o700) == 0 {
            guard chmod(path, 0o711) == 0 else { throw Self.failure(path) }
        } else if errno != EEXIST {
            throw Self.failure(path)
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw Self.failure(path) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw StartError("the state folder '\(path)' is no folder")
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw StartError(
                "others could write to the state folder '\(path)'; make it the property of "
                    + "user \(geteuid()) and writable only for it")
        }
    }

    /// A private folder below.
    func folder(_ name: String) throws(StartError) -> String {
        let folder = path + "/" + name
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Self.failure(folder) }
        return folder
    }

    private static func makeParents(of path: String) throws(StartError) {
        let parts = path.split(separator: "/").dropLast()
        var parent = ""
        for part in parts {
            parent += "/" + part
            guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw failure(parent) }
        }
    }

    private static func failure(_ path: String) -> StartError {
        StartError("the folder '\(path)' cannot be used: \(String(cString: strerror(errno)))")
    }
}

/// Why the daemon does not start, in words for the person who started it.
struct StartError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
