internal import CaptureControl
internal import CommandModel
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import Logging
internal import ReplicationModel
internal import SessionCore
internal import StateStore
internal import Synchronization

/// Files that are open around captures, and ways around them (Docs/Decisions/0018).
extension Runtime {
    /// The first looks at a folder that is captured from now on. An open that was on its way when
    /// the mount came is there at the second one.
    func lookAroundTwice(_ path: String) async {
        await lookAround(path, isFull: true)
        try? await Task.sleep(nanoseconds: Self.openNanoseconds)
        await lookAround(path, isFull: false)
    }

    private static var openNanoseconds: UInt64 { 200_000_000 }

    /// Every second: looks as often as there is reason to, and as looking is cheap enough.
    func watchAround() async {
        for process in await captures.processes.values {
            let path = process.path
            let isUrgent = around[path]?.isUrgent == true
            if !isUrgent, around[path]?.isEmpty == false {
                // Only the end of a resync is waited for.
                settleAround(process)
            }
            let watch = aroundWatches[path] ?? AroundWatch()
            let now = Clock.monotonic
            guard watch.isDue(now: now, isUrgent: isUrgent) else { continue }
            await lookAround(path, isFull: watch.isFullDue(now: now))
        }
    }

    /// - Parameter isFull: looks for ways around the capture as well.
    func lookAround(_ path: String, isFull: Bool) async {
        guard let process = await captures.processes[path] else { return }
        aroundLook += 1
        let number = aroundLook
        let begun = Clock.monotonic
        let look = await AroundLook.run(process, isFull: isFull)
        aroundWatches[path, default: AroundWatch()].looked(
            from: look == nil ? nil : begun, to: Clock.monotonic, isFull: isFull)
        guard await captures.processes[path] != nil else { return }
        var facts = captureFacts[path] ?? CaptureFacts()
        facts.isAroundUnknown = look == nil
        if let look {
            around[path, default: AroundFiles()].saw(
                look.scan.files, mount: UInt32(process.number), look: number,
                now: Clock.monotonic)
            facts.standing = look.standing
            if let ways = look.ways { facts.ways = ways }
        }
        settleAround(process, facts)
    }

    /// Sees to what is owed, and writes down and shows how things are.
    private func settleAround(_ process: CaptureProcess, _ facts: CaptureFacts? = nil) {
        let path = process.path
        compareAround(path)
        keepAround(path, number: process.number)
        showAround(path, facts ?? captureFacts[path] ?? CaptureFacts())
    }

    /// Marks what has to be compared; what runs comes to its end first.
    private func compareAround(_ path: String) {
        guard isResumed, var files = around[path] else { return }
        let connections = replicating(path)
        if !files.marked.isEmpty,
            connections.allSatisfy({ connection in
                let snapshot = connection.snapshot
                let before = files.mirrorsBefore[connection.plan.id] ?? 0
                return snapshot.isVouched && snapshot.mirrorsStarted > before
            })
        {
            files.settled()
        }
        if !connections.contains(where: \.snapshot.isMirroring) {
            let mirrors = connections.map { ($0.plan.id, $0.snapshot.mirrorsStarted) }
            let owed = files.take(
                mirrors: Dictionary(mirrors) { $1 }, now: Clock.monotonic)
            mark(owed, of: connections.map(\.plan.id))
            for connection in connections where !owed.isEmpty {
                connection.post(.lose(.openAround))
            }
        }
        around[path] = files
    }

    private func mark(_ files: [FileID], of connections: [UInt32]) {
        guard !files.isEmpty, let queue = (try? running())?.surroundings.queue else { return }
        for connection in connections {
            for file in files {
                queue.mark(connection: connection, file, [.attributes, .entries, .wholeData])
            }
        }
    }

    private func showAround(_ path: String, _ facts: CaptureFacts) {
        var facts = facts
        let before = captureFacts[path] ?? CaptureFacts()
        facts.openAround = around[path]?.shown ?? []
        if facts.isAroundUnknown { facts.openAround.append(.unknown) }
        guard facts != before else { return }
        captureFacts[path] = facts
        for connection in replicating(path) {
            connection.post(.capture(mount: path, facts))
        }
        for file in facts.openAround where !before.openAround.contains(file) {
            logger.warning("\(file.text)")
        }
        if before.openAround.isEmpty != facts.openAround.isEmpty {
            logger.notice(
                facts.openAround.isEmpty
                    ? "nothing below '\(path)' is open around the mount any more"
                    : "what is open around the mount is compared until it is closed")
        }
        for way in facts.ways + facts.standing
        where !before.ways.contains(way) && !before.standing.contains(way) {
            logger.warning(
                """
                around the mount of '\(path)': \(way); what is changed there is not seen. End it, \
                start it again, or unmount it; or set captureTripwire to on
                """)
        }
    }

