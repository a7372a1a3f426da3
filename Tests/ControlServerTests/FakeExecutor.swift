import CommandModel

/// Commands for the tests of the way they travel.
final class FakeExecutor: CommandExecutor {
    /// One element for each `wait` that was cancelled.
    let cancellations: AsyncStream<Void>
    private let cancelled: AsyncStream<Void>.Continuation

    init() { (cancellations, cancelled) = AsyncStream<Void>.makeStream() }

    func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        switch request.command {
        case "echo":
            return CommandResult(value: .record(request.arguments), lines: [request.origin])
        case "fail":
            throw CommandError(.noSuchReplicationSet, "there is no replication set 'docs'")
        case "count":
            let last = request.arguments["to"]?.integer ?? 0
            for number in 1...max(1, last) {
                progress(CommandProgress(line: "at \(number)", data: ["at": .integer(number)]))
            }
            return CommandResult(value: .integer(last))
        case "wait":
            progress(CommandProgress(line: "waiting"))
            let (never, continuation) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            continuation.finish()
            cancelled.yield()
            throw CommandError(.interrupted, "interrupted")
        default: throw CommandError(.unknown, "unexpected '\(request.command)'")
        }
    }

    static func permission(_ command: String) -> ControlAccessName? {
        switch command {
        case "echo", "count": .monitor
        case "fail", "wait": .full
        default: nil
        }
    }

    /// So that this file need not know the server.
    enum ControlAccessName { case monitor, full }
}
