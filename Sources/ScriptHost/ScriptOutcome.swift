public import DTCLInterpreter

/// How a run ended.
public enum ScriptOutcome: Sendable {
    /// At its end, or by EXIT with a status.
    case finished(ScriptValue, exitStatus: Int?)
    /// Nothing ran: the text is wrong in these places.
    case rejected([ScriptDiagnostic])
    case failed(ScriptError)
    /// The run took longer than the host allows.
    case timedOut(seconds: Double)
    /// The task was cancelled.
    case interrupted

    /// The exit status that a program running the script ends with.
    public var exitStatus: Int {
        switch self {
        case .finished(_, let status): status ?? 0
        case .rejected: 2
        case .failed(let error) where error.isLimit: 4
        case .failed(let error) where ScriptOutcome.meansUnreachable(error): 3
        case .failed: 1
        case .timedOut: 4
        case .interrupted: 130
        }
    }

    /// No server by that name, or none that answers.
    private static func meansUnreachable(_ error: ScriptError) -> Bool {
        guard error.kind == .commandFailed else { return false }
        return UnreachableCodes.all.contains(error.code)
    }
}
