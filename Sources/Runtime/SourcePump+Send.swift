internal import Journal
internal import Logging
internal import MirrorSource
internal import NIOCore
internal import ReplicationModel
internal import SessionCore
internal import Transport
internal import WireProtocol

/// How a pump fills batches and sends them.
extension SourcePump {
    /// Sends what there is, one batch. Answers whether there was anything.
    func pump() -> Bool {
        guard let link, canSend else { return false }
        if mirror == nil, !hasChanges || follower?.isPutOut == true { return releaseBuffers() }
        var isWorthSending = false
        let frame = frames.frame(connection: plan.id) { batch in
            // The target notes that its copy is of no single moment before it gets the first change
            // that does not follow the last.
            if mirror?.course.phase == .beginning { readMirror(into: &batch) }
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
            mirror?.course.sent(window.sentBytes)
            lastSent = Clock.monotonic
            _ = link.send(frame)
        }
        askForListings(on: link)
        return isWorthSending
    }

    /// Whether the target and the link take more now; when they do again, there is news.
    var canSend: Bool {
        guard let link else { return false }
        return window.isOpen && link.pendingBytes <= Link.highWaterBytes
    }

    /// The target stops to expect the rest of a mirror.
    func sendMirrorStopped() {
        guard let link, session.isStreaming else { return }
        let frame = frames.frame(connection: plan.id) { batch in
            _ = batch.append(MirrorRecords.stopped(position: toldThrough))
            return toldThrough
        }
        window.sent(frame.readableBytes)
        lastSent = Clock.monotonic
        _ = link.send(frame)
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
            guard let forTarget = Self.forTarget(record, payload, bit) else { return true }
            let leaves = forTarget.kindNumber == OperationKind.leave.rawValue
            // Both records of an exchange have one sequence, so they must not be torn apart.
            if leaves, batch.payloadRoom < payload.count + Self.arrivalBytesMax { return false }
            guard batch.append(forTarget, payload: payload) else { return false }
            if leaves { Self.appendArrival(record, payload, &batch) }
            bytes += Int64(payload.count + OperationRecord.byteCount)
            count += 1
            return true
        }
        shown.replicationBytesSent += bytes
        shown.operationsSent += count
    }

    /// A change as the target must see it: nil where it is not the set's business, and a move out
    /// of the set as the object's leaving. A move into it goes as it is: the target does not know
    /// the object, says so, and is sent it.
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

    /// An exchange over the border of the set: what came in the place of what left arrives by a
    /// rename of its own, so that the target asks for it.
    private static func appendArrival(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer, _ batch: inout BatchBuilder
    ) {
        guard record.flags & exchanges != 0, let view = NameChangeView(payload) else { return }
        var change = NameChange()
        change.parent = view.change.otherParent
        change.parentModified = view.change.otherParentModified
        change.otherParent = view.change.parent
        change.otherParentModified = view.change.parentModified
        change.nameLength = view.change.otherNameLength
        change.otherNameLength = view.change.nameLength
        var arrival = record
        arrival.file = view.change.replaced
        arrival.flags = 0
        guard let room = batch.reservePayload(change.byteCount) else {
            preconditionFailure("room was made sure of before")
        }
        room.storeBytes(of: change, as: NameChange.self)
        let names = UnsafeMutableRawBufferPointer(rebasing: room[NameChange.fixedByteCount...])
        names.copyMemory(from: view.otherName)
        UnsafeMutableRawBufferPointer(rebasing: names[view.otherName.count...])
            .copyMemory(from: view.name)
        arrival.checksum = Checksum.of(UnsafeRawBufferPointer(room))
        batch.commit(arrival, payloadBytes: change.byteCount)
    }

    /// Bit of renameat2.
    private static let exchanges: UInt8 = 2
    /// The fixed part, two names, and a record.
    private static let arrivalBytesMax =
        NameChange.fixedByteCount + 2 * 256 + 2 * OperationRecord.byteCount
}
