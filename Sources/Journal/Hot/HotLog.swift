internal import CPosix
package import FileSystemAccess
internal import Synchronization

/// Which parts of one mount may differ between memory and disk, kept durably: the activity log of
/// a capture. Before a change has its first effect, the *group* of its inode (256 numbers) is made
/// hot; after a power cut all hot groups, and only they, are compared with the target.
///
/// ```
/// let pass = log.enter()
/// log.ensureHot(pass, inode)      // returns at once when hot, else after one flush to the disk
/// … effect, record …
/// log.leave(pass)
/// ```
///
/// A failure never reaches the application: it is counted, the operation goes on, and what was not
/// written is owed to the next batch.
package final class HotLog: @unchecked Sendable {
    package let mount: UInt32
    let folder: BytePath
    private let stretch: Int
    let current = Atomic<UInt32>(0)
    /// Address of the table in use.
    let table: Atomic<UInt>
    let passes: HotPasses
    let state: Mutex<HotState>
    /// Bumped with every batch that ended; waiters sleep on it.
    private let ended: UnsafeMutablePointer<UInt32>

    /// Starts a new generation in the folder. Where that fails it is tried again with every batch;
    /// `counters` tells.
    ///
    /// - Parameter stretch: sectors that a file is made with; a simulation has less to write.
    package init(
        folder: BytePath, mount: UInt32, stretch: Int = HotFormat.sectorsPerStretch
    ) {
        self.folder = folder
        self.stretch = stretch
        self.mount = mount
        let first = HotTable.make(capacity: HotState.tableCapacityMin)
        table = Atomic(UInt(bitPattern: first.memory))
        passes = HotPasses()
        ended = .allocate(capacity: 1)
        ended.initialize(to: 0)
        state = Mutex(HotState(table: first))
        guard let file = try? makeFile(atLeast: 1) else { return }
        var made: HotFile? = consume file
        state.withLock { adopt(made.take(), &$0) }
    }

    deinit {
        state.withLock { state in
            for table in state.tables { table.memory.deallocate() }
        }
        ended.deallocate()
    }

    // MARK: Around an operation

    /// Begins an operation. Every operation that changes anything does it, watched or not: that is
    /// how `isSettled` knows when all that began before a rotation have ended.
    @inline(__always)
    package func enter() -> HotPass { passes.enter(current) }

    /// Ends it, after its record was appended.
    @inline(__always)
    package func leave(_ pass: HotPass) { passes.leave(pass) }

    /// Whether the object's group is known to be hot for an operation of that pass.
    @inline(__always)
    package func isHot(_ inode: UInt64, _ pass: HotPass) -> Bool {
        guard
            let memory = UnsafeMutableRawPointer(
                bitPattern: table.load(ordering: .acquiring)), pass.generation != 0
        else { return false }
        let found = HotTable(memory).generation(of: inode >> HotFormat.groupShift)
        return found != 0 && Int32(bitPattern: found &- pass.generation) >= 0
    }

    /// Makes the groups of up to four objects hot (0: none), with one flush when any is not.
    ///
    /// - Returns: whether they are on the disk. If not, go on all the same.
    @discardableResult
    package func ensureHot(
        _ pass: HotPass, _ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0,
        _ fourth: UInt64 = 0
    ) -> Bool {
        if isHot(first, pass), second == 0 || isHot(second, pass),
            third == 0 || isHot(third, pass), fourth == 0 || isHot(fourth, pass)
        {
            return true
        }
        return heat([first, second, third, fourth].filter { $0 != 0 && !isHot($0, pass) })
    }

    /// Makes the groups of these objects hot: returns when they are on the disk, or cannot be
    /// written now. Threads that come while a batch is being written share the next one.
    @discardableResult
    package func heat(_ inodes: [UInt64]) -> Bool {
        guard !inodes.isEmpty else { return true }
        var seen = cposix_load32(ended)
        let ticket = state.withLock { state in
            for inode in inodes { state.owe(inode >> HotFormat.groupShift) }
            return state.openBatch
        }
        while true {
            let (step, work) = state.withLock { $0.step(ticket, now: cposix_monotonic()) }
            switch step {
            case .durable: return true
            case .failed: return false
            case .wait: _ = cposix_futexWait(ended, seen, -1)
            case .lead: commit(work)
            }
            seen = cposix_load32(ended)
        }
    }

    // MARK: Generations

    /// The generation that is being written; 0: none could be opened yet.
    package var generation: UInt32 { current.load(ordering: .acquiring) }

    /// Starts a new generation: from then on nothing is hot. The older ones stay on the disk until
    /// `HotSet.drop`.
    ///
    /// - Returns: the new generation; nil when the operations of before the last rotation have not
    ///   all ended, or the new file cannot be made (counted).
    package func rotate() -> UInt32? {
        let next: UInt32? = state.withLock { state in
            guard passes.isSettled, state.beginRotation() else { return nil }
            return state.generation &+ 1
        }
        guard let next else { return nil }
        var made: HotFile?
        var error: Errno?
        // Without the lock: batches go on meanwhile.
        do throws(Errno) { made = try makeFile(atLeast: next) } catch let failure {
            error = failure
        }
        while true {
            let seen = cposix_load32(ended)
            let isFree = state.withLock { state in
                guard state.endRotation() else { return false }
                if let error {
                    state.failed(error, now: cposix_monotonic())
                } else if made != nil {
                    adopt(made.take(), &state)
                    passes.turn()
                }
                return true
            }
            if isFree { break }
            _ = cposix_futexWait(ended, seen, -1)
        }
        wakeWaiters()
        return error == nil ? generation : nil
    }

    /// Whether every operation that began before the last rotation has ended. Only when this is
    /// true does a sync of the file system cover what the older generations stand for.
    package var isSettled: Bool { passes.isSettled }

    package var counters: HotCounters { state.withLock { $0.counters } }

    // MARK: Writing

    private func commit(_ work: HotWork) {
        // The leader alone uses the file; rotations wait for it.
        var file = state.withLock { $0.takeFile() }
        var error: Errno?
        do throws(Errno) {
            if file == nil {
                file = try makeFile(atLeast: 1)
                state.withLock { $0.begin(file?.generation ?? 0) }
                current.store(file?.generation ?? 0, ordering: .sequentiallyConsistent)
            }
            try file?.write(batch: work.number, work.groups)
        } catch let failure {
            error = failure
        }
        state.withLock { state in
            state.file = file.take()
            if let error {
                state.failed(error, work, now: cposix_monotonic())
            } else {
                for group in work.groups { keep(group, &state) }
                state.succeeded(work)
            }
        }
        wakeWaiters()
    }

    private func wakeWaiters() {
        _ = cposix_add32(ended, 1)
        _ = cposix_futexWake(ended, CInt.max)
    }

    private func keep(_ group: UInt64, _ state: inout HotState) {
        guard group != HotFormat.allGroups, let newest = state.tables.last else { return }
        let usesPlace = newest.set(group, state.generation)
        if usesPlace == true { state.usedPlaces += 1 }
        if usesPlace == nil || state.usedPlaces > newest.capacity / 4 * 3 {
            let larger = state.rebuild()
            if usesPlace == nil, larger.set(group, state.generation) == true {
                state.usedPlaces += 1
            }
            table.store(UInt(bitPattern: larger.memory), ordering: .releasing)
        }
    }

    private func makeFile(atLeast generation: UInt32) throws(Errno) -> HotFile {
        let directory = try DirectoryTree.open(folder, creating: 0o700)
        defer { SystemCall.close(directory) }
        let known = try HotFormat.generations(in: directory, mount: mount)
        return try HotFile.make(
            folder: directory, mount: mount, generation: max((known.last ?? 0) &+ 1, generation),
            stretch: stretch)
    }

    private func adopt(_ file: consuming HotFile?, _ state: inout HotState) {
        state.begin(file?.generation ?? 0)
        current.store(state.generation, ordering: .sequentiallyConsistent)
        state.file = file
    }
}
