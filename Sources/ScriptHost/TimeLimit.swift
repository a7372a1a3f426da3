import CommandModel
import Synchronization

/// The longest time that something may take, and the longest time that it may take to end once it
/// is told to: who does not listen is left behind.
struct TimeLimit {
    /// Time for a cancelled body to end by itself, in seconds: an interruption shows within one.
    static let graceSeconds = 0.6

    /// nil for no limit.
    var seconds: Double?

    /// Cancels `body` when its time is over; its failure is a time-out then. Cancelling the task
    /// ends it, too.
    nonisolated(nonsending) func run<Answer: Sendable>(
        _ name: String, _ body: @escaping @Sendable () async throws(CommandError) -> Answer
    ) async throws(CommandError) -> Answer {
        let race = Race<Answer>()
        let work = Task {
            do throws(CommandError) {
                race.settle(.success(try await body()))
            } catch {
                race.settle(.failure(error))
            }
        }
        let timer = seconds.map { seconds in
            Task {
                guard await Nap.take(seconds: seconds) else { return }
                race.end(
                    CommandError(.timedOut, "'\(name)' took longer than \(seconds) seconds"), work)
            }
        }
        defer { timer?.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { race.wait($0) }
        } onCancel: {
            race.end(CommandError(.interrupted, "'\(name)' was interrupted"), work)
        }
        return try result.get()
    }
}

/// Who comes first: the body with its answer, or the end of its time. Settled once.
private final class Race<Answer: Sendable>: Sendable {
    typealias Outcome = Result<Answer, CommandError>

    private struct Content {
        var outcome: Outcome?
        var waiting: CheckedContinuation<Outcome, Never>?
        /// Why the body was cancelled.
        var cause: CommandError?
    }

    private let content = Mutex(Content())

    func wait(_ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome = content.withLock { content in
            if content.outcome == nil { content.waiting = continuation }
            return content.outcome
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    /// A failure of a cancelled body is the cause of its end.
    func settle(_ outcome: Outcome) {
        let waiting: (CheckedContinuation<Outcome, Never>, Outcome)? = content.withLock { content in
            guard content.outcome == nil else { return nil }
            var settled = outcome
            if case .failure = outcome, let cause = content.cause { settled = .failure(cause) }
            content.outcome = settled
            defer { content.waiting = nil }
            return content.waiting.map { ($0, settled) }
        }
        if let waiting { waiting.0.resume(returning: waiting.1) }
    }

    func end(_ cause: CommandError, _ work: Task<Void, Never>) {
        let isFirst = content.withLock { content in
            guard content.cause == nil, content.outcome == nil else { return false }
            content.cause = cause
            return true
        }
        guard isFirst else { return }
        work.cancel()
        Task {
            try? await Task.sleep(for: .seconds(TimeLimit.graceSeconds))
            settle(.failure(cause))
        }
    }
}
