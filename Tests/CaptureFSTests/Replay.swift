import CPosix
import CaptureControl
import FileSystemAccess
import Glibc
import ReplicationModel
import TargetApply

extension CaptureRig {
    /// Applies records to an empty folder and answers how that differs from the protected one.
    func replay(_ records: [SeenRecord]) throws -> [String] {
        let (_, descriptors) = askWithDescriptors(.hello)
        defer { for descriptor in descriptors { close(descriptor) } }
        guard let backing = descriptors.last else { return ["the capture does not answer"] }
        var status = stat()
        fstat(backing, &status)
        let root = FileID(
            inode: UInt64(status.st_ino),
            generation: cposix_generation(backing, "", AT_EMPTY_PATH), mount: 7)
        let target = base + "/target"
        let mask = umask(0)
        defer { umask(mask) }
        let applier = try Applier.open(
            ApplySettings(
                stateFolder: BytePath(base + "/state"),
                roots: [ApplyRoot(file: root, path: BytePath(target))], replayThrough: 0))
        for seen in records {
            try seen.payload.withUnsafeBytes { try applier.apply(seen.record, $0) }
        }
        _ = try applier.finishBatch(lastSequence: records.last?.record.sequence ?? 0)
        var problems = applier.takeProblems().map { "problem: \($0)" }
        if applier.isMirrorRequired { problems.append("a mirror is required") }
        problems += applier.takeAwaited().map { "awaited: \($0)" }
        try applier.close()
        return problems + TreePicture(self.root).differences(from: TreePicture(target))
    }
}
