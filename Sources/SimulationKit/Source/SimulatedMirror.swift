internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import MirrorSource
internal import ReplicationModel

/// A mirror or resync while it runs.
final class SimulatedMirror {
    let kind: Kind
    let isPartial: Bool
    var course: MirrorCourse<SimulatedSet>
    private let root: OwnedDescriptor

    enum Kind: String {
        case full = "full mirror"
        case different = "difference mirror"
        case checksum = "mirror by checksums"
        case resync
    }

    init(
        _ kind: Kind, isPartial: Bool, root file: FileID, set: SimulatedSet, removesOrphans: Bool,
        started: Int64, suspicion: (any Suspicion)?
    ) throws(Errno) {
        self.kind = kind
        self.isPartial = isPartial
        var settings = MirrorSettings(isFull: kind == .full, removesOrphans: removesOrphans)
        settings.isOnlyEnqueued = isPartial
        settings.isResync = kind == .resync
        settings.comparesContent = kind == .checksum
        settings.stepObjectsMax = 8
        settings.stepBytesMax = 16 << 10
        root = OwnedDescriptor(try SystemCall.open("/source", O_RDONLY | O_DIRECTORY))
        course = MirrorCourse(
            roots: [
                MirrorRoot(mapping: 0, descriptor: root.descriptor, file: file, filter: set)
            ], settings: settings, started: started, suspicion: suspicion ?? EverythingSuspicion())
    }
}
