internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import MirrorSource
internal import WireProtocol

/// A mirror while it runs. Owned by the pump.
final class RunningMirror {
    let order: MirrorOrder
    /// Only what the target asked for, not the whole set.
    let isPartial: Bool
    /// Monotonic.
    let started: Int64
    var course: MirrorCourse<RootFilter>
    /// Descriptors to read the roots with, closed at the end.
    private let roots: [OwnedDescriptor]

    /// - Parameter suspicion: of a resync: what may differ.
    /// - Throws: where a root cannot be opened for reading any more.
    init(
        _ plan: ConnectionPlan, _ order: MirrorOrder, isPartial: Bool,
        suspicion: (any Suspicion)? = nil
    ) throws(Errno) {
        self.order = order
        self.isPartial = isPartial
        started = Clock.monotonic
        var settings = MirrorSettings(isFull: order.isFull, removesOrphans: order.removesOrphans)
        settings.isOnlyEnqueued = isPartial
        settings.isResync = order.kind == .resync
        settings.comparesContent = order.kind == .checksum
        var opened: [OwnedDescriptor] = []
        var mirrorRoots: [MirrorRoot<RootFilter>] = []
        for (number, root) in plan.roots.enumerated() {
            let descriptor = OwnedDescriptor(
                try SystemCall.open(at: root.descriptor, ".", O_RDONLY | O_DIRECTORY))
            opened.append(descriptor)
            mirrorRoots.append(
                MirrorRoot(
                    mapping: UInt16(number), descriptor: descriptor.descriptor, file: root.file,
                    filter: root.filter))
        }
        roots = opened
        course = MirrorCourse(
            roots: mirrorRoots, settings: settings, started: started,
            suspicion: suspicion ?? EverythingSuspicion())
    }

    /// Brings what the source has to its own disk, where the mirror waits for that; `tell` is
    /// called from a thread of its own.
    func syncSource(_ tell: @escaping @Sendable () -> Void) {
        guard !course.isSourceSynced else { return }
        let roots = roots
        WorkerThread.start("sync-source") {
            _ = SourceSync.sync(roots)
            tell()
        }
    }

    /// Adds to a batch what there is to send at this place in the stream.
    func write(into batch: inout BatchBuilder, position: UInt64, applied: UInt64) {
        let until = Clock.monotonic + Self.walkNanosecondsMax
        course.write(into: &batch, position: position, applied: applied) { bytes in
            bytes < Self.batchBytesWanted && Clock.monotonic < until
        }
    }

    /// A walk over much that is equal makes no records; changes must not wait for its end.
    private static let walkNanosecondsMax = 5 * Clock.millisecond
    /// A batch is closed when it holds so much, so that changes in between are not kept waiting.
    private static let batchBytesWanted = 768 << 10
}

extension RootFilter: MirrorFilter {
    var includesAll: Bool { isWhole }

    func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool {
        includes(Array(path), isDirectory: isDirectory)
    }
}
