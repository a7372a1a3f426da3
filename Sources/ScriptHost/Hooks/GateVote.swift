import CommandModel
import Synchronization

/// Gathers what the hooks of one event say to whoever waits for them.
final class GateVote: Sendable {
    private struct Content {
        /// By the hook's place in the order; nil: has not answered yet.
        var outcomes: [HookOutcome?]
        var isOver = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let hooks: [Hook]
    private let content: Mutex<Content>

    init(_ hooks: [Hook]) {
        self.hooks = hooks
        content = Mutex(Content(outcomes: Array(repeating: nil, count: hooks.count)))
    }

    func answer(_ index: Int, _ outcome: HookOutcome) {
        settle { content in
            if content.outcomes[index] == nil, !content.isOver { content.outcomes[index] = outcome }
            return !content.outcomes.contains { $0 == nil }
        }
    }

    /// Nobody waits any longer.
    func end() { settle { _ in true } }

    private func settle(_ change: (inout Content) -> Bool) {
        let waiting = content.withLock { content -> CheckedContinuation<Void, Never>? in
            guard change(&content) else { return nil }
            content.isOver = true
            defer { content.waiting = nil }
            return content.waiting
        }
        waiting?.resume()
    }

    /// Waits for all answers or the end.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = content.withLock { content in
                if !content.isOver { content.waiting = continuation }
                return content.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// What every hook said; a failure where it said nothing in time.
    var outcomes: [(hook: Hook, outcome: HookOutcome)] {
        let outcomes = content.withLock { $0.outcomes }
        return zip(hooks, outcomes).map { hook, outcome in
            (hook, outcome ?? HookOutcome(failure: "the hook did not answer in time"))
        }
    }

    /// All together: a hook that failed says what its declared effect means.
    var decision: HookDecision {
        outcomes.reduce(.proceed) { decision, entry in
            guard let failure = entry.outcome.failure else {
                return decision.joined(entry.outcome.decision)
            }
            guard entry.hook.options.failure == .stop else { return decision }
            return decision.joined(.veto(reason: "\(entry.hook.script): \(failure)"))
        }
    }
}
