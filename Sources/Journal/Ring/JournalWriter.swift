internal import CPosix
package import ReplicationModel

/// The capture's side of the journal. Any thread of any capture process may append.
///
/// Appending never waits for room and never fails: when the memory is full the follower that is
/// furthest behind is put out (its connection needs a mirror and says so), because an application
/// must not be held up by a slow target. So there is nothing to reserve before an effect.
package final class JournalWriter: Sendable {
    private let memory: JournalMemory

    package init(memory: JournalMemory) { self.memory = memory }

    /// Maps the journal that a descriptor stands for, and owns it from then on.
    package convenience init(descriptor: CInt) throws(JournalError) {
        self.init(memory: try JournalMemory(descriptor: descriptor))
    }

    /// Whether any connection follows. A hint: `append` decides, after the effect and under the
    /// lock, so a change is never missed by a connection that starts at the same time.
    package var isFollowed: Bool { memory.followerCount > 0 }

    /// See `JournalMemory.isWatched`.
    package var isWatched: Bool { memory.isWatched }

    /// Identifies the journal, see `JournalMemory.journalID`.
    package var journalID: UInt64 { memory.journalID }

    /// Adds a change whose effect has happened. The payload is the three pieces one after the
    /// other.
    ///
    /// - Returns: the sequence given to it, or 0 when nobody follows and nothing was kept.
    @discardableResult
    package func append(
        _ record: OperationRecord, _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        _ third: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> UInt64 {
        let byteCount = first.count + second.count + third.count
        precondition(byteCount <= Limits.payloadBytesMax, "a payload over its limit")
        memory.lock()
        guard memory.word32(JournalLayout.followerCountPlace).pointee > 0 else {
            memory.unlock()
            return 0
        }
        let start = makeRoom(byteCount)
        let target = memory.payload + Int(start % UInt64(memory.payloadCapacity))
        Self.copy(first, target)
        Self.copy(second, target + first.count)
        Self.copy(third, target + first.count + second.count)
        let sequence = memory.word64(JournalLayout.newestPlace).pointee + 1
        let bytesBefore = memory.word64(JournalLayout.bytesTotalPlace).pointee
        var record = record
        record.sequence = sequence
        record.payloadPlace = UInt32(start % UInt64(memory.payloadCapacity) / 8)
        record.payloadLength = UInt32(byteCount)
        record.checksum = Checksum.of(UnsafeRawBufferPointer(start: target, count: byteCount))
        memory.record(sequence).pointee = record
        memory.entry(sequence).pointee = RecordEntry(
            payloadStart: start, appended: cposix_realtime(), bytesBefore: bytesBefore)
        let head = start + UInt64((byteCount + 7) & ~7)
        cposix_store64(
            memory.word64(JournalLayout.bytesTotalPlace), bytesBefore + UInt64(byteCount))
        cposix_store64(memory.word64(JournalLayout.payloadHeadPlace), head)
        cposix_store64(memory.word64(JournalLayout.newestPlace), sequence)
        let isPressing =
            head >= memory.word64(JournalLayout.wakeHeadPlace).pointee
            || sequence >= memory.word64(JournalLayout.wakeSequencePlace).pointee
        if isPressing { memory.disarmKeeper() }
        memory.unlock()
        if isPressing { memory.wakeKeeper() }
        _ = cposix_add32(memory.word32(JournalLayout.signalPlace), 1)
        if cposix_load32(memory.word32(JournalLayout.sleepersPlace)) > 0 {
            _ = cposix_futexWake(memory.word32(JournalLayout.signalPlace), CInt.max)
        }
        return sequence
    }

    @inline(__always)
    private static func copy(_ bytes: UnsafeRawBufferPointer, _ target: UnsafeMutableRawPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        target.copyMemory(from: source, byteCount: bytes.count)
    }

    /// Where a payload can start (absolute), after putting out whoever is in the way.
    private func makeRoom(_ byteCount: Int) -> UInt64 {
        let capacity = UInt64(memory.payloadCapacity)
        let rounded = UInt64((byteCount + 7) & ~7)
        var start = memory.word64(JournalLayout.payloadHeadPlace).pointee
        let inRing = start % capacity
        if inRing + rounded > capacity { start += capacity - inRing }
        if fits(start + rounded) { return start }
        memory.refreshFreeThrough()
        while !fits(start + rounded) { memory.putOutSlowest() }
        return start
    }

    private func fits(_ end: UInt64) -> Bool {
        let newest = memory.word64(JournalLayout.newestPlace).pointee
        let free = memory.word64(JournalLayout.freeThroughPlace).pointee
        guard newest > free else { return true }
        guard newest - free < UInt64(memory.recordCapacity) else { return false }
        let tail = memory.entry(free + 1).pointee.payloadStart
        return end - tail <= UInt64(memory.payloadCapacity)
    }
}
