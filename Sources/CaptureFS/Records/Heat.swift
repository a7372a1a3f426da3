internal import FileSystemAccess
internal import Journal
internal import Synchronization

/// The durable list of what is hot, if the capture was given a folder for it.
final class Heat: Sendable {
    private let log: HotLog?
    /// What nodes compare theirs with; 0 where nothing is ever hot, as with nodes that are new.
    private let current = Atomic<UInt32>(0)

    /// `folder` nil: without.
    init(folder: BytePath?, mount: UInt32) {
        log = folder.map { HotLog(folder: $0, mount: mount) }
        publish()
    }

    @inline(__always)
    var generation: UInt32 { current.load(ordering: .acquiring) }

    func publish() {
        guard let log else { return }
        current.store(max(1, log.generation), ordering: .releasing)
    }

    func isHot(_ inode: UInt64) -> Bool {
        guard let log else { return true }
        let pass = log.enter()
        defer { log.leave(pass) }
        return log.isHot(inode, pass)
    }

    func makeHot(_ inodes: [UInt64]) { _ = log?.heat(inodes) }

    func rotate() -> UInt32? { log?.rotate() }

    /// Batches that could not be written.
    var failureCount: UInt64 { log.map { UInt64($0.counters.failures) } ?? 0 }

    /// 0 where there is no folder for it.
    var logGeneration: UInt32 { log?.generation ?? 0 }
}
