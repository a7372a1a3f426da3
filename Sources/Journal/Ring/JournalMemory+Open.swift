internal import CPosix
package import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// How a journal's memory comes to be.
extension JournalMemory {
    /// Makes a new journal in memory without a name: it lives as long as a process has it.
    ///
    /// - Parameter bytes: of memory for records and payload together; at least 1 MiB is taken.
    package static func make(bytes: Int) throws(JournalError) -> JournalMemory {
        try make(JournalLayout.capacities(bytes: bytes))
    }

    /// The same with a ring of just so many records and bytes of payload (whole pages), so that a
    /// simulation fills it soon. A payload must not be longer than the ring.
    package static func make(
        records: Int, payloadBytes: Int
    ) throws(JournalError) -> JournalMemory {
        try make((records: records, payload: payloadBytes))
    }

    private static func make(
        _ capacities: (records: Int, payload: Int)
    ) throws(JournalError) -> JournalMemory {
        let descriptor = cposix_memfd("understudy-journal")
        guard descriptor >= 0 else { throw .memory(errno: -descriptor) }
        do throws(Errno) {
            try lay(descriptor, capacities, JournalOrigin(), isReserved: false)
        } catch {
            SystemCall.close(descriptor)
            throw .memory(errno: error.rawValue)
        }
        return try JournalMemory(descriptor: descriptor)
    }

    /// Takes up the journal that lies at a path, or makes a new one there. In a folder that is in
    /// memory (tmpfs) it outlives every process, until the machine starts anew.
    ///
    /// A journal is taken up whatever its size: another size comes with the next new journal. One
    /// of another boot or version, or a damaged one, is replaced. The new one's room is reserved,
    /// because a capture that finds none when it writes would be killed; a file system without
    /// that much room is an error.
    ///
    /// - Parameter queueFolder: where segments lie. After a clean stop of the machine the journal
    ///   of before goes on, with its number and its sequences.
    /// - Returns: the memory, and where it comes from.
    package static func open(
        path: BytePath, bytes: Int, queueFolder: BytePath? = nil
    ) throws(JournalError) -> (memory: JournalMemory, source: JournalSource) {
        do throws(JournalError) { return (try existing(path), .adopted) } catch {
            // Only what is known not to be of use may be replaced.
            if case .memory(let errno) = error, errno != ENOENT { throw error }
        }
        if let queueFolder, let origin = cleanStop(queueFolder) {
            return (try place(path, bytes: bytes, origin), .restored)
        }
        return (try place(path, bytes: bytes, JournalOrigin()), .made)
    }

    private static func cleanStop(_ path: BytePath) -> JournalOrigin? {
        guard let folder = try? DirectoryTree.open(path) else { return nil }
        defer { SystemCall.close(folder) }
        return (try? CleanMarker.take(folder)) ?? nil
    }

    /// The journal at a path, when it is one of this boot and version.
    private static func existing(_ path: BytePath) throws(JournalError) -> JournalMemory {
        let descriptor: CInt
        do throws(Errno) {
            descriptor = try path.withCString { (text) throws(Errno) in
                try SystemCall.open(text, O_RDWR | O_NOFOLLOW)
            }
        } catch { throw .memory(errno: error.rawValue) }
        let memory = try JournalMemory(descriptor: descriptor)
        guard memory.boot == .current else { throw .notAJournal }
        return memory
    }

