package import FileSystemAccess

/// What the threads of a hot log share under its lock.
struct HotState: ~Copyable {
    static let tableCapacityMin = 1024
    /// Groups that could not be written and are kept by number; with more, all groups are owed.
    static let owedGroupsMax = 1 << 16
    /// After a failure, how long operations go on without a new attempt, nanoseconds.
    static let pauseNanoseconds: Int64 = 100_000_000

    /// nil while it is being written to, and while none could be made.
    var file: HotFile?
    /// Of `file`.
    var generation: UInt32 = 0
    /// The last one in the file.
    var batch: UInt32 = 0

    /// Groups of the next batch, in order, and as a set.
    private var owed: [UInt64] = []
    private var owedSet: Set<UInt64> = []
    /// Number of the batch that is being collected.
    private(set) var openBatch: UInt64 = 1
    /// Number of the last batch that ended.
    private var endedBatch: UInt64 = 0
    /// Of the batches that ended last, those that are not on the disk.
    private var failedBatches: [UInt64] = []
    private(set) var isCommitting = false
    private var isRotating = false
    /// The next file is ready; no batch begins before it is in place.
    private var isSwapping = false
    /// Monotonic; no attempt before.
    private var pausedUntil: Int64 = 0

    private(set) var counters = HotCounters()

    /// All tables ever in use, for the readers that may still look at them; the last one is used.
    private(set) var tables: [HotTable]
    /// Places of the last table that are no longer free.
    var usedPlaces = 0

    init(table: HotTable) { tables = [table] }

    // MARK: Batches

    mutating func owe(_ group: UInt64) {
        if owedSet.contains(HotFormat.allGroups) { return }
        if owedSet.count >= Self.owedGroupsMax {
            owed = [HotFormat.allGroups]
            owedSet = [HotFormat.allGroups]
        } else if owedSet.insert(group).inserted {
            owed.append(group)
        }
    }

    /// What a thread does next whose groups are in the batch `ticket`.
    mutating func step(_ ticket: UInt64, now: Int64) -> (HotStep, HotWork) {
        if ticket <= endedBatch {
            let isDurable = !failedBatches.contains(ticket)
            if !isDurable { counters.operationsUncovered += 1 }
            return (isDurable ? .durable : .failed, HotWork())
        }
        if isCommitting || isSwapping { return (.wait, HotWork()) }
        if now < pausedUntil {
            counters.operationsUncovered += 1
            return (.failed, HotWork())
        }
        isCommitting = true
        let work = HotWork(ticket: openBatch, number: batch &+ 1, groups: owed)
        openBatch += 1
        owed = []
        owedSet = []
        return (.lead, work)
    }

    /// A file of that generation, with nothing in it yet, is the one that is written to.
    mutating func begin(_ generation: UInt32) {
        self.generation = generation
        batch = 0
    }

    mutating func takeFile() -> HotFile? { file.take() }

    mutating func succeeded(_ work: HotWork) {
        batch = work.number
        endedBatch = work.ticket
        isCommitting = false
        counters.batches += 1
        counters.groups += UInt64(work.groups.count)
        counters.isFailing = false
    }

    mutating func failed(_ error: Errno, _ work: HotWork, now: Int64) {
        for group in work.groups { owe(group) }
        endedBatch = work.ticket
        failedBatches.append(work.ticket)
        if failedBatches.count > 64 { failedBatches.removeFirst() }
        isCommitting = false
        failed(error, now: now)
    }

    mutating func failed(_ error: Errno, now: Int64) {
        pausedUntil = now + Self.pauseNanoseconds
        counters.failures += 1
        counters.lastError = error
        counters.isFailing = true
    }

    // MARK: Rotations

    /// One at a time.
    mutating func beginRotation() -> Bool {
        guard !isRotating else { return false }
        isRotating = true
        return true
    }

    /// Whether the next file may take the old one's place now; otherwise after the batch that is on
    /// its way.
    mutating func endRotation() -> Bool {
        isSwapping = isCommitting
        if isSwapping { return false }
        isRotating = false
        return true
    }

    // MARK: Tables

    /// Puts a table in place that holds only what is hot now, and room for as much again.
    mutating func rebuild() -> HotTable {
        guard let newest = tables.last else { preconditionFailure("a log has a table") }
        let live = newest.groups(of: generation)
        var capacity = Self.tableCapacityMin
        while capacity < live.count * 4 { capacity *= 2 }
        // One that was used before is never freed, so it may as well be used again.
        let fresh: HotTable
        if let place = tables.dropLast().firstIndex(where: { $0.capacity == capacity }) {
            fresh = tables.remove(at: place)
            fresh.clear()
        } else {
            fresh = HotTable.make(capacity: capacity)
        }
        for group in live { _ = fresh.set(group, generation) }
        usedPlaces = live.count
        tables.append(fresh)
        return fresh
    }
}

/// What a thread that wants groups to be durable does next.
enum HotStep {
    case durable
    case failed
    /// Another thread writes; look again when it has ended.
    case wait
    /// Write this batch.
    case lead
}

/// A batch on its way to the disk.
struct HotWork {
    var ticket: UInt64 = 0
    /// In the file.
    var number: UInt32 = 0
    var groups: [UInt64] = []
}

/// What a hot log has done.
package struct HotCounters: Hashable, Sendable {
    /// Flushes to the disk.
    package var batches: UInt64 = 0
    /// Groups made hot, over all generations.
    package var groups: UInt64 = 0
    /// Attempts that the system refused.
    package var failures: UInt64 = 0
    /// Operations that went on without being covered, because the disk refused. Until `isFailing`
    /// ends, a power cut may leave differences that only change times show.
    package var operationsUncovered: UInt64 = 0
    /// The newest refusal.
    package var lastError: Errno?
    /// Whether the newest attempt was refused.
    package var isFailing = false
}
