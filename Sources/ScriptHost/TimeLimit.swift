import CommandModel

/// The longest time that something may take.
struct TimeLimit {
    /// nil for no limit.
    var seconds: Double?

    /// Cancels `body` when its time is over; its failure is a time-out then.
    nonisolated(nonsending) func run<Answer: Sendable>(
        _ name: String, _ body: @escaping @Sendable () async throws(CommandError) -> Answer
    ) async throws(CommandError) -> Answer {
        guard let seconds else { return try await body() }
        let work = Task { () -> Result<Answer, CommandError> in
            do throws(CommandError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        let timer = Task { () -> Bool in
            guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return false }
            work.cancel()
            return true
        }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        timer.cancel()
        switch result {
        case .success(let answer): return answer
        case .failure(let error):
            guard await timer.value else { throw error }
            throw CommandError(.timedOut, "'\(name)' took longer than \(seconds) seconds")
        }
    }
}
