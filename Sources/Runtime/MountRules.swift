internal import FileSystemAccess
internal import CaptureControl
internal import CommandModel
internal import CPosix
internal import Glibc

/// Whether a path may be captured, decided before anything is touched.
struct MountRules {
    /// What the decision looks at.
    struct Facts {
        let mounts: MountTable
        /// Folders that a capture must not contain: state, queue, logs.
        let ownFolders: [String]
        /// Paths captured already.
        let captured: [String]
        let holders: [OpenFileScan.Holder]
    }

    /// The path that is captured: links resolved.
    ///
    /// - Throws: `cannotMount` or `invalidSourcePath`, saying what stands against it.
    static func check(
        _ path: String, force: Bool, _ facts: Facts
    ) throws(CommandError) {
        if path == "/" {
            throw CommandError(
                .cannotMount, "'/' cannot be captured: name the folder that holds your data")
        }
        if facts.captured.contains(path) {
            throw CommandError(.cannotMount, "'\(path)' is captured already, see DTFS LIST")
        }
        if let other = facts.captured.first(where: { Paths.overlap($0, path) }) {
            throw CommandError(
                .cannotMount, "'\(path)' and '\(other)', which is captured, lie in one another")
        }
        for folder in facts.ownFolders where Paths.overlap(folder, path) {
            throw CommandError(
                .cannotMount,
                "'\(path)' and this server's own folder '\(folder)' lie in one another: "
                    + "its own work would be captured")
        }
        if let below = facts.mounts.mount(below: Array(path.utf8)) {
            let point = String(decoding: below.point, as: UTF8.self)
            throw CommandError(
                .cannotMount,
                "'\(point)' is a mount below '\(path)': what is in it would be hidden; "
                    + "capture it by itself")
        }
        if facts.mounts.isCaptured(path.utf8) {
            throw CommandError(
                .cannotMount, "'\(path)' is captured by another server on this machine")
        }
        guard force || facts.holders.isEmpty else {
            let named = facts.holders.prefix(5)
                .map { "\($0.command) (\($0.process)): \($0.path)" }.joined(separator: ", ")
            let more = facts.holders.count > 5 ? " and \(facts.holders.count - 5) more" : ""
            throw CommandError(
                .cannotMount,
                "'\(path)' is busy, and what these processes write to files they have open would "
                    + "not be seen: \(named)\(more); end them, or add FORCE")
        }
    }

    /// Resolves links and makes sure that it is a folder.
    static func resolve(_ path: String) throws(CommandError) -> String {
        guard path.hasPrefix("/") else {
            throw CommandError(
                .invalidParameter, "got the path '\(path)', expected one that begins with '/'")
        }
        guard let real = Paths.real(path) else {
            throw CommandError(
                .invalidSourcePath, "'\(path)' cannot be used: \(String(cString: strerror(errno)))")
        }
        var identity = cposix_identity()
        guard cposix_identify(AT_FDCWD, real, 0, &identity) >= 0 else {
            throw CommandError(.invalidSourcePath, "'\(path)' cannot be used")
        }
        guard identity.mode & S_IFMT == S_IFDIR else {
            throw CommandError(.cannotMount, "'\(path)' is no folder; capture the folder it is in")
        }
        return real
    }
}
