public import DTCLInterpreter

/// Follows a run statement by statement; for traces and profiles. The time between two calls is
/// what the first one's statement took.
public protocol ScriptTracer: Sendable {
    /// Called by the run itself, before a statement runs, or after an assignment.
    func step(_ site: TraceSite, _ step: TraceStep)
    /// The run is over.
    func ended()
}
