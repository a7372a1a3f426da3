internal import CommandModel
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import Logging
internal import ReplicationModel
internal import SessionCore
internal import StateStore

/// Captures that end, that are taken over, that cannot be, and what they say of themselves.
extension Runtime {
    static var againNanoseconds: UInt64 { 2_000_000_000 }
    static var againWords: String { "it is tried again every 2 seconds" }

    // MARK: Capturing again

    /// A capture ended without being told to. Its folder is captured again at once; what was
    /// written in between was seen by nobody.
    func captureLost(_ path: String) async {
        guard (try? running()) != nil, let mounts = try? store.mounts(),
            let mount = mounts.first(where: { $0.path == path })
        else { return }
        logger.error("the capture of '\(path)' ended")
        losses[path, default: 0] += 1
        tell("capture.lost", ["path": .text(path)])
        for connection in replicating(path) { connection.post(.captureLost(mount: path)) }
        recapture(mount)
    }

    /// Captures a folder again, as often as it takes. One at a time for each: another one would
    /// take the new mount for what the dead capture left.
    func recapture(_ mount: Mount) {
        guard recapturing.insert(mount.path).inserted else { return }
        Task {
            defer { recapturing.remove(mount.path) }
            // Soon at first: until it is captured, everything that is opened there goes around.
            var pause = Self.againNanoseconds / 40
            while let parts = try? running(), (try? store.mounts())?.contains(mount) == true {
                let losses = losses[mount.path]
                if await captures.processes[mount.path] != nil {
                    if self.losses[mount.path] == losses { return }
                    continue
                }
                await captures.clearDeadMount(mount.path)
                do throws(CommandError) {
                    try await captureAgain(mount, parts.journal)
                    try await publishRules()
                    await lookAroundTwice(mount.path)
                    // It may have ended meanwhile.
                    let isThere = await captures.processes[mount.path] != nil
                    if isThere, self.losses[mount.path] == losses {
                        logger.notice("captures '\(mount.path)' again")
                        isCaptured(mount.path)
                        tell("capture.back", ["path": .text(mount.path)])
                        return
                    }
                } catch {
                    notCaptured(mount.path, error.message)
                }
                try? await Task.sleep(nanoseconds: pause)
                pause = min(2 * pause, Self.againNanoseconds)
            }
        }
    }

    /// A folder is captured (again).
    func isCaptured(_ path: String) {
        captureFacts[path]?.problem = ""
        for connection in replicating(path) { connection.post(.captureBack(mount: path)) }
    }

    /// It is not: shown until it is.
    func notCaptured(_ path: String, _ problem: String) {
        var facts = captureFacts[path] ?? CaptureFacts()
        guard facts.problem != problem else { return }
        logger.error("'\(path)' is not captured: \(problem)")
        facts.problem = problem
        captureFacts[path] = facts
        for connection in replicating(path) { connection.post(.capture(mount: path, facts)) }
    }

    /// Captures a folder that was captured before: only if it is the same one. An empty folder
    /// that waits for its disk must not be taken for one whose files were all removed.
    func captureAgain(_ mount: Mount, _ journal: JournalMemory) async throws(CommandError) {
        // A folder that hangs with its disk must not hold up the other commands.
        let found = try await WorkerThread.run("folder") { () throws(CommandError) in
            try FolderIdentity(path: mount.path)
        }
        let known = (try? store.setting(Self.folderKey(mount))) ?? nil
        if let known, !found.isSame(as: FolderIdentity(text: known)) {
            throw CommandError(
                .cannotMount,
                "'\(mount.path)' is another folder than the one that was captured (got "
                    + "\(found.text), expected \(known)); is its disk mounted? Bring it back "
                    + "(\(Self.againWords)), or use DTFS MOUNT \"\(mount.path)\" to capture "
                    + "what is there now")
        }
        try await captures.start(mount, journal: journal)
        // An older version knew less of it.
        if known != found.text, !found.text.isEmpty { keepFolder(mount, found) }
    }

    /// From now on the folder that is there is the right one.
    func keepFolder(_ mount: Mount, _ identity: FolderIdentity) {
        do throws(StateStoreError) {
            try store.setSetting(Self.folderKey(mount), to: identity.text)
        } catch {
            logger.warning("which folder '\(mount.path)' is was not saved: \(error)")
        }
    }

    private static func folderKey(_ mount: Mount) -> String { "folder.\(mount.number)" }

    /// Of captures that go on it may not be known yet, or not as well, which folder they are of.
    func keepFolders() async {
        for process in await captures.processes.values {
            guard let mount = (try? store.mounts())?.first(where: { $0.path == process.path }),
                let found = try? FolderIdentity(process.backingDescriptor, mount.path)
            else { continue }
            let known = (try? store.setting(Self.folderKey(mount))) ?? nil
            if known != found.text { keepFolder(mount, found) }
        }
    }

    // MARK: What they say

    /// Asks all captures for their counters.
    func lookAtCaptures() async {
        for process in await captures.processes.values { await look(at: process) }
    }

