internal import CommandModel
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel
internal import SessionCore
internal import TargetApply
internal import WireProtocol

/// Compares everything a connection replicates, by checksum, while applications may go on writing.
///
/// One folder at a time: the source's sums are taken, what was written until then reaches the
/// target, the target's sums are asked for. What differs is looked at again after the next flush;
/// only what differs then, too, and did not change at the source meanwhile, is reported.
struct Verification {
    /// A name that differs.
    struct Finding: Hashable, Sendable {
        let path: String
        let reason: String
    }

    private struct Place: Hashable, Sendable {
        let mapping: Int
        let path: BytePath
    }

    private let connection: SourceConnection
    private let journalNewest: @Sendable () -> UInt64
    private let flush: @Sendable () async throws(CommandError) -> Void
    private let tell: @Sendable (MirrorProgress) -> Void
    /// The folders beneath their mounts, open for reading: what the disk has, not what is cached
    /// above it.
    private let sourceRoots: [OwnedDescriptor]

    /// How often a name is looked at before it counts as different.
    private static let looksMax = 4
    /// The longest a target's answer for one folder is waited for.
    private static let answerSecondsMax = 3600.0

    init(
        _ connection: SourceConnection, journalNewest: @escaping @Sendable () -> UInt64,
        flush: @escaping @Sendable () async throws(CommandError) -> Void,
        tell: @escaping @Sendable (MirrorProgress) -> Void
    ) throws(CommandError) {
        do throws(Errno) {
            var roots: [OwnedDescriptor] = []
            for root in connection.plan.roots {
                let flags = O_RDONLY | O_DIRECTORY
                roots.append(
                    OwnedDescriptor(try SystemCall.open(at: root.descriptor, ".", flags)))
            }
            sourceRoots = roots
        } catch {
            throw CommandError(
                .invalidSourcePath, "the replicated folder cannot be read: \(error)")
        }
        self.connection = connection
        self.journalNewest = journalNewest
        self.flush = flush
        self.tell = tell
    }

    /// - Returns: what differs, and how much was compared.
    func run() async throws(CommandError) -> (findings: [Finding], progress: MirrorProgress) {
        var progress = MirrorProgress()
        progress.started = Clock.monotonic
        var places = try await folders(&progress)
        tell(progress)
        try await flush()
        var findings: [Finding] = []
        while let place = places.popLast() {
            findings += try await compare(place, &progress)
            tell(progress)
        }
        return (findings.sorted { $0.path < $1.path }, progress)
    }

    /// All folders of the source, counted on the way.
    private func folders(_ progress: inout MirrorProgress) async throws(CommandError) -> [Place] {
        var all: [Place] = []
        var open = connection.plan.roots.indices.map { Place(mapping: $0, path: BytePath()) }
        while let place = open.popLast() {
            if Task.isCancelled { throw CommandError(.interrupted, "VERIFY was interrupted") }
            all.append(place)
            let roots = sourceRoots
            let entries = await WorkerThread.run("verify") {
                let inspector = Inspector(descriptors: roots)
                return (try? inspector.list(mapping: place.mapping, path: place.path)) ?? []
            }
            for entry in entries where includes(place, entry) {
                progress.objectsTotal += 1
                if entry.attributes.type == .regular {
                    progress.bytesTotal += UInt64(entry.attributes.size)
                }
                guard entry.attributes.type == .directory else { continue }
                open.append(Place(mapping: place.mapping, path: place.path.appending(entry.name)))
            }
        }
        progress.isCounted = true
        return all.reversed()
    }

