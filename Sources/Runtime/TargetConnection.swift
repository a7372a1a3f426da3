internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Logging
internal import NIOCore
internal import ReplicationModel
internal import StateStore
internal import Synchronization
internal import TargetApply
internal import Transport
internal import WireProtocol

/// A connection at its target: one thread applies what comes, a second makes it durable, a third
/// answers questions about the trees. The apply thread owns all state but the mailboxes.
final class TargetConnection: Sendable {
    let uuid: Digest
    private let mailbox = Mailbox<TargetNews>()
    private let end = SnapshotBoard(false)
    private let shown = Mutex(TargetSnapshot())

    init(uuid: Digest, owner: TargetConnections) {
        self.uuid = uuid
        WorkerThread.start("apply") { [self] in
            Applier.prepareThread()
            TargetPump(connection: self, owner: owner, mailbox: mailbox).run()
            end.show(true)
        }
    }

    var snapshot: TargetSnapshot { shown.withLock { $0 } }
    var isLinked: Bool { snapshot.isLinked }
    func setLinked(_ truth: Bool) { shown.withLock { $0.isLinked = truth } }
    func show(_ change: (inout TargetSnapshot) -> Void) { shown.withLock { change(&$0) } }

    func post(_ news: TargetNews) { mailbox.post(news) }
    func ended() async {
        _ = try? await end.wait(seconds: 30, for: "the end of a connection") { $0 }
    }
}

/// What other threads tell the apply thread.
enum TargetNews: Sendable {
    case open(TargetLink, Hello, Open)
    case batch(TargetLink, ByteBuffer)
    case inspect(TargetLink, Inspect)
    case sums(TargetLink, Sums)
    /// The source ended the connection for good.
    case bye(TargetLink)
    case closed(TargetLink)
    /// A sync reached the disk.
    case synced
    /// What was applied and is not durable may be lost.
    case syncFailed(Errno, Syncer)
    /// Something that the source is to show, such as a script that failed.
    case problem(String)
    /// The scripts that a mirror waited for are done.
    case scriptsDone
    /// Another connection took the place over.
    case forget
    case stop
}
