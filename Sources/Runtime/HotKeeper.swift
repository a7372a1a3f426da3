internal import CommandModel
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import Logging
internal import StateStore

/// Lets what was hot cool down: when everything that was written is on the source's own disk and on
/// every target's, what was hot before is no longer suspect. So a power cut makes little suspect,
/// and the look back in time is short.
struct HotKeeper {
    /// A new generation was begun, and everything of before is on the source's own disk; when
    /// targets have everything through `sequence` on theirs, the older ones can go.
    private struct Turn {
        let generation: UInt32
        let sequence: UInt64
    }

    private var turns: [String: Turn] = [:]
    private var lastTurn: [String: Int64] = [:]

    static let turnSeconds: Int64 = 120
    static let lookSeconds: Int64 = 10

    /// One look at a mount; what blocks runs on threads of its own.
    ///
    /// - Parameter delivered: the sequence through which all connections that replicate the mount
    ///   are durable and good; nil when one of them is not good.
    mutating func look(
        at process: CaptureProcess, marks: String, delivered: UInt64?, _ captures: Captures,
        _ logger: Logger
    ) async {
        let path = process.path
        guard let turn = turns[path] else {
            guard Clock.monotonic - (lastTurn[path] ?? 0) > Self.turnSeconds * Clock.second,
                delivered != nil
            else { return }
            lastTurn[path] = Clock.monotonic
            turns[path] = await begin(process, captures, logger)
            return
        }
        guard let delivered, delivered >= turn.sequence else { return }
        turns[path] = nil
        let number = UInt32(process.number)
        do throws(Errno) {
            try await WorkerThread.run("hot") { () throws(Errno) in
                try HotSet.drop(
                    folder: BytePath(marks), mount: number, through: turn.generation - 1)
            }
            logger.debug("what was hot below '\(path)' has cooled down")
        } catch {
            logger.warning("what was hot below '\(path)' stays so: \(error)")
        }
    }

    private func begin(
        _ process: CaptureProcess, _ captures: Captures, _ logger: Logger
    ) async -> Turn? {
        do throws(CommandError) {
            return try await captures.talk(to: process) { process throws(CommandError) in
                let (generation, newest) = try process.rotate()
                let result = cposix_syncfs(process.backingDescriptor)
                guard result >= 0 else {
                    throw CommandError(.unknown, "a sync of '\(process.path)' fails: \(-result)")
                }
                return Turn(generation: generation, sequence: newest)
            }
        } catch {
            logger.warning("what is hot below '\(process.path)' stays so: \(error.message)")
            return nil
        }
    }
}