    /// A server of a capture ended and another one took over: nothing is lost, but what the
    /// tripwire had noticed and not told.
    func captureTakenOver(_ path: String) async {
        guard let process = await captures.processes[path] else { return }
        tell("capture.takenover", ["path": .text(path)])
        if let facts = await look(at: process), facts.hasTripwire {
            for connection in replicating(path) { connection.post(.lose(.changedAround)) }
        }
    }

    /// Changes whose outcome the capture could not read, or that were made around the mount: what
    /// they touched is marked, and found by a resync.
    @discardableResult
    private func look(at process: CaptureProcess) async -> CaptureFacts? {
        let counters = try? await captures.talk(to: process) { process throws(CommandError) in
            try process.statistics()
        }
        guard let counters else { return nil }
        let before = captureFacts[process.path] ?? CaptureFacts()
        var facts = before
        facts.takeovers = counters["takeovers"] ?? 0
        facts.around = counters["around"] ?? 0
        facts.unread = counters["unread"] ?? 0
        facts.hasTripwire = counters["tripwire"] == 1
        let connections = replicating(process.path)
        // Counters of a server that took over begin anew.
        var hasNew =
            facts.around > 0 && facts.around != before.around
            || facts.unread > 0 && facts.unread != before.unread
        if hasNew, connections.contains(where: \.snapshot.isMirroring) {
            // What runs comes to its end first: else changes that never pause would never be
            // copied. These are seen to then.
            (facts.around, facts.unread) = (before.around, before.unread)
            hasNew = false
        }
        guard facts != before else { return facts }
        captureFacts[process.path] = facts
        for connection in connections {
            connection.post(.capture(mount: process.path, facts))
        }
        guard hasNew else { return facts }
        logger.warning(
            """
            changes below '\(process.path)' were not followed: \(facts.around) around the mount, \
            \(facts.unread) not readable
            """)
        await markSuspects(process, connections)
        for connection in connections { connection.post(.lose(.changedAround)) }
        return facts
    }

    /// What was changed around the mount may show an older time than the resync looks at.
    private func markSuspects(
        _ process: CaptureProcess, _ connections: [SourceConnection]
    ) async {
        guard let queue = (try? running())?.surroundings.queue else { return }
        let suspects = try? await captures.talk(to: process) { process throws(CommandError) in
            try process.suspects()
        }
        for file in suspects ?? [] {
            for connection in connections {
                queue.mark(
                    connection: connection.plan.id, file, [.attributes, .entries, .wholeData])
            }
        }
    }

    // MARK: The machine

    /// Whether the queue of before ended with the machine or within its run.
    var lostQueue: Continuity.Finding {
        let known = (try? store.setting(Self.bootKey)) ?? nil
        return known == nil || known == Machine.bootID ? .memoryLost : .powerCut
    }

    func keepBoot() {
        do throws(StateStoreError) {
            try store.setSetting(Self.bootKey, to: Machine.bootID)
        } catch {
            logger.warning("the machine's run was not saved: \(error)")
        }
    }

    private static let bootKey = "boot"

    /// Notes when the clock is set back.
    func watchClock(_ marksFolder: String) {
        let found = clockKeeper.look(at: .current, folder: BytePath(marksFolder))
        if let step = found.step {
            logger.warning(
                """
                the clock was set back by \(step / Clock.second) s; what is looked for by its time \
                is looked for from that much earlier
                """)
        }
        if let problem = found.problem {
            logger.warning("notes about the clock cannot be kept: \(problem)")
        }
    }
}

/// Connections that cannot go on, because a folder is gone or not captured.
extension Runtime {
    /// Shows why, and tries again until it can. What changes meanwhile is found by a resync; its
    /// place in the queue stays.
    func wait(_ connection: OutgoingConnection, _ problem: String) {
        guard let parts = try? running() else { return }
        logger.error("connection \(connection.id) cannot go on: \(problem)")
        show(connection, problem, parts)
        Task {
            while true {
                try? await Task.sleep(nanoseconds: Self.againNanoseconds)
                guard connections[connection.id]?.isWaiting == true, (try? running()) != nil
                else { return }
                var now = continuity
                now.freshMounts.formUnion(mountPaths(of: connection))
                do throws(CommandError) {
                    try await begin(connection, now)
                    logger.notice("connection \(connection.id) goes on")
                    return
                } catch {
                    guard connections[connection.id]?.isWaiting == true else { return }
                    if connections[connection.id]?.snapshot.lastLinkProblem != error.message {
                        logger.error(
                            "connection \(connection.id) cannot go on: \(error.message)")
                    }
                    show(connection, error.message, parts)
                }
            }
        }
    }

    private func show(_ connection: OutgoingConnection, _ problem: String, _ parts: Parts) {
        connections[connection.id] = SourceConnection(
            waiting: ConnectionPlan(connection, roots: [], mountPaths: mountPaths(of: connection)),
            problem: problem, journal: parts.journal)
    }

    func mountPaths(of connection: OutgoingConnection) -> Set<String> {
        let mounts = (try? store.mounts()) ?? []
        return Set(
            mounts.map(\.path).filter { path in
                connection.mappings.contains {
                    $0.source == path || Paths.lies($0.source, below: path)
                }
            })
    }
}
