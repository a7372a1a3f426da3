public import CommandModel

/// What the hooks of a gate say to the operation that asks.
public enum HookDecision: Sendable, Hashable {
    case proceed
    /// Not now: the operation waits for a person.
    case hold
    /// No.
    case veto(reason: String)

    /// The exit status by which an executable says `hold`: the system's word for "try again later".
    public static let holdStatus = 75

    /// One decision from several: a no beats a wait, which beats a yes.
    func joined(_ other: HookDecision) -> HookDecision {
        switch (self, other) {
        case (.veto(let first), .veto(let second)):
            .veto(reason: first == second ? first : "\(first); \(second)")
        case (.veto, _), (.hold, .hold), (.hold, .proceed): self
        case (_, .veto), (.proceed, _): other
        }
    }

    /// From what a script returned: nothing, `"hold"`, `"veto"` or `"veto: reason"`, or the word
    /// and the reason as a list. nil for anything else.
    init?(returned value: CommandValue) {
        switch value {
        case .none, .boolean(true): self = .proceed
        case .boolean(false): self = .veto(reason: "")
        case .text(let text):
            let parts = text.split(separator: ":", maxSplits: 1)
            self.init(
                word: parts.first.map(String.init) ?? "",
                reason: parts.count > 1 ? HookDecision.trimmed(parts[1]) : "")
        case .list(let list):
            guard let word = list.first?.text, list.count <= 2 else { return nil }
            self.init(word: word, reason: list.count > 1 ? list[1].text ?? "" : "")
        case .integer, .decimal, .record: return nil
        }
    }

    private init?(word: String, reason: String) {
        switch word.lowercased() {
        case "", "proceed": self = .proceed
        case "hold": self = .hold
        case "veto": self = .veto(reason: reason)
        default: return nil
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " })
    }

    /// For answers and logs.
    public var value: CommandRecord {
        switch self {
        case .proceed: ["decision": .text("proceed")]
        case .hold: ["decision": .text("hold")]
        case .veto(let reason): ["decision": .text("veto"), "reason": .text(reason)]
        }
    }

    /// As an error of the command that asked; nil when it may go on.
    public var error: CommandError? {
        switch self {
        case .proceed: nil
        case .hold: CommandError(.vetoed, "a hook holds this back until a person decides")
        case .veto(let reason):
            CommandError(.vetoed, "a hook forbids this" + (reason.isEmpty ? "" : ": \(reason)"))
        }
    }
}

/// How one run of a hook ended.
struct HookOutcome: Sendable {
    var decision = HookDecision.proceed
    /// Why it is a failure; nil for none.
    var failure: String?

    /// - Parameter isGate: only then is what the script returned a decision.
    init(_ report: ScriptReport, isGate: Bool) {
        guard isGate else {
            failure = report.isGood ? nil : report.message
            return
        }
        if report.language == .executable, report.outcome == .failed,
            let status = report.exitStatus
        {
            decision =
                status == HookDecision.holdStatus
                ? .hold : .veto(reason: report.lines.last ?? "exit status \(status)")
        } else if report.isGood {
            take(report.value, isGate: true)
        } else {
            failure = report.message
        }
    }

    /// What a function of a hook file returned.
    init(returned value: CommandValue, isGate: Bool) { take(value, isGate: isGate) }

    init(failure: String) { self.failure = failure }

    private mutating func take(_ value: CommandValue, isGate: Bool) {
        guard isGate else { return }
        if let decision = HookDecision(returned: value) {
            self.decision = decision
        } else {
            failure = "the hook returned no decision, expected 'proceed', 'hold' or 'veto'"
        }
    }
}
