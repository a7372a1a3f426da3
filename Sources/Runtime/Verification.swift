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

    struct Place: Hashable, Sendable {
        let mapping: Int
        let path: BytePath
    }

    /// What both sides had in one folder.
    struct Look {
        var source: [TreeEntry]
        var target: [TreeEntry]
    }

    let connection: SourceConnection
    private let journalNewest: @Sendable () -> UInt64
    let flush: @Sendable () async throws(CommandError) -> Void
    private let tell: @Sendable (MirrorProgress) -> Void
    /// The folders beneath their mounts, open for reading: what the disk has, not what is cached
    /// above it.
    let sourceRoots: [OwnedDescriptor]
    /// What a root is called in the list of what it holds.
    private static let ownName: [UInt8] = [0x2E]

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
        var links = LinkSuspects(mappingCount: sourceRoots.count)
        while let place = places.popLast() {
            findings += try await compare(place, &links, &progress)
            tell(progress)
        }
        findings += try await confirmed(links)
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
        _ place: Place, _ links: inout LinkSuspects, _ progress: inout MirrorProgress
    ) async throws(CommandError) -> [Finding] {
        var names: [[UInt8]]?
        var seen: [[UInt8]: TreeEntry] = [:]
        for look in 1...Self.looksMax {
            if look > 1 { try await flush() }
            let source = try await sourceEntries(place, names)
            if look == 1 {
                for entry in source where entry.name != Self.ownName {
                    progress.objectsDone += 1
                    if entry.attributes.type == .regular {
                        progress.bytesDone += UInt64(entry.attributes.size)
                    }
                }
            }
            try await catchUp()
            let target = try await targetEntries(place, names)
            let differences = Comparison.differences(source: source, target: target)
            if look == 1 { links.add(place, source, target) }
            if differences.isEmpty { return [] }
            let now = Dictionary(source.map { ($0.name, $0) }) { first, _ in first }
            // A name that changed at the source since the last look proves nothing yet.
            let isSettled = look > 1 && differences.allSatisfy { seen[$0.name] == now[$0.name] }
            if isSettled || look == Self.looksMax {
                return differences.filter { look == Self.looksMax || seen[$0.name] == now[$0.name] }
                    .map { finding(place, $0, Look(source: source, target: target)) }
            }
            names = differences.map(\.name)
            seen = now
        }
        return []
    }

    /// Until everything written before is applied at the target.
    func catchUp() async throws(CommandError) {
        let through = journalNewest()
        guard connection.plan.replicates else { return }
        let snapshot = try await connection.board.wait(
            seconds: Self.answerSecondsMax, for: "the target's catching up"
        ) { snapshot in
            switch snapshot.state {
            case .ok: snapshot.applied >= through
            case .mirrorRequired: snapshot.applied >= through
            case .mirroring, .resyncing, .retrying, .repeating: false
            case .notReached, .refused: true
            }
        }
        guard snapshot.isLinked else {
            throw lost
        }
    }

    private var lost: CommandError {
        let reason = connection.snapshot.lastLinkProblem
        return CommandError(
            .targetUnreachable,
            "the target was lost during VERIFY" + (reason.isEmpty ? "" : ": \(reason)"))
    }

    private func sourceEntries(
        _ place: Place, _ names: [[UInt8]]?
    ) async throws(CommandError) -> [TreeEntry] {
        if Task.isCancelled { throw CommandError(.interrupted, "VERIFY was interrupted") }
        let roots = sourceRoots
        let comparesOwn = comparesOwn(place, names)
        let names = names.map { $0.filter { $0 != Self.ownName } }
        let (entries, own) = await WorkerThread.run("verify") {
            let inspector = Inspector(descriptors: roots)
            let own = comparesOwn
                ? try? inspector.own(mapping: place.mapping, path: place.path) : nil
            let found = try? inspector.digest(
                mapping: place.mapping, path: place.path, names: names)
            return (found ?? [], own)
        }
        return entries.filter { includes(place, $0) } + (own.map { [$0] } ?? [])
    }

    /// Whether a mapping's root itself is looked at, of which no other folder's list speaks.
    private func comparesOwn(_ place: Place, _ names: [[UInt8]]?) -> Bool {
        place.path.isRoot && names?.contains(Self.ownName) != false
            && connection.plan.roots[place.mapping].filter.includesRoot
    }

    private func targetEntries(
        _ place: Place, _ names: [[UInt8]]?
    ) async throws(CommandError) -> [TreeEntry] {
        let others = names?.filter { $0 != Self.ownName }
        // No names would stand for all of them.
        let isOwnOnly = others?.isEmpty == true
        let answers = try await ask(
            Inspect(
                requestID: 0, question: isOwnOnly ? .list : .digest,
                mapping: UInt16(place.mapping), path: place.path.bytes,
                entries: (others ?? []).map { Entry(name: $0, attributes: ObjectAttributes()) }))
        var entries =
            isOwnOnly
            ? []
            : answers.flatMap(\.entries).map { TreeEntry($0, hasDigests: true) }
                .filter { includes(place, $0) }
        if comparesOwn(place, names), let first = answers.first, first.status == 0 {
            entries.append(
                TreeEntry(
                    name: Self.ownName, attributes: first.attributes,
                    extendedDigest: first.extendedDigest))
        }
        return entries
    }

    func ask(_ question: Inspect) async throws(CommandError) -> [Inspected] {
        let answers = try await connection.inspect(question, seconds: Self.answerSecondsMax)
        guard !answers.isEmpty else {
            throw lost
        }
        return answers
    }

    func includes(_ place: Place, _ entry: TreeEntry) -> Bool {
        connection.plan.roots[place.mapping].filter.includes(
            place.path.appending(entry.name).bytes,
            isDirectory: entry.attributes.type == .directory)
    }

    private func finding(_ place: Place, _ difference: EntryDifference, _ look: Look) -> Finding {
        let ours = look.source.first { $0.name == difference.name }
        let theirs = look.target.first { $0.name == difference.name }
        return Finding(
            path: shownPath(place, difference.name),
            reason: DifferenceWords.text(difference.reason, source: ours, target: theirs))
    }

    /// On the source; the root's own name is `.`.
    func shownPath(_ place: Place, _ name: [UInt8]) -> String {
        let root = connection.plan.roots[place.mapping].sourcePath
        if name == Self.ownName { return root }
        return root + "/" + String(decoding: place.path.appending(name).bytes, as: UTF8.self)
    }
}

extension BytePath {
    func appending(_ name: [UInt8]) -> BytePath {
        var path = self
        path.append(name)
        return path
    }
}
