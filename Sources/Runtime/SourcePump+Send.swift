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
        let stream = SetStream(bit: plan.membershipBit)
        _ = follower.read(limit: Limits.batchRecordsMax) { record, payload in
            switch stream.append(record, payload, to: &batch) {
            case .noRoom: return false
            case .notConcerned: return true
            case .appended:
                bytes += Int64(payload.count + OperationRecord.byteCount)
                count += 1
                return true
            }
        }
        shown.replicationBytesSent += bytes
        shown.operationsSent += count
    }
}
