internal import Journal
internal import Logging
internal import NIOCore
internal import ReplicationModel
internal import SessionCore
internal import Transport
internal import WireProtocol

/// How a pump fills batches and sends them.
extension SourcePump {
    /// Sends what there is, one batch. Answers whether there was anything.
    func pump() -> Bool {
        guard let link, window.isOpen, link.pendingBytes < Link.highWaterBytes else { return false }
        if let follower, follower.isPutOut { return putOut() }
        if mirror == nil, !hasChanges { return false }
        var sentAnything = false
        var isTooSmall = false
        var capacity = batchCapacity
        repeat {
            var buffer = ByteBufferAllocator().buffer(capacity: capacity)
            isTooSmall = false
            let frameBytes = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { room in
                var batch = BatchBuilder(memory: room)
                isTooSmall = !drain(into: &batch) && batch.isEmpty
                if isTooSmall { return 0 }
                readMirror(into: &batch)
                let through = follower?.position ?? 0
                if batch.isEmpty && through <= toldThrough { return 0 }
                sentAnything = true
                toldThrough = max(toldThrough, through)
                return batch.finish(connection: plan.id, through: through)
            }
            if let follower, follower.isPutOut { return putOut() }
            if frameBytes > 0 {
                window.sent(frameBytes)
                mirror?.sent(window.sentBytes)
                lastSent = Clock.monotonic
                link.send(buffer)
            }
            capacity = BatchBuilder.memoryBytesMin
        } while isTooSmall
        askForListings(on: link)
        return sentAnything
    }

    private var hasChanges: Bool {
        guard let follower else { return false }
        return follower.position < surroundings.journal.newest || toldThrough < follower.position
    }

    /// Small while little waits, so that a single change costs little; large otherwise.
    private var batchCapacity: Int {
        if mirror != nil { return BatchBuilder.memoryBytesMin }
        guard let follower else { return 1 << 14 }
        let waiting = Int(surroundings.journal.newest - follower.position)
        let wanted = Int(follower.unreadBytes) + waiting * (OperationRecord.byteCount + 8) + 4096
        return min(max(wanted, 1 << 14), BatchBuilder.memoryBytesMin)
    }

    /// Moves changes from the journal into a batch. Answers false when a change found no room.
    private func drain(into batch: inout BatchBuilder) -> Bool {
        guard let follower else { return true }
        var fitted = true
        var bytes: Int64 = 0
        var count: Int64 = 0
        let bit = plan.membershipBit
        _ = follower.read(limit: Limits.batchRecordsMax) { record, payload in
            guard let record = Self.forTarget(record, payload, bit) else { return true }
            guard batch.append(record, payload: payload) else {
                fitted = false
                return false
            }
            bytes += Int64(payload.count + OperationRecord.byteCount)
            count += 1
            return true
        }
        shown.replicationBytesSent += bytes
        shown.operationsSent += count
        return fitted
    }

    /// A change as the target must see it: nil where it is not the set's business, and a move out of
    /// the set as the object's leaving. A move into it goes as it is: the target does not know the
    /// object, says so, and is sent it.
    private static func forTarget(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer, _ bit: UInt16
    ) -> OperationRecord? {
        let isMember = record.membership & bit != 0
        guard record.kindNumber == OperationKind.rename.rawValue else {
            return isMember ? record : nil
        }
        guard payload.count >= NameChange.fixedByteCount else { return isMember ? record : nil }
        let becomesMember =
            payload.loadUnaligned(as: NameChange.self).otherMembership & bit != 0
        switch (isMember, becomesMember) {
        case (_, true): return record
        case (true, false):
            var leaving = record
            leaving.kindNumber = OperationKind.leave.rawValue
            leaving.flags = 0
            return leaving
        case (false, false): return nil
        }
    }

    /// The journal was full and this connection was in the way.
    private func putOut() -> Bool {
        logger.error("the queue was full: changes were dropped, a mirror is required")
        follower?.stop()
        follower = nil
        mirror = nil
        session.require(.queueFull)
        return false
    }
}
