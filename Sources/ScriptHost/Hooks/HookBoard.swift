public import CommandModel
import CPosix
import Synchronization

/// From an event to the hooks that ask for it. Shared by everybody who tells of events; never makes
/// them wait.
final class HookBoard: Sendable {
    let events: EventLog
    private let log: HookLog
    private let isTold: @Sendable (HookFailure) -> Bool
    private let matcher = Mutex(HookMatcher())
    private let last = Atomic<Int64>(0)

    init(
        events: EventLog, log: @escaping HookLog,
        isTold: @escaping @Sendable (HookFailure) -> Bool
    ) {
        self.events = events
        self.log = log
        self.isTold = isTold
    }

    var hooks: [Hook] { matcher.withLock { $0 }.hooks }

    func wants(_ name: String) -> Bool { !matcher.withLock { $0 }.hooks(for: name).isEmpty }

    func put(_ hooks: [Hook]) {
        let next = HookMatcher(hooks)
        matcher.withLock { $0 = next }
    }

    /// - Parameter excluded: a script whose hooks are not told.
    func post(_ event: RuntimeEvent, excluding excluded: String? = nil) {
        let (event, hooks) = take(event)
        for hook in hooks
        where hook.wants(event) && (excluded == nil || hook.script != excluded) {
            hook.lane.post(HookItem(event: event, hook: hook))
        }
    }

    /// Tells all hooks and waits for those that are awaited.
    /// - Parameters:
    ///   - secondsMax: for the whole; the hooks have their own limits as well.
    ///   - awaitsAll: also those that say that nobody has to wait for them.
    func ask(
        _ event: RuntimeEvent, secondsMax: Double?, awaitsAll: Bool = false
    ) async -> GateVote? {
        let (event, all) = take(event)
        let hooks = all.filter { $0.wants(event) }
        let awaited = hooks.filter { awaitsAll || $0.isAwaited(by: event) }
        let vote = GateVote(awaited)
        for (index, hook) in awaited.enumerated() {
            hook.lane.post(
                HookItem(event: event, hook: hook) { [vote] in vote.answer(index, $0) })
        }
        for hook in hooks where !awaited.contains(where: { $0 === hook }) {
            hook.lane.post(HookItem(event: event, hook: hook))
        }
        guard !awaited.isEmpty else { return nil }
        let timer = HookBoard.limit(of: awaited, secondsMax).map { seconds in
            Task {
                guard await Nap.take(seconds: seconds) else { return }
                vote.end()
            }
        }
        await withTaskCancellationHandler {
            await vote.wait()
        } onCancel: {
            vote.end()
        }
        timer?.cancel()
        return vote
    }

    /// Gives an event its number and time, keeps it, and finds the hooks for its name.
    private func take(_ told: RuntimeEvent) -> (RuntimeEvent, [Hook]) {
        var event = told
        event.sequence = last.add(1, ordering: .relaxed).newValue
        if event.seconds == 0 { event.seconds = Double(cposix_realtime()) / 1e9 }
        events.add(event)
        return (event, matcher.withLock { $0 }.hooks(for: event.name))
    }

    /// A little longer than the slowest hook may take, whose own end tells more.
    private static func limit(of hooks: [Hook], _ secondsMax: Double?) -> Double? {
        let own = hooks.map { $0.options.timeoutSeconds ?? .infinity }.max() ?? 0
        let limit = min(own + ProgramRun.graceSeconds + 1, secondsMax ?? .infinity)
        return limit.isFinite ? limit : nil
    }

    /// What a hook's run led to. Its failure is an event for all others; one while working on such
    /// an event is no event again, or two broken hooks would keep each other busy for ever.
    func tell(_ hook: Hook, _ event: RuntimeEvent, _ outcome: HookOutcome) {
        guard let reason = outcome.failure else { return }
        let count = hook.countFailure(reason)
        let failure = HookFailure(
            definition: hook.definition, isTask: hook.options.isTask, script: hook.script,
            event: event, reason: reason)
        if isTold(failure) { return }
        guard count > 0, hook.options.failure != .ignore else { return }
        let more = count > 1 ? " (\(count) failures since this was told last)" : ""
        log(.warning, "hook \(hook.id) (\(hook.script)) failed at \(event.name): \(reason)\(more)")
        guard event.name != EventDeclaration.hookFailed.name else { return }
        let failed = RuntimeEvent(
            EventDeclaration.hookFailed.name,
            [
                "hook": .integer(Int64(hook.id)), "script": .text(hook.script),
                "event": .text(event.name), "reason": .text(reason),
                "count": .integer(Int64(count)),
            ])
        post(failed, excluding: hook.script)
    }
}

/// One run of a hook that failed.
public struct HookFailure: Sendable, Hashable {
    /// The id of the definition that the hook comes from; nil for one of a file.
    public var definition: Int?
    /// See `ScriptObject.isTask`.
    public var isTask: Bool
    /// Its name.
    public var script: String
    public var event: RuntimeEvent
    public var reason: String
}
