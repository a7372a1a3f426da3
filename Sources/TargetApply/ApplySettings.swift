package import FileSystemAccess
package import ReplicationModel

/// What an applier is made from.
package struct ApplySettings: Sendable {
    /// The connection's own folder: map log and checkpoint. Made when it is not there.
    package var stateFolder: BytePath
    /// One for each mapping, in the order of their numbers.
    package var roots: [ApplyRoot]
    /// Device nodes, setuid bits and `security.*` attributes are applied too.
    package var isPrivileged: Bool
    /// Changes up to here may have reached the target before, in part: the newest sequence that the
    /// source ever had when the connection was opened.
    package var replayThrough: UInt64
    /// What was applied and is not durable may be lost: it is to come again.
    package var isDistrusted: Bool

    package init(
        stateFolder: BytePath, roots: [ApplyRoot], isPrivileged: Bool = true,
        replayThrough: UInt64 = 0, isDistrusted: Bool = false
    ) {
        self.stateFolder = stateFolder
        self.roots = roots
        self.isPrivileged = isPrivileged
        self.replayThrough = replayThrough
        self.isDistrusted = isDistrusted
    }
}

/// Where one mapping's tree stands at the target.
package struct ApplyRoot: Sendable {
    /// The source's folder; `.none`: the first mirror says it.
    package var file: FileID
    /// Absolute; made when it is not there.
    package var path: BytePath

    package init(file: FileID = .none, path: BytePath) {
        self.file = file
        self.path = path
    }
}
