import CommandModel
import Synchronization

/// A command on its way, with what it has said so far.
struct RunningCommand: Sendable {
    /// Progress, then the result or error. A client that reads slowly misses older progress.
    let messages: AsyncStream<CommandAnswer>
    /// Asks the command to end soon; it may still answer.
    let cancel: @Sendable () -> Void

    /// Lines kept for a client that reads slowly.
    private static let messagesMax = 4096

    init(_ request: CommandRequest, executor: any CommandExecutor) {
        let (messages, continuation) = AsyncStream<CommandAnswer>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.messagesMax))
        self.messages = messages
        let task = Task {
            let last: CommandAnswer
            let lost = LostLines()
            do throws(CommandError) {
                last = .result(
                    try await executor.execute(request) { progress in
                        if case .dropped(.progress(let old)) = continuation.yield(
                            .progress(progress)), old.stays
                        {
                            lost.count.add(1, ordering: .relaxed)
                        }
                    })
            } catch {
                last = .error(error)
            }
            let count = lost.count.load(ordering: .relaxed)
            if count > 0 {
                let line = "… \(count) lines before the last ones came too fast to be shown"
                continuation.yield(.progress(CommandProgress(line: line, stays: true)))
            }
            continuation.yield(last)
            continuation.finish()
        }
        cancel = { task.cancel() }
    }
}

/// Lines of output that a slow client did not get.
private final class LostLines: Sendable {
    let count = Atomic<Int>(0)
}
