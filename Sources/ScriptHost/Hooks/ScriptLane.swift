import CommandModel
import Synchronization

/// The events of one hook that is a DTCL script or an executable: one after the other, each run on
/// a thread of its own. An event that somebody waits for does not stand in line.
final class ScriptLane: HookLane {
    private struct Content {
        var waiting: [HookItem] = []
        var isRunning = false
        /// By a number of their own.
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastTask = 0
        var isInterrupted = false
    }

    private let object: ScriptObject
    /// Read once; nil for what is no DTCL.
    private let program: ScriptProgram?
    private let runner: ScriptRunner
    private let tell: @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    private let content = Mutex(Content())

    /// - Parameter tell: gets every outcome.
    init(
        _ object: ScriptObject, program: ScriptProgram?, runner: ScriptRunner,
        tell: @escaping @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    ) {
        self.object = object
        self.program = program
        self.runner = runner
        self.tell = tell
    }

    func post(_ item: HookItem) {
        if item.answer != nil {
            start { await self.run(item) }
            return
        }
        let (mustStart, dropped): (Bool, HookItem?) = content.withLock { content in
            content.waiting.append(item)
            let dropped =
                content.waiting.count > HookItem.waitingMax ? content.waiting.removeFirst() : nil
            defer { content.isRunning = true }
            return (!content.isRunning, dropped)
        }
        dropped?.hook.countDropped()
        if mustStart { start { await self.drain() } }
    }

    private func start(_ work: @escaping @Sendable () async -> Void) {
        content.withLock { content in
            content.lastTask += 1
            let number = content.lastTask
            let task = Task {
                await work()
                self.content.withLock { $0.tasks[number] = nil }
            }
            content.tasks[number] = task
            if content.isInterrupted { task.cancel() }
        }
    }

    /// There is nothing to close: threads are there only for runs.
    func close() {}

    func interrupt() async {
        let tasks = content.withLock { content in
            content.isInterrupted = true
            content.waiting = []
            return Array(content.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func drain() async {
        while let item = next() { await run(item) }
    }

    private func next() -> HookItem? {
        content.withLock { content in
            guard !content.waiting.isEmpty else {
                content.isRunning = false
                return nil
            }
            return content.waiting.removeFirst()
        }
    }

    private func run(_ item: HookItem) async {
        item.hook.countRuns()
        let report = await runner.run(object, program: program, event: item.event)
        let outcome = HookOutcome(report, isGate: item.event.isGate)
        tell(item.hook, item.event, outcome)
        item.answer?(outcome)
    }
}
