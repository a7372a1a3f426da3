internal import FileSystemAccess
internal import Logging
internal import Synchronization
internal import TargetApply

/// Makes what was applied durable, twice a second, without holding up the apply thread.
final class SyncThread: Sendable {
    private let mailbox = Mailbox<Bool>()
    private let isStopped = Mutex(false)

    static let interval = Clock.second / 2

    /// - Parameter done: called after every sync that reached further than the one before.
    init(_ syncer: Syncer, _ logger: Logger, done: @escaping @Sendable () -> Void) {
        let mailbox = mailbox
        WorkerThread.start("sync") { [self] in
            var durable = syncer.durable
            var isFailing = false
            while true {
                mailbox.sleep(while: mailbox.signal, nanoseconds: Self.interval)
                if isStopped.withLock({ $0 }) { return }
                do throws(Errno) {
                    let now = try syncer.sync()
                    if isFailing { logger.notice("changes reach the disk again") }
                    isFailing = false
                    guard now != durable else { continue }
                    durable = now
                    done()
                } catch {
                    if !isFailing { logger.error("changes do not reach the disk: \(error)") }
                    isFailing = true
                }
            }
        }
    }

    func stop() {
        isStopped.withLock { $0 = true }
        mailbox.post(true)
    }
}
