import CPosix

extension ProgramRun {
    /// Runs on a thread of its own. Cancelling the task interrupts the run.
    func run(
        _ tell: @escaping @Sendable (_ line: String, _ isError: Bool) -> Void
    ) async -> Outcome {
        let wake = WakeDescriptor()
        guard wake.descriptor >= 0 else {
            return Outcome(end: .notStarted(reason: "there are no free descriptors"))
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasThread = HostThread.start("program") {
                    continuation.resume(returning: run(wake: wake.descriptor, tell))
                }
                if !hasThread {
                    continuation.resume(
                        returning: Outcome(end: .notStarted(reason: "there are no more threads")))
                }
            }
        } onCancel: {
            wake.raise()
        }
    }
}

/// Becomes readable once; closed with its last owner.
private final class WakeDescriptor: Sendable {
    let descriptor = cposix_eventDescriptor()

    func raise() { cposix_raiseEvent(descriptor) }

    deinit { if descriptor >= 0 { _ = cposix_close(descriptor) } }
}
