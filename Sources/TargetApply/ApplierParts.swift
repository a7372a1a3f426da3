internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// What `Applier.open` puts together, so that the applier itself cannot be half made.
struct ApplierParts: ~Copyable {
    var rootDescriptors: [OwnedDescriptor]
    var stateFolder: OwnedDescriptor
    var checkpoint: CheckpointStore
    var syncer: Syncer
    var map: NodeMap
    var log: MapLog
    var isPrivileged: Bool
    var replayThrough: UInt64
    var unsureTimes: Range<Int64>
    /// The last process ended without closing, or in the middle of a batch.
    var wasCutOff: Bool
}

extension Applier {
    /// Opens the target folders and what is known about them. After it, `positions` and `journalID`
    /// say from where the source has to go on. When the state is damaged or missing although there
    /// was one, the applier begins anew and `isMirrorRequired` is set.
    package static func open(_ settings: ApplySettings) throws(ApplyError) -> Applier {
        var roots: [OwnedDescriptor] = []
        for (number, root) in settings.roots.enumerated() {
            do throws(Errno) {
                roots.append(
                    OwnedDescriptor(try DirectoryTree.open(root.path, creating: 0o755)))
            } catch {
                throw .root(mapping: number, error)
            }
        }
        let applier: Applier
        do throws(Errno) {
            applier = Applier(try parts(settings, roots))
        } catch {
            throw .state(error)
        }
        for number in roots.indices {
            do throws(Errno) {
                try applier.pinRoot(UInt32(number), settings.roots[number].file)
            } catch {
                throw .root(mapping: number, error)
            }
        }
        applier.publish()
        do throws(Errno) {
            // The process of before ended between the two: the source must not hear of a journal
            // that a power cut makes unknown.
            if applier.checkpoint.value.journalID != applier.journalID {
                try applier.syncer.sync()
            }
        } catch {
            throw .state(error)
        }
        return applier
    }

    private static func parts(
        _ settings: ApplySettings, _ roots: [OwnedDescriptor]
    ) throws(Errno) -> ApplierParts {
        let folder = OwnedDescriptor(
            try DirectoryTree.open(settings.stateFolder, creating: 0o700))
        let boot = BootID.current()
        let stored = try CheckpointStore.read(in: folder.descriptor)
        var map = NodeMap()
        let lastWritten =
            (try? SystemCall.status(at: folder.descriptor, MapLog.name))
            .map { cposix_nanoseconds($0.st_mtim) } ?? 0
        var log: MapLog?
        var checkpoint = stored ?? Checkpoint()
        let isTrusted = stored.map { $0.isTrusted(boot) && !settings.isDistrusted } ?? true
        if noteUnsure(&checkpoint, stored: stored, isTrusted: isTrusted, lastWritten: lastWritten) {
            // Before the log is cut, which moves its time: what fails behind this is begun anew.
            try CheckpointStore(folder: folder, checkpoint).write()
        }
        if let stored {
            let limit = isTrusted ? nil : stored
            log = try MapLog.open(in: folder.descriptor, limit: limit, map: &map)
        }
        if let existing = log.take() {
            log = consume existing
        } else {
            let hadLog = hasLog(folder.descriptor)
            map = NodeMap()
            if stored != nil || hadLog {
                checkpoint.flags.formUnion([.mirrorRequired, .wholeRequired])
            }
            checkpoint.durable = 0
            checkpoint.journalID = 0
            checkpoint.logGeneration += 1
            checkpoint.time = cposix_realtime()
            checkpoint.boot = boot
            checkpoint.logOffset = UInt64(MapLog.headBytes)
            try CheckpointStore(folder: folder, checkpoint).write()
            log = try MapLog.create(
                in: folder.descriptor, generation: checkpoint.logGeneration, journalID: 0,
                applied: 0, map: map)
        }
        guard let log = log.take() else { throw .inputOutput }
        if !isTrusted {
            checkpoint.flags.remove(.distrusted)
            // All that the log holds now is on disk: it was read up to the checkpoint only.
            checkpoint.boot = boot
            checkpoint.logGeneration = log.generation
            checkpoint.logOffset = UInt64(log.offset)
            checkpoint.durable = log.applied
            checkpoint.journalID = log.journalID
        }
        if settings.isDistrusted { checkpoint.flags.insert(.unproven) }
        // With the machine's memory went what was in it only.
        if let stored, stored.boot != boot { checkpoint.flags.remove(.unproven) }
        let store = CheckpointStore(folder: folder, checkpoint)
        try store.write()
        return ApplierParts(
            rootDescriptors: roots, stateFolder: folder, checkpoint: store,
            syncer: Syncer(roots: roots, checkpoint: store), map: map, log: log,
            isPrivileged: settings.isPrivileged, replayThrough: settings.replayThrough,
            unsureTimes: checkpoint.unsureFrom..<max(checkpoint.unsureFrom, checkpoint.unsureTo),
            wasCutOff: stored.map { !$0.flags.contains(.closed) } ?? false)
    }

    /// A process that ended without a word may have made what its log does not say; a machine that
    /// did, what the log said after the checkpoint, too. Answers whether there was one.
    private static func noteUnsure(
        _ checkpoint: inout Checkpoint, stored: Checkpoint?, isTrusted: Bool, lastWritten: Int64
    ) -> Bool {
        guard let stored else { return false }
        let isClosed = stored.flags.contains(.closed)
        checkpoint.flags.remove(.closed)
        if isClosed { return true }
        checkpoint.noteUnsure(since: isTrusted ? lastWritten : stored.time)
        return true
    }

    private static func hasLog(_ folder: CInt) -> Bool {
        (try? SystemCall.status(at: folder, MapLog.name)) != nil
    }

    /// Puts a root's descriptor into the cache for good and binds its identity, when it is known.
    private func pinRoot(_ index: UInt32, _ file: FileID) throws(Errno) {
        // Not told: the one of before, if there was one.
        let known = map.root(index)
        let root = file == .none && known != 0 ? map[known].file : file
        if root != .none { _ = try bindRoot(index, root) }
    }

    /// Makes `file` the root of mapping `index`. Another root there before, and all that was known
    /// below it, is forgotten; nothing at the target is touched.
    func bindRoot(_ index: UInt32, _ file: FileID) throws(Errno) -> UInt32 {
        guard Int(index) < rootDescriptors.count else { throw .invalid }
        let descriptor = rootDescriptors[Int(index)].descriptor
        let inode = UInt64(try SystemCall.status(of: descriptor).st_ino)
        var node = map.find(file)
        if node != 0, map[node].rootNumber == index + 1, map[node].targetInode == inode {
            if map[node].slot == 0 { pin(node, descriptor) }
            return node
        }
        let old = map.root(index)
        if old != 0 { forget(old) }
        node = map.find(file)
        if node != 0 { forget(node) }
        node = map.bind(
            file, targetInode: inode, type: .directory,
            handle: UnsafeRawBufferPointer(start: nil, count: 0))
        map.setRoot(node, index: index)
        pin(node, descriptor)
        return node
    }

    func pin(_ node: UInt32, _ descriptor: CInt) {
        let slot = cache.candidate(operation: operation)
        if cache[slot].node != 0 { release(slot) }
        cache[slot] = OpenObject()
        cache[slot].node = node
        cache[slot].descriptor = descriptor
        cache[slot].isRoot = true
        map.setSlot(node, slot)
    }
}
