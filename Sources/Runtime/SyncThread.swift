internal import FileSystemAccess
internal import Logging
internal import Synchronization
internal import TargetApply

/// Makes what was applied durable, without holding up the apply thread: twice a second, and seldom
/// while a mirror runs, because what a mirror wrote counts only when it is complete.
final class SyncThread: Sendable {
    private let mailbox = Mailbox<Bool>()
    private let isStopped = Mutex(false)

    static let interval = Clock.second / 2
    static let mirrorInterval = 5 * Clock.second

    /// Whether a mirror runs.
    private let isMirroring = Mutex(false)

    /// - Parameters:
    ///   - done: called after every sync that reached further than the one before, or made the end
    ///     of a mirror durable.
    ///   - failed: called when what was written may be lost; nothing is synced after it.
    init(
        _ syncer: Syncer, _ logger: Logger, done: @escaping @Sendable () -> Void,
        failed: @escaping @Sendable (Errno) -> Void
    ) {
        let mailbox = mailbox
        WorkerThread.start("sync") { [self] in
            var durable = syncer.durable
            var isFailing = false
            var last = Clock.monotonic
            while true {
                let seen = mailbox.signal
                let isHurried = !mailbox.take().isEmpty
                if isStopped.withLock({ $0 }) { return }
                let wait = isMirroring.withLock { $0 } ? Self.mirrorInterval : Self.interval
                let left = last + wait - Clock.monotonic
                guard isHurried || left <= 0 else {
                    // Not longer than the short wait, because a mirror may begin or end meanwhile.
                    mailbox.sleep(while: seen, nanoseconds: min(left, Self.interval))
                    continue
                }
                last = Clock.monotonic
                // Its end is news even where no change came with it.
                let endsMirror = syncer.isCompletingMirror
                do throws(Errno) {
                    let now = try syncer.sync()
                    if isFailing { logger.notice("changes reach the disk again") }
                    isFailing = false
                    guard now != durable || endsMirror else { continue }
                    durable = now
                    done()
                } catch {
                    // With the connection goes the folder that it kept its position in.
                    if isStopped.withLock({ $0 }) { return }
                    if syncer.mayHaveLost {
                        failed(error)
                        return
                    }
                    if !isFailing { logger.error("changes do not reach the disk: \(error)") }
                    isFailing = true
                }
            }
        }
    }

    /// Changes are piling up at the source until they are durable here: sync now.
    func hurry() { mailbox.post(true) }

    func setMirroring(_ truth: Bool) {
        let ended = isMirroring.withLock { now in
            defer { now = truth }
            return now && !truth
        }
        if ended { hurry() }
    }

    func stop() {
        isStopped.withLock { $0 = true }
        mailbox.post(true)
    }
}
