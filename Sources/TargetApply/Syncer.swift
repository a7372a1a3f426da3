internal import CPosix
package import FileSystemAccess
internal import Synchronization

/// Makes applied changes durable: on a thread of its own, while the apply thread goes on.
package final class Syncer: Sendable {
    private let roots: [OwnedDescriptor]
    private let checkpoint: CheckpointStore
    private let latest = Mutex<SyncPoint?>(nil)
    private let completion = Mutex<Completion?>(nil)
    private let hasLost = Mutex(false)

    /// A mirror whose records are all applied.
    private struct Completion: Equatable {
        let generation: UInt64
        var isStillRequired: Bool
        var isWholeStillRequired: Bool
        /// All that may differ came with it.
        var provesContent: Bool
    }

    init(roots: [OwnedDescriptor], checkpoint: CheckpointStore) {
        self.roots = roots
        self.checkpoint = checkpoint
    }

    /// The position that survives a power cut.
    package var durable: UInt64 { checkpoint.value.durable }

    /// Everything applied when this is called is durable when it returns. Takes as long as the disk
    /// needs. Answers the durable position.
    @discardableResult
    package func sync() throws(Errno) -> UInt64 {
        // A sync that succeeds after one that failed proves nothing.
        guard !mayHaveLost else { throw .inputOutput }
        // Before the point: a completion that is seen here is for what the point has.
        let completed = completion.withLock { $0 }
        guard let point = latest.withLock({ $0 }) else { return durable }
        let stored = checkpoint.value
        if completed == nil, stored.journalID == point.journalID, stored.durable == point.applied,
            stored.logGeneration == point.logGeneration, stored.logOffset == point.logOffset
        {
            return point.applied
        }
        try flush(point)
        try checkpoint.update { checkpoint in
            // A mirror that began meanwhile has a generation of its own, and what was found since
            // the end of this one counts.
            if let completed, let latest = completion.withLock({ $0 }),
                latest.generation == completed.generation,
                latest.generation == checkpoint.mirrorGeneration
            {
                checkpoint.flags.subtract([.inconsistent, .mirrorRequired, .wholeRequired])
                if latest.provesContent { checkpoint.flags.remove(.unproven) }
                if latest.isStillRequired { checkpoint.flags.insert(.mirrorRequired) }
                if latest.isWholeStillRequired { checkpoint.flags.insert(.wholeRequired) }
                checkpoint.unsureFrom = 0
                checkpoint.unsureTo = 0
            }
            // A log that was replaced meanwhile was synced on its own.
            guard checkpoint.logGeneration == point.logGeneration,
                checkpoint.logOffset <= point.logOffset
            else { return }
            checkpoint.journalID = point.journalID
            checkpoint.durable = point.applied
            checkpoint.logOffset = point.logOffset
            checkpoint.time = point.time
        }
        completion.withLock { if $0 == completed { $0 = nil } }
        return durable
    }

    /// What the kernel could not write it may forget: the next sync succeeds without it.
    private func flush(_ point: SyncPoint) throws(Errno) {
        try notingLoss { () throws(Errno) in
            _ = try SystemCall.check { cposix_fdatasync(point.log.descriptor) }
            try syncRoots()
        }
    }

    private func notingLoss(_ body: () throws(Errno) -> Void) throws(Errno) {
        do throws(Errno) { try body() } catch {
            hasLost.withLock { $0 = true }
            // Where this cannot be written either, this process at least knows it.
            try? checkpoint.update { $0.flags.formUnion([.distrusted, .unproven]) }
            throw error
        }
    }

    /// A sync failed: what is not durable may be lost, although it can be read. Only what comes
    /// again to an applier that is opened anew is good.
    package var mayHaveLost: Bool { hasLost.withLock { $0 } }

    /// All records of a mirror are applied and published: the next sync takes the flag away.
    func completeMirror(
        generation: UInt64, isStillRequired: Bool, isWholeStillRequired: Bool, provesContent: Bool
    ) {
        completion.withLock {
            $0 = Completion(
                generation: generation, isStillRequired: isStillRequired,
                isWholeStillRequired: isWholeStillRequired, provesContent: provesContent)
        }
    }

    /// After the end of a mirror that is not on disk yet: another one is needed all the same.
    func keepRequired(isWhole: Bool) {
        completion.withLock { completion in
            completion?.isStillRequired = true
            if isWhole { completion?.isWholeStillRequired = true }
        }
    }

    /// Another mirror begins.
    func forgetCompletion() { completion.withLock { $0 = nil } }

    /// A mirror is complete and not yet on disk.
    package var isCompletingMirror: Bool { completion.withLock { $0 != nil } }

    func syncFileSystems() throws(Errno) {
        try notingLoss { () throws(Errno) in try syncRoots() }
    }

    private func syncRoots() throws(Errno) {
        var done: [UInt64] = []
        for root in roots {
            let device = UInt64(try SystemCall.status(of: root.descriptor).st_dev)
            if done.contains(device) { continue }
            done.append(device)
            _ = try SystemCall.check { cposix_syncfs(root.descriptor) }
        }
    }

    func publish(_ point: SyncPoint) { latest.withLock { $0 = point } }
}

/// What a sync makes durable.
struct SyncPoint: Sendable {
    var applied: UInt64
    var journalID: UInt64
    var logGeneration: UInt64
    var logOffset: UInt64
    var log: OwnedDescriptor
    /// Nanoseconds since 1970-01-01 UTC.
    var time: Int64
}
