internal import FileSystemAccess
internal import Synchronization

/// The durable list of what is hot, if the capture was given a folder for it.
final class Heat: Sendable {
    /// What nodes compare theirs with; 0 where nothing is ever hot, as with nodes that are new.
    private let current = Atomic<UInt32>(0)

    /// `folder` nil: without.
    init(folder: BytePath?, mount: UInt32) {}

    @inline(__always)
    var generation: UInt32 { current.load(ordering: .acquiring) }

    func publish() {}
    func isHot(_ inode: UInt64) -> Bool { true }
    func makeHot(_ inodes: [UInt64]) {}
    func rotate() -> UInt32? { nil }
}
