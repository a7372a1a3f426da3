import Synchronization

/// A thread of its own for one script: tasks that prefer it run there between their waits, so that
/// a script that calculates for minutes holds nobody else up.
final class ScriptThread: TaskExecutor {
    private struct Content {
        var jobs: [UnownedJob] = []
        var hasEnded = false
    }

    private let content = Mutex(Content())
    private let bell = Bell()

    /// Runs `body` on a new thread, or in the pool when there can be no more threads.
    static func run<Answer: Sendable>(
        _ name: String, _ body: @escaping @Sendable () async -> Answer
    ) async -> Answer {
        let thread = ScriptThread()
        guard HostThread.start(name, { thread.serve() }) else { return await body() }
        defer { thread.end() }
        let task = Task(executorPreference: thread) { await body() }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        content.withLock { $0.jobs.append(unowned) }
        bell.ring()
    }

    private func end() {
        content.withLock { $0.hasEnded = true }
        bell.ring()
    }

    private func serve() {
        while true {
            let (jobs, hasEnded) = content.withLock { content in
                defer { content.jobs = [] }
                return (content.jobs, content.hasEnded)
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if hasEnded, jobs.isEmpty { return }
            if !jobs.isEmpty { continue }
            bell.sleep(nanoseconds: -1) {
                content.withLock { !$0.jobs.isEmpty || $0.hasEnded }
            }
        }
    }
}
