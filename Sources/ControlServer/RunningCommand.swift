import CommandModel

/// A command on its way, with what it has said so far.
struct RunningCommand: Sendable {
    /// Progress, then the result or error. A client that reads slowly misses older progress.
    let messages: AsyncStream<CommandAnswer>
    /// Asks the command to end soon; it may still answer.
    let cancel: @Sendable () -> Void

    /// Progress lines kept for a client that reads slowly.
    private static let messagesMax = 64

    init(_ request: CommandRequest, executor: any CommandExecutor) {
        let (messages, continuation) = AsyncStream<CommandAnswer>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.messagesMax))
        self.messages = messages
        let task = Task {
            let last: CommandAnswer
            do throws(CommandError) {
                last = .result(
                    try await executor.execute(request) { continuation.yield(.progress($0)) })
            } catch {
                last = .error(error)
            }
            continuation.yield(last)
            continuation.finish()
        }
        cancel = { task.cancel() }
    }
}