    /// Makes a journal at a path, whole before it has its name.
    static func place(
        _ path: BytePath, bytes: Int, _ origin: JournalOrigin
    ) throws(JournalError) -> JournalMemory {
        do throws(Errno) {
            let folder = try DirectoryTree.open(path.parent, creating: 0o700)
            defer { SystemCall.close(folder) }
            let name = String(decoding: path.name, as: UTF8.self)
            let temporary = name + ".new"
            let descriptor = try SystemCall.open(
                at: folder, temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
            do throws(Errno) {
                try lay(
                    descriptor, JournalLayout.capacities(bytes: bytes), origin, isReserved: true)
                _ = try SystemCall.check {
                    cposix_renameat2(folder, temporary, folder, name, 0)
                }
            } catch {
                SystemCall.close(descriptor)
                _ = cposix_unlinkat(folder, temporary, 0)
                throw error
            }
            do throws(JournalError) { return try JournalMemory(descriptor: descriptor) } catch {
                throw .inputOutput
            }
        } catch { throw .memory(errno: error.rawValue) }
    }

    /// Writes the header of an empty journal; the magic number last.
    private static func lay(
        _ descriptor: CInt, _ capacities: (records: Int, payload: Int), _ origin: JournalOrigin,
        isReserved: Bool
    ) throws(Errno) {
        let (records, payload) = capacities
        let total = JournalLayout.recordsPlace + records * JournalLayout.bytesPerRecord + payload
        _ = try SystemCall.check { cposix_ftruncate(descriptor, off_t(total)) }
        if isReserved {
            _ = try SystemCall.check { cposix_fallocate(descriptor, 0, 0, off_t(total)) }
        }
        guard let base = cposix_mapShared(descriptor, total) else { throw .noMemory }
        defer { _ = cposix_unmap(base, total) }
        func put(_ value: UInt64, _ place: Int) {
            base.storeBytes(of: value, toByteOffset: place, as: UInt64.self)
        }
        put(JournalLayout.version, JournalLayout.versionPlace)
        put(UInt64(records), JournalLayout.recordCapacityPlace)
        put(UInt64(payload), JournalLayout.payloadCapacityPlace)
        put(origin.journalID, JournalLayout.journalIDPlace)
        base.storeBytes(
            of: BootID.current, toByteOffset: JournalLayout.bootPlace, as: BootID.self)
        put(UInt64.max, JournalLayout.wakeHeadPlace)
        put(UInt64.max, JournalLayout.wakeSequencePlace)
        put(origin.newest, JournalLayout.newestPlace)
        put(origin.newest, JournalLayout.freeThroughPlace)
        put(origin.newest, JournalLayout.spilledThroughPlace)
        put(origin.bytesTotal, JournalLayout.bytesTotalPlace)
        if origin.newest > 0 {
            // Stands for the newest record, whose content lies in a segment: the next one is
            // counted from it.
            var record = OperationRecord()
            record.sequence = origin.newest
            let slot = Int((origin.newest - 1) % UInt64(records))
            base.storeBytes(
                of: record, toByteOffset: JournalLayout.recordsPlace + slot * 64,
                as: OperationRecord.self)
            base.storeBytes(
                of: RecordEntry(payloadStart: 0, appended: 0, bytesBefore: origin.bytesTotal),
                toByteOffset: JournalLayout.recordsPlace + records * 64
                    + slot * JournalLayout.entryStride, as: RecordEntry.self)
        }
        for (slot, follower) in origin.followers.enumerated() {
            base.storeBytes(
                of: follower,
                toByteOffset: JournalLayout.followersPlace + slot * JournalLayout.followerStride,
                as: FollowerSlot.self)
        }
        let kept = origin.followers.filter {
            $0.state == FollowerSlot.following || $0.state == FollowerSlot.marking
        }
        base.storeBytes(
            of: UInt32(kept.count), toByteOffset: JournalLayout.followerCountPlace,
            as: UInt32.self)
        _ = cposix_mutexInitialize(
            (base + JournalLayout.lockPlace).assumingMemoryBound(to: pthread_mutex_t.self))
        put(JournalLayout.magic, JournalLayout.magicPlace)
    }

    private var boot: BootID {
        base.load(fromByteOffset: JournalLayout.bootPlace, as: BootID.self)
    }
}

/// Where a journal's memory comes from.
package enum JournalSource: Sendable {
    /// It was there: of this boot, and perhaps in use.
    case adopted
    /// The machine was stopped cleanly: everything of before lies in segments.
    case restored
    /// New: nothing of before is known.
    case made
}

/// Where a journal begins: from nothing, or where one of before a clean stop ended.
struct JournalOrigin {
    var journalID = UInt64.random(in: 1...UInt64.max)
    var newest: UInt64 = 0
    var bytesTotal: UInt64 = 0
    var followers: [FollowerSlot] = []
}
