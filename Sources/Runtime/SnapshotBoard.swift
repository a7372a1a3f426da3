internal import CommandModel
internal import Synchronization

/// Where a thread shows its newest snapshot, and others wait for one that they like.
final class SnapshotBoard<Snapshot: Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let isGood: @Sendable (Snapshot) -> Bool
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private enum Outcome: Sendable { case good(Snapshot), late, cancelled }

    private struct Content {
        var snapshot: Snapshot
        var waiters: [Waiter] = []
        var nextID: UInt64 = 1
    }

    private let content: Mutex<Content>

    init(_ snapshot: Snapshot) { content = Mutex(Content(snapshot: snapshot)) }

    var newest: Snapshot { content.withLock { $0.snapshot } }

    func show(_ snapshot: Snapshot) {
        let satisfied = content.withLock { content in
            content.snapshot = snapshot
            guard !content.waiters.isEmpty else { return [Waiter]() }
            let good = content.waiters.filter { $0.isGood(snapshot) }
            if !good.isEmpty {
                content.waiters.removeAll { waiter in good.contains { $0.id == waiter.id } }
            }
            return good
        }
        for waiter in satisfied { waiter.continuation.resume(returning: .good(snapshot)) }
    }

    /// The first snapshot for which `isGood` holds.
    ///
    /// - Parameter seconds: how long at most; nil: without limit.
    /// - Throws: `timedOut` with `what` in its words, or `interrupted`.
    func wait(
        seconds: Double?, for what: String, _ isGood: @escaping @Sendable (Snapshot) -> Bool
    ) async throws(CommandError) -> Snapshot {
        let id = content.withLock { content in
            content.nextID += 1
            return content.nextID
        }
        let alarm = seconds.map { seconds in
            Task { [weak self] in
                try? await Task.sleep(nanoseconds: UInt64(max(0, seconds) * 1e9))
                if !Task.isCancelled { self?.end(id, .late) }
            }
        }
        defer { alarm?.cancel() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = content.withLock { content -> Outcome? in
                    if isGood(content.snapshot) { return .good(content.snapshot) }
                    if Task.isCancelled { return .cancelled }
                    content.waiters.append(
                        Waiter(id: id, isGood: isGood, continuation: continuation))
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            end(id, .cancelled)
        }
        switch outcome {
        case .good(let snapshot): return snapshot
        case .late:
            throw CommandError(
                .timedOut, "\(what) did not happen within \(Self.text(seconds ?? 0)) seconds")
        case .cancelled: throw CommandError(.interrupted, "interrupted while waiting for \(what)")
        }
    }

    private func end(_ id: UInt64, _ outcome: Outcome) {
        let waiter = content.withLock { content -> Waiter? in
            guard let place = content.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return content.waiters.remove(at: place)
        }
        waiter?.continuation.resume(returning: outcome)
    }

    private static func text(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
