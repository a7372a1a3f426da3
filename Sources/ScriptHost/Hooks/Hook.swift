import CommandModel
import CPosix
import LuaKit
import Synchronization

/// A hook in force: what it asks for, where its events go, and how it has done so far.
final class Hook: Sendable {
    /// What a hook says about itself when it is loaded.
    struct Options: Sendable, Hashable {
        var priority = 0
        var timeoutSeconds: Double? = ScriptObject.timeoutSecondsUsual
        /// nil: operations that ask for a decision wait.
        var waits: Bool?
        var failure = ScriptObject.FailureEffect.report
        var conditions: CommandRecord = [:]
        /// See `ScriptObject.isTask`.
        var isTask = false
    }

    struct Counters: Sendable, Hashable {
        var runs = 0
        var failures = 0
        var dropped = 0
        var lastFailure = ""
        /// When its last failure was told, on the clock that only goes forward.
        var toldAt: Int64 = .min
        var untold = 0
    }

    let id: Int
    let pattern: HookPattern
    let options: Options
    /// The file or command that it comes from.
    let script: String
    let language: ScriptObject.Language
    /// The id of the definition that it comes from; nil for one of a file.
    let definition: Int?
    let lane: any HookLane
    /// Of a Lua file.
    let function: LuaReference?
    private let content = Mutex(Counters())

    init(
        id: Int, _ pattern: HookPattern, _ options: Options, script: String,
        language: ScriptObject.Language, definition: Int? = nil, lane: any HookLane,
        function: LuaReference? = nil
    ) {
        self.id = id
        self.pattern = pattern
        self.options = options
        self.script = script
        self.language = language
        self.definition = definition
        self.lane = lane
        self.function = function
    }

    var counters: Counters { content.withLock { $0 } }

    func wants(_ event: RuntimeEvent) -> Bool {
        options.conditions.fields.isEmpty
            || options.conditions.fields.allSatisfy { event.record[$0.name] == $0.value }
    }

    func isAwaited(by event: RuntimeEvent) -> Bool { options.waits ?? event.isGate }

    func countDropped() { content.withLock { $0.dropped += 1 } }

    func countRuns(_ count: Int = 1) { content.withLock { $0.runs += count } }

    /// Takes note of a failure.
    /// - Returns: how many failures to tell of, this one among them; 0 while the last telling is
    ///   less than a second ago.
    func countFailure(_ reason: String) -> Int {
        let now = cposix_monotonic()
        return content.withLock { counters in
            counters.failures += 1
            counters.untold += 1
            counters.lastFailure = reason
            guard counters.toldAt == .min || now - counters.toldAt >= 1_000_000_000 else {
                return 0
            }
            counters.toldAt = now
            defer { counters.untold = 0 }
            return counters.untold
        }
    }

    /// For HOOKS LIST.
    var record: CommandRecord {
        let counters = counters
        var record: CommandRecord = [
            "id": .integer(Int64(id)), "event": .text(pattern.text), "script": .text(script),
            "language": .text(language.rawValue), "priority": .integer(Int64(options.priority)),
            "failure": .text(options.failure.rawValue), "runs": .integer(Int64(counters.runs)),
            "failures": .integer(Int64(counters.failures)),
            "dropped": .integer(Int64(counters.dropped)),
        ]
        if let seconds = options.timeoutSeconds { record["timeout"] = .decimal(seconds) }
        if let waits = options.waits { record["delay"] = .boolean(waits) }
        if !options.conditions.fields.isEmpty { record["conditions"] = .record(options.conditions) }
        if !counters.lastFailure.isEmpty { record["lastFailure"] = .text(counters.lastFailure) }
        return record
    }
}

/// Where the events of a hook wait and are worked on. Never makes who posts them wait.
protocol HookLane: Sendable {
    func post(_ item: HookItem)
    /// No more events come; those that are there are worked on.
    func close()
    /// Ends what runs, and returns when it has ended.
    func interrupt() async
}

/// An event on its way through a hook. Handed from queue to queue, so that it is one reference.
final class HookItem: Sendable {
    /// Events that wait for one hook.
    static let waitingMax = 1000

    let event: RuntimeEvent
    let hook: Hook
    /// For an operation that waits; also called when the event is dropped.
    let answer: (@Sendable (HookOutcome) -> Void)?

    init(
        event: RuntimeEvent, hook: Hook, answer: (@Sendable (HookOutcome) -> Void)? = nil
    ) {
        self.event = event
        self.hook = hook
        self.answer = answer
    }
}
