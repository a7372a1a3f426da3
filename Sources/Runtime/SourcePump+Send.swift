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
        if mirror == nil, !hasChanges { return releaseBuffers() }
        var isWorthSending = false
        let frame = frames.frame(connection: plan.id) { batch in
            drain(into: &batch)
            readMirror(into: &batch)
            let through = follower?.position ?? 0
            isWorthSending = !batch.isEmpty || through > toldThrough
            return through
        }
        // What was copied while this connection was put out may be torn.
        if follower?.isPutOut == true { return true }
        if isWorthSending {
            toldThrough = max(toldThrough, follower?.position ?? 0)
            idleSince = 0
            window.sent(frame.readableBytes)
            mirror?.sent(window.sentBytes)
            lastSent = Clock.monotonic
            _ = link.send(frame)
        }
        askForListings(on: link)
        return isWorthSending
    }

    private var hasChanges: Bool {
        guard let follower else { return false }
        return follower.position < surroundings.journal.newest || toldThrough < follower.position
    }

    /// An idle connection gives its buffers back. Answers false: nothing was sent.
    private func releaseBuffers() -> Bool {
        let now = Clock.monotonic
        if idleSince == 0 {
            idleSince = now
        } else if now - idleSince > LinkTimes.idle, idleSince != .max {
            frames.release()
            idleSince = .max
        }
        return false
    }

    /// Moves changes from the journal into a batch, as many as fit.
    private func drain(into batch: inout BatchBuilder) {
        guard let follower else { return }
        var bytes: Int64 = 0
        var count: Int64 = 0
        let bit = plan.membershipBit
        _ = follower.read(limit: Limits.batchRecordsMax) { record, payload in
            guard let record = Self.forTarget(record, payload, bit) else { return true }
            guard batch.append(record, payload: payload) else { return false }
            bytes += Int64(payload.count + OperationRecord.byteCount)
            count += 1
            return true
        }
        shown.replicationBytesSent += bytes
        shown.operationsSent += count
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
    func putOut() {
        logger.error("the queue was full: changes were dropped, a mirror is required")
        follower?.stop()
        follower = nil
        mirror = nil
        session.require(.queueFull)
    }
}