    // MARK: What outlives the process

    private static func aroundKey(_ number: Int) -> String { "around.\(number)" }

    private func keepAround(_ path: String, number: Int) {
        let text = around[path]?.kept
        guard text != aroundKept[path] else { return }
        do throws(StateStoreError) {
            try store.setSetting(Self.aroundKey(number), to: text)
            aroundKept[path] = text
        } catch {
            logger.error("what is open around '\(path)' was not saved: \(error)")
        }
    }

    /// At the start, when captures run and connections do not yet: what was open around a mount
    /// when the last process ended is compared, and what is open now.
    func resumeAround(_ mounts: [Mount]) async {
        for mount in mounts {
            let kept = (try? store.setting(Self.aroundKey(mount.number))) ?? nil
            aroundKept[mount.path] = kept
            around[mount.path] = AroundFiles(kept: kept, mount: UInt32(mount.number))
            if continuity.freshMounts.contains(mount.path) {
                await lookAroundTwice(mount.path)
            } else {
                await lookAround(mount.path, isFull: true)
            }
            // No connection has begun: nobody was told, and these hear of it when they do.
            let connections = ((try? store.outgoingConnections()) ?? []).filter {
                $0.replicates && mountPaths(of: $0).contains(mount.path)
            }
            let owed = around[mount.path]?.take(mirrors: [:], now: Clock.monotonic) ?? []
            guard !owed.isEmpty else { continue }
            mark(owed, of: connections.map { UInt32($0.id) })
            continuity.aroundMounts.insert(mount.path)
        }
    }

    /// The folder is not captured any more, and is not to be.
    func forgetAround(_ path: String, number: Int) {
        around[path] = nil
        aroundKept[path] = nil
        aroundWatches[path] = nil
        try? store.setSetting(Self.aroundKey(number), to: nil)
    }
}

/// One look at the surroundings of a capture.
struct AroundLook: Sendable {
    let scan: OpenFileScan
    /// nil: not looked for.
    let ways: [String]?

    var standing: [String] {
        let works = scan.standing.map { "\($0.words) works in \($0.path)" }.sorted()
        guard scan.hiddenCount > 0 else { return works }
        return works + ["what \(scan.hiddenCount) processes have open may not be looked at"]
    }

    private static let secondsMax = 5.0
    private static let running = Atomic<Int>(0)
    private static let runningMax = 4

    /// nil: `/proc` does not answer, as when a process hangs with its memory locked.
    static func run(_ process: CaptureProcess, isFull: Bool) async -> AroundLook? {
        guard running.load(ordering: .relaxed) < runningMax else { return nil }
        running.wrappingAdd(1, ordering: .relaxed)
        let board = SnapshotBoard<AroundLook?>(nil)
        WorkerThread.start("look-around") {
            let look = AroundLook(
                scan: OpenFileScan(folder: process.backingDescriptor),
                ways: isFull ? WaysAround.find(process.backingDescriptor, process.path) : nil)
            running.wrappingSubtract(1, ordering: .relaxed)
            board.show(look)
        }
        let look = try? await board.wait(seconds: secondsMax, for: "a look at /proc") { $0 != nil }
        return look ?? nil
    }
}

/// When to look at a capture's surroundings again.
struct AroundWatch: Sendable {
    private var end: Int64 = .min / 2
    private var spent: Int64 = 0
    private var fullEnd: Int64 = .min / 2

    /// While something is open, and otherwise.
    private static let urgent = 900 * Clock.millisecond
    private static let calm = 10 * Clock.second

    /// At most a fiftieth of a processor while something is open, a two-hundredth otherwise.
    func isDue(now: Int64, isUrgent: Bool) -> Bool {
        now - end >= max(isUrgent ? Self.urgent : Self.calm, spent * (isUrgent ? 50 : 200))
    }

    func isFullDue(now: Int64) -> Bool { now - fullEnd >= Self.calm }

    /// - Parameter begun: nil for a look that found nothing out.
    mutating func looked(from begun: Int64?, to end: Int64, isFull: Bool) {
        self.end = end
        spent = end - (begun ?? end)
        if isFull { fullEnd = end }
    }
}