    private func compare(
        _ place: Place, _ progress: inout MirrorProgress
    ) async throws(CommandError) -> [Finding] {
        var names: [[UInt8]]?
        var seen: [[UInt8]: TreeEntry] = [:]
        for look in 1...Self.looksMax {
            if look > 1 { try await flush() }
            let source = try await sourceEntries(place, names)
            if look == 1 {
                for entry in source {
                    progress.objectsDone += 1
                    if entry.attributes.type == .regular {
                        progress.bytesDone += UInt64(entry.attributes.size)
                    }
                }
            }
            try await catchUp()
            let target = try await targetEntries(place, names)
            let differences = Comparison.differences(source: source, target: target)
            if differences.isEmpty { return [] }
            let now = Dictionary(source.map { ($0.name, $0) }) { first, _ in first }
            // A name that changed at the source since the last look proves nothing yet.
            let isSettled = look > 1 && differences.allSatisfy { seen[$0.name] == now[$0.name] }
            if isSettled || look == Self.looksMax {
                return differences.filter { look == Self.looksMax || seen[$0.name] == now[$0.name] }
                    .map { finding(place, $0) }
            }
            names = differences.map(\.name)
            seen = now
        }
        return []
    }

    /// Until everything written before is applied at the target.
    private func catchUp() async throws(CommandError) {
        let through = journalNewest()
        guard connection.plan.replicates else { return }
        let snapshot = try await connection.board.wait(
            seconds: Self.answerSecondsMax, for: "the target's catching up"
        ) { snapshot in
            switch snapshot.state {
            case .ok: snapshot.applied >= through
            case .mirrorRequired: snapshot.applied >= through
            case .mirroring, .resyncing, .retrying: false
            case .notReached, .refused: true
            }
        }
        guard snapshot.isLinked else {
            throw CommandError(.targetUnreachable, "the target was lost during VERIFY")
        }
    }

    private func sourceEntries(
        _ place: Place, _ names: [[UInt8]]?
    ) async throws(CommandError) -> [TreeEntry] {
        if Task.isCancelled { throw CommandError(.interrupted, "VERIFY was interrupted") }
        let roots = sourceRoots
        let entries = await WorkerThread.run("verify") {
            let inspector = Inspector(descriptors: roots)
            return (try? inspector.digest(mapping: place.mapping, path: place.path, names: names))
                ?? []
        }
        return entries.filter { includes(place, $0) }
    }

    private func targetEntries(
        _ place: Place, _ names: [[UInt8]]?
    ) async throws(CommandError) -> [TreeEntry] {
        let question = Inspect(
            requestID: 0, question: .digest, mapping: UInt16(place.mapping),
            path: place.path.bytes,
            entries: (names ?? []).map { Entry(name: $0, attributes: ObjectAttributes()) })
        let answers = try await connection.inspect(question, seconds: Self.answerSecondsMax)
        guard !answers.isEmpty else {
            throw CommandError(.targetUnreachable, "the target was lost during VERIFY")
        }
        return answers.flatMap(\.entries).map { TreeEntry($0, hasDigests: true) }
            .filter { includes(place, $0) }
    }

    private func includes(_ place: Place, _ entry: TreeEntry) -> Bool {
        connection.plan.roots[place.mapping].filter.includes(
            place.path.appending(entry.name).bytes,
            isDirectory: entry.attributes.type == .directory)
    }

    private func finding(_ place: Place, _ difference: EntryDifference) -> Finding {
        let root = connection.plan.roots[place.mapping].sourcePath
        let path = place.path.appending(difference.name).bytes
        return Finding(
            path: root + "/" + String(decoding: path, as: UTF8.self),
            reason: Self.words(difference.reason))
    }

    private static func words(_ reason: EntryDifference.Reason) -> String {
        switch reason {
        case .missing: "missing at the target"
        case .orphan: "at the target only"
        case .type: "another type"
        case .size: "another size"
        case .content: "another content"
        case .mode: "another mode"
        case .owner: "another owner"
        case .modified: "another modification time"
        case .extended: "other extended attributes"
        case .linkText: "another link text"
        case .unreadable: "cannot be read"
        case .linkCount: "other hard links"
        case .device: "another device number"
        }
    }
}

extension BytePath {
    func appending(_ name: [UInt8]) -> BytePath {
        var path = self
        path.append(name)
        return path
    }
}
