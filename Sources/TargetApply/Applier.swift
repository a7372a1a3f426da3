internal import CPosix
package import FileSystemAccess
internal import Glibc
internal import MirrorCore
package import ReplicationModel

/// Makes the changes of one connection at the target, in the order in which they come.
///
/// Belongs to one thread, which calls `prepareThread` first. Every path is reached from a mapping's
/// root descriptor, name by name, no link followed, each directory checked to be the object that
/// the map says; so nothing outside a root can be touched, whatever a payload says.
///
/// Every change may come again: what is there already counts as done (see `Applier+Names`).
package final class Applier {
    let rootDescriptors: [OwnedDescriptor]
    let stateFolder: OwnedDescriptor
    let checkpoint: CheckpointStore
    let isPrivileged: Bool
    /// For whoever syncs: what was applied last.
    package let syncer: Syncer

    var map: NodeMap
    var log: MapLog
    var cache = DescriptorCache()
    /// Changes up to here took effect.
    package internal(set) var applied: UInt64
    package internal(set) var journalID: UInt64
    /// See `ApplySettings.replayThrough`.
    package var replayThrough: UInt64
    /// Changes up to here, after `applied`, may be there in part: they were being made when the
    /// process, or the batch, was cut off.
    var repeatThrough: UInt64
    /// Until they all came again, the copy is of no single moment.
    package var isRepeating: Bool { applied < repeatThrough }
    /// Nanoseconds since 1970-01-01 UTC: what is older was not made by a change that comes again.
    let replayTime: Int64

    package private(set) var counters = ApplyCounters()
    /// nil while no mirror runs.
    var mirror: MirrorOptions?
    package var isMirroring: Bool { mirror != nil }
    /// A mirror of everything: what it has not come to yet is not to be relied on.
    var isWholeMirroring: Bool { mirror.map { $0.isDisjoint(with: [.partial, .resync]) } ?? false }
    package internal(set) var isMirrorRequired: Bool
    /// What is awaited does not put it right.
    var isWholeMirrorRequired: Bool
    /// Whether a resync does not make the copy good.
    package var needsWholeMirror: Bool { isWholeMirrorRequired }
    var resync = ResyncState()
    /// The map may say other than the tree: a mirror looks at the tree before it begins.
    var isMapUnsure: Bool
    /// The map has what a batch made that was cut off, and has to go back to its log.
    var isCutOff = false
    /// When unknown objects at the target may have been made by changes that the map lost in a
    /// crash: nanoseconds since 1970-01-01 UTC.
    var unsureTimes: Range<Int64>

    /// Counts the records, so that what one of them uses stays open until it is done.
    var operation: UInt64 = 1
    var batch: UInt64 = 1
    /// The last record for which an object came to stand for an identity anew.
    var boundOperation: UInt64 = 0
    /// Sequence of the record at hand.
    var sequence: UInt64 = 0
    /// Objects that are gone or could not be made: their operations are skipped and nothing is
    /// said.
    var unavailable = RecentFiles(countMax: 64 << 10)
    /// File capabilities of objects that a mirror fills: writing removes them.
    var capabilities: [UInt32: [UInt8]] = [:]
    /// How the object stood that the record at hand made.
    var madeStatus = stat()
    /// Names that the source still has in the directory whose list is being received.
    var listed: ListedNames?
    var firstName = NameBuffer()
    var secondName = NameBuffer()
    var linkText = NameBuffer(capacity: Int(PATH_MAX))
    var attributeRoom = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 2 * ExtendedAttributes.valueBytesMax, alignment: 8)
    private var problems: [ApplyProblem] = []
    var awaited: [AwaitedObject] = []
    private var failed: [FileID: Errno] = [:]
    /// What the record at hand is about.
    private var file = FileID.none
    var asideCount = 0
    /// A change was broken off by an error: what it had put aside may still be there.
    private var mayHaveAsides = false
    var putBackDepth = 0

    /// Problems kept until they are taken; further ones are only counted.
    static let problemsMax = 256
    static let awaitedMax = 4096
    static let failedMax = 4096

    init(_ parts: consuming ApplierParts) {
        rootDescriptors = parts.rootDescriptors
        stateFolder = parts.stateFolder
        checkpoint = parts.checkpoint
        syncer = parts.syncer
        isPrivileged = parts.isPrivileged
        applied = parts.log.applied
        journalID = parts.log.journalID
        replayThrough = parts.replayThrough
        repeatThrough = parts.wasCutOff ? parts.replayThrough : 0
        let stored = parts.checkpoint.value
        replayTime = stored.time
        isMirrorRequired = stored.flags.contains(.mirrorRequired)
        isWholeMirrorRequired = stored.flags.contains(.wholeRequired)
        unsureTimes = parts.unsureTimes
        isMapUnsure = parts.wasCutOff || !parts.unsureTimes.isEmpty
        map = parts.map
        log = parts.log
        // Begun and not ended: another one comes. What its records do not find until then is no
        // reason for a whole mirror.
        if !map.awaiting.isEmpty { isMirrorRequired = true }
        if isMirrorRequired || stored.flags.contains(.inconsistent), !isWholeMirrorRequired {
            awaitResync()
        }
    }

    deinit { attributeRoom.deallocate() }

    /// Gives the calling thread a umask of its own, of 0: modes are what the source says.
    package static func prepareThread() {
        _ = cposix_unshareFileSystemState()
        umask(0)
    }

    // MARK: The stream

    /// Makes one change. What concerns one object only is noted as a problem and skipped; an error
    /// thrown means that the same record is to be given again later.
    package func apply(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer
    ) throws(ApplyError) {
        guard let kind = record.kind else { return misunderstood(record) }
        if kind.isChange, record.sequence <= applied {
            counters.repeated += 1
            return
        }
        operation += 1
        sequence = record.sequence
        file = record.file
        do throws(Errno) {
            try startOverIfCutOff()
            do throws(Errno) {
                try perform(kind, record, payload)
            } catch {
                // Space that is needed now is worth more than what may still find a name.
                guard error.isAboutSpace, resync.holdsSpace else { throw error }
                try emptyLimbo()
                try perform(kind, record, payload)
            }
            counters.applied += 1
        } catch {
            if error.concernsWholeTarget {
                mayHaveAsides = true
                isMapUnsure = true
                throw .retry(error)
            }
            note(problem(kind), at: path(of: map.find(record.file)), error)
        }
    }

    /// Ends a batch: pending times are set, what the map learned is written, and all changes up to
    /// `lastSequence` count as applied.
    package func finishBatch(lastSequence: UInt64) throws(ApplyError) -> ApplyPositions {
        do throws(Errno) {
            try startOverIfCutOff()
            if replayThrough > 0, lastSequence >= replayThrough {
                // A mirror does it at its end.
                if !isResyncing { try removeAsides() }
                replayThrough = 0
            }
            if mayHaveAsides, replayThrough == 0, mirror == nil {
                try removeAsides()
                mayHaveAsides = false
            }
            try flushAll()
        } catch {
            throw .retry(error)
        }
        let position = max(applied, lastSequence)
        do throws(Errno) {
            try log.append(&map.changes, journalID: journalID, applied: position)
            applied = position
            var flags: CheckpointFlags = isMirrorRequired ? .mirrorRequired : []
            if isWholeMirrorRequired { flags.insert(.wholeRequired) }
            if isMirrorRequired { syncer.keepRequired(isWhole: isWholeMirrorRequired) }
            if !checkpoint.value.flags.isSuperset(of: flags) {
                try checkpoint.update { $0.flags.formUnion(flags) }
            }
            try replaceLogIfWorthwhile()
        } catch {
            throw .state(error)
        }
        publish()
        batch += 1
        return positions
    }


    package var positions: ApplyPositions {
        let stored = checkpoint.value
        // A position in another journal says nothing.
        return ApplyPositions(
            applied: applied, durable: stored.journalID == journalID ? stored.durable : 0)
    }

    package var isInconsistent: Bool {
        checkpoint.value.flags.contains(.inconsistent) && !syncer.isCompletingMirror
    }
    /// See `CheckpointFlags.unproven`.
    var isUnproven: Bool { checkpoint.value.flags.contains(.unproven) }
    /// Nothing is wrong but that what the source was asked for has not come.
    private var isOnlyAwaiting: Bool {
        !isWholeMirrorRequired && mirror == nil && !map.awaiting.isEmpty
    }
    /// What a source hears that comes again: whether it has to look for what differs.
    package var isToBeCompared: Bool {
        isInconsistent || isMirrorRequired && !isOnlyAwaiting
    }
    package var mirrorGeneration: UInt64 { checkpoint.value.mirrorGeneration }

    /// The source counts in another journal from now on, and everything up to `applied` in it is
    /// what the target has (or what a mirror is about to bring).
    package func begin(journalID: UInt64, applied: UInt64) throws(ApplyError) {
        let before = (self.journalID, self.applied, repeatThrough)
        do throws(Errno) {
            try startOverIfCutOff()
            self.journalID = journalID
            try log.append(&map.changes, journalID: journalID, applied: applied)
            self.applied = applied
            repeatThrough = 0
            publish()
            try syncer.sync()
        } catch {
            // Not begun: the source must hear of the journal of before the next time, too.
            (self.journalID, self.applied, repeatThrough) = before
            publish()
            throw .state(error)
        }
    }

    /// The copy differs in a way that only a mirror puts right. Durable with the next batch's end.
    package func requireMirror() {
        isMirrorRequired = true
        isWholeMirrorRequired = true
    }

    /// The copy may differ where the source can say it: the end of a resync is enough.
    package func requireResync() {
        isMirrorRequired = true
        if mirror == nil { awaitResync() }
    }

    func awaitResync() {
        mirror = .resync
        beginNames()
    }

    /// From here on only the end of a whole mirror says that the copy is complete.
    func wholeMirrorBegins() { isWholeMirrorRequired = true }

    /// Something is missing that the source has been asked for.
    func awaitMirror() { isMirrorRequired = true }

    /// Answers whether another one is needed all the same.
    func mirrorIsComplete() -> Bool {
        if isWholeMirroring { isWholeMirrorRequired = false }
        isMirrorRequired = isWholeMirrorRequired
        return isMirrorRequired
    }

    package func takeProblems() -> [ApplyProblem] {
        defer { problems.removeAll() }
        return problems
    }

    /// Objects that could not be brought up to date since the last time.
    package func takeFailed() -> [(file: FileID, errno: Errno)] {
        defer { failed.removeAll() }
        return failed.map { (file: $0.key, errno: $0.value) }
    }

    package func takeAwaited() -> [AwaitedObject] {
        defer { awaited.removeAll() }
        return awaited
    }

    /// The source may not have heard of it: the link broke.
    package func askAgain() {
        if isOnlyAwaiting { _ = requestAwaitedAgain() }
    }

    /// What is too much for one time is asked for again when the mirror ends.
    func emitAwaited(_ parent: UInt32, _ name: UnsafeRawBufferPointer, isKnown: Bool) {
        guard awaited.count < Self.awaitedMax else { return }
        let place = path(of: parent, name)
        awaited.append(
            AwaitedObject(mapping: place.mapping, path: place.path, isKnown: isKnown))
    }

    /// Ends a server's work in good order: everything is durable, and the next start knows that
    /// nothing was made which the map does not have. Nothing is applied after it.
    package func close() throws(ApplyError) {
        do throws(Errno) {
            try startOverIfCutOff()
            closeIdle()
            try log.append(&map.changes, journalID: journalID, applied: applied)
            publish()
            // A sync that succeeds after one that failed proves nothing.
            guard !syncer.mayHaveLost else { throw Errno.inputOutput }
            try syncer.sync()
            guard !isRepeating else { return }
            try checkpoint.update { $0.flags.insert(.closed) }
        } catch {
            throw .state(error)
        }
    }

    // MARK: Dispatch

    private func perform(
        _ kind: OperationKind, _ record: OperationRecord, _ payload: UnsafeRawBufferPointer
    ) throws(Errno) {
        switch kind {
        case .write: try write(record, payload)
        case .truncate: try truncate(record)
        case .allocate: try allocate(record)
        case .create, .link, .unlink, .removeDirectory, .rename, .leave:
            guard let view = NameChangeView(payload) else { return misunderstood(record) }
            switch kind {
            case .create: try create(record.file, view)
            case .link: try link(record, view)
            case .rename: try rename(record, view)
            default: try remove(record.file, view, kind)
            }
        case .attributes: try setAttributes(record, payload)
        case .setExtended, .removeExtended: try setExtended(kind, record, payload)
        case .barrier: break
        case .mirrorBegin: try beginMirror(MirrorOptions(rawValue: record.flags))
        case .mirrorObject: try mirrorObject(record, payload)
        case .mirrorData: try mirrorData(record, payload)
        case .mirrorDirectory: try mirrorDirectory(record, payload)
        case .mirrorEnd: try endMirror()
        case .mirrorStopped: stopMirror()
        case .mirrorNames: try endNames()
        }
    }

    private func problem(_ kind: OperationKind) -> ApplyProblem.Action {
        switch kind {
        case .write: .write
        case .truncate: .truncate
        case .allocate: .allocate
        case .create: .create
        case .link: .link
        case .unlink, .removeDirectory, .leave: .remove
        case .rename: .rename
        case .attributes: .mode
        case .setExtended, .removeExtended: .setExtended
        default: .mirror
        }
    }

    // MARK: What went wrong

    /// `about`: the object that is to be tried again; nil: the record's.
    func note(
        _ what: ApplyProblem.Action, at place: PlacedPath, _ error: Errno, about: FileID? = nil
    ) {
        counters.problems += 1
        let object = about ?? file
        if object != .none, failed.count < Self.failedMax { failed[object] = error }
        guard problems.count < Self.problemsMax else { return }
        problems.append(
            ApplyProblem(mapping: place.mapping, path: place.path, what: what, errno: error))
    }

    func misunderstood(_ record: OperationRecord) {
        note(.understand, at: path(of: map.find(record.file)), .invalid)
    }

    /// A record about an object that the map does not have. While a mirror runs, or something is
    /// awaited, it will come by itself; otherwise the copy is not what it should be.
    func skipUnknown(_ file: FileID) {
        counters.skipped += 1
        guard mirror == nil, map.awaiting.isEmpty, !unavailable.contains(file) else { return }
        if !needsWholeMirror, problems.count < Self.problemsMax {
            let about = "inode \(file.inode) of change \(sequence)"
            problems.append(
                ApplyProblem(mapping: 0, path: BytePath(about), what: .find, errno: .noSuchFile))
        }
        requireMirror()
    }

    /// Whether the record at hand may have had its effect before.
    var isReplaying: Bool { replayThrough > 0 && sequence <= replayThrough }

    func noteApplied(_ position: UInt64) { applied = position }

    func count(_ change: (inout ApplyCounters) -> Void) { change(&counters) }

    // MARK: State

    func publish() {
        syncer.publish(
            SyncPoint(
                applied: applied, journalID: journalID, logGeneration: log.generation,
                logOffset: UInt64(log.offset), log: log.file, time: cposix_realtime()))
    }

    /// Writes the map as a whole once the log holds much more than the map does.
    private func replaceLogIfWorthwhile() throws(Errno) {
        guard !syncer.mayHaveLost, log.offset > 32 << 20, log.offset > log.pictureEnd * 4 else {
            return
        }
        try syncer.syncFileSystems()
        try replaceLog()
    }

    /// Everything applied is on disk when this is called.
    func replaceLog() throws(Errno) {
        log = try MapLog.create(
            in: stateFolder.descriptor, generation: log.generation + 1, journalID: journalID,
            applied: applied, map: map)
        let (generation, offset, journal, position) = (
            log.generation, log.offset, journalID, applied
        )
        let now = cposix_realtime()
        try checkpoint.update { checkpoint in
            checkpoint.logGeneration = generation
            checkpoint.logOffset = UInt64(offset)
            checkpoint.journalID = journal
            checkpoint.durable = position
            checkpoint.time = now
        }
    }
}

/// A path below one of the roots.
struct PlacedPath {
    var mapping: UInt16 = 0
    var path = BytePath()
}
