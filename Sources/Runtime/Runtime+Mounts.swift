internal import CaptureControl
internal import CommandModel
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Logging
internal import StateStore

/// DTFS MOUNT, UNMOUNT and LIST.
extension Runtime {
    func mount(_ arguments: Arguments) async throws(CommandError) -> CommandResult {
        let parts = try running()
        let path = try MountRules.resolve(try arguments.text("path"))
        let force = arguments.boolean("force") ?? false
        let captured = Array(await captures.processes.keys)
        let own = [Paths.real(configuration.stateDirectory) ?? configuration.stateDirectory]
        let facts = await WorkerThread.run("mount-facts") {
            MountRules.Facts(
                mounts: MountTable(WholeFile.read(WholeFile.mounts) ?? []), ownFolders: own,
                captured: captured,
                holders: force ? [] : OpenFileScan.holders(below: path))
        }
        try MountRules.check(path, force: force, facts)
        let mount = try stored { () throws(StateStoreError) in
            try store.addMount(path: path, persistent: true)
        }
        do {
            let identity = try FolderIdentity(path: path)
            try await captures.start(mount, journal: parts.journal)
            keepFolder(mount, identity)
            try await publishRules()
            await lookAroundTwice(path)
            if await captures.processes[path] != nil { isCaptured(path) }
        } catch {
            try? store.removeMount(path: path)
            throw error
        }
        try writeMountList()
        logger.info("captures '\(path)'")
        return CommandResult(
            value: .integer(Int64(mount.number)),
            lines: captureFacts[path]?.aroundLines(path) ?? [])
    }

    func unmount(_ arguments: Arguments) async throws(CommandError) -> CommandResult {
        let asked = try arguments.text("path")
        let path = Paths.real(asked) ?? Paths.tidy(asked)
        let mounts = try stored(store.mounts)
        guard mounts.contains(where: { $0.path == path }) else {
            let known = mounts.map(\.path).joined(separator: ", ")
            throw CommandError(
                .notMounted,
                "'\(path)' is no DTFS mount; "
                    + (known.isEmpty ? "there are none" : "there are: \(known)"))
        }
        let users = connections.values.filter { connection in
            connection.plan.replicates && connection.plan.mountPaths.contains(path)
        }
        if let user = users.first {
            throw CommandError(
                .cannotMount,
                "connection \(user.plan.id) replicates what is below '\(path)'; disconnect it first"
            )
        }
        try await captures.unmount(path)
        captureFacts[path] = nil
        if let mount = mounts.first(where: { $0.path == path }) {
            forgetAround(path, number: mount.number)
        }
        try stored { () throws(StateStoreError) in try store.removeMount(path: path) }
        try writeMountList()
        logger.info("captures '\(path)' no longer")
        return CommandResult()
    }

    func listMounts() async throws(CommandError) -> CommandResult {
        let mounts = try stored(store.mounts)
        var lines = ["- List of DTFS mounts -"]
        var values: [CommandValue] = []
        for mount in mounts {
            let process = await captures.processes[mount.path]
            let counters = await WorkerThread.run("mount-counters") {
                try? process?.statistics()
            }
            let problem = captureFacts[mount.path]?.problem ?? ""
            let state =
                counters != nil
                ? "captured" : problem.isEmpty ? "not captured" : "not captured: \(problem)"
            lines.append(mount.path.padded(to: 52) + state)
            var record: CommandRecord = [
                "path": .text(mount.path), "number": .integer(Int64(mount.number)),
                "captured": .boolean(counters != nil), "problem": .text(problem),
            ]
            for (name, value) in (counters ?? [:]).sorted(by: { $0.key < $1.key }) {
                record[name] = .integer(Int64(value))
            }
            values.append(.record(record))
        }
        return CommandResult(value: .list(values), lines: lines)
    }

    /// The list of mounts as a plain file beside the database, for people and other tools.
    private func writeMountList() throws(CommandError) {
        let mounts = try stored(store.mounts)
        let text =
            "# Paths that understudyd captures, one a line. Change them with DTFS MOUNT.\n"
            + mounts.map { $0.path + "\n" }.joined()
        do throws(Errno) {
            let folder = try SystemCall.open(configuration.stateDirectory, O_RDONLY | O_DIRECTORY)
            defer { SystemCall.close(folder) }
            let bytes = Array(text.utf8)
            let result = bytes.withUnsafeBytes { bytes in
                Result { () throws(Errno) in
                    try AtomicFile.write(bytes, to: "dtfs_mounts", in: folder, mode: 0o644)
                }
            }
            try result.get()
        } catch {
            throw CommandError(.unknown, "the list of mounts cannot be written: \(error)")
        }
    }
}
